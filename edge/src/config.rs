//! The configuration file: read whole, checked whole, every mistake told at once, before anything is bound.
//!
//! One YAML file; secrets only as paths of files. Relative paths start at the configuration file's directory.

mod parts;
mod paths;

mod section;

mod document;
mod notes;

mod mistake;

use std::path::Path;

use crate::{
    admin,
    callback_handler::CallbackPath,
    decider::{self, DEFAULT_DEADLINE},
    listen,
};

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
    /// The decider.
    pub decider: decider::Config,
    /// The sub-paths; at least one.
    pub paths: Vec<CallbackPath>,
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
    let decider = root.required("decider").and_then(parts::decider);
    let paths = root.required("paths").and_then(paths::paths);
    let deadline = decider.as_ref().map_or(DEFAULT_DEADLINE, |decider| decider.deadline);
    let listen = listen.and_then(|found| parts::listen(found, deadline));
    let place = root.place.clone();
    root.finish();
    let config = Config { listen: listen?, admin: admin?, decider: decider?, paths: paths? };
    if config.listen.address == config.admin.address && config.admin.address.port() != 0 {
        place.wrong("listen and admin need addresses of their own");
    }
    Some(config)
}

#[cfg(test)]
mod tests;
