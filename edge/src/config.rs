//! The configuration file: read whole, checked whole, every mistake told at once, before anything is bound.
//!
//! One YAML file; secrets only as paths of files. Relative paths start at the configuration file's directory.

mod paths;

mod fleets;

mod parts;

mod limits;

mod section;

mod document;
mod notes;

mod mistake;

use std::path::Path;

use crate::{admin, listen};

pub use fleets::Fleet;
use fleets::Fleets;
pub use mistake::Mistake;
use notes::Notes;
use section::Found;

/// Everything the service needs, parsed and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The HTTPS listener.
    pub listen: listen::Config,
    /// The admin port.
    pub admin: admin::Config,
    /// The fleets, the one under `decider` first.
    pub fleets: Vec<Fleet>,
}

impl Config {
    /// Reads and checks `file` and every file it names.
    ///
    /// # Errors
    /// All mistakes that were found, in the order of the file; at least one.
    pub fn load(file: &Path) -> Result<Self, Vec<Mistake>> {
        let notes = Notes::new(file);
        let text = std::fs::read_to_string(file).map_err(|error| notes.unreadable(&error))?;
        let root = document::parse(&text).map_err(|error| notes.not_yaml(&error))?;
        let config = whole(Found::root(root, &notes));
        let mistakes = notes.into_mistakes();
        match config {
            Some(config) if mistakes.is_empty() => Ok(config),
            _ => Err(mistakes),
        }
    }
}

/// All parts, or a note of what is wrong with each.
fn whole(root: Found<'_>) -> Option<Config> {
    let mut root = root.section()?;
    let listen = root.required("listen");
    let admin = root.required("admin").and_then(parts::admin);
    let fleets = Fleets::read(&mut root);
    let paths = root.required("paths").and_then(|found| paths::paths(found, &fleets));
    let listen = listen.and_then(|found| parts::listen(found, &fleets.longest_deadline()));
    let place = root.place.clone();
    root.finish();
    let config = Config { listen: listen?, admin: admin?, fleets: fleets.with(paths?)? };
    if config.listen.address == config.admin.address && config.admin.address.port() != 0 {
        place.wrong("listen and admin need addresses of their own");
    }
    Some(config)
}

#[cfg(test)]
mod tests;
