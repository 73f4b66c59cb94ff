//! The configuration file: read whole, checked whole, every mistake told at once, before anything is bound.
//!
//! One YAML file; secrets only as paths of files. Relative paths start at the configuration file's directory.

mod json;

mod paths;

mod fleets;

mod parts;

mod section;

mod document;
mod notes;

mod mistake;

use std::path::Path;

use crate::{admin, listen};

pub use fleets::Fleet;
use fleets::Fleets;
use json::Json;
pub use mistake::Mistake;
use notes::{Notes, Place};
use paths::Paths;
use section::Found;

/// Everything the service needs, parsed and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The HTTPS listener of JWT mode.
    pub listen: listen::Config,
    /// The HTTPS listener of JSON mode, behind its fence. `None`: there is no JSON mode.
    pub json: Option<listen::Config>,
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
    let deadline = fleets.longest_deadline();
    let listen = listen.and_then(|found| parts::listen(found, &deadline));
    let paths = root.required("paths").and_then(|found| Paths::jwt(found, &fleets));
    let json = Json::read(root.optional("json"), &fleets, &deadline);
    let place = root.place.clone();
    root.finish();
    let (paths, json_paths) = (paths?, json.paths?);
    paths::check(&paths, &json_paths, &fleets);
    let fleets = fleets.with(&paths.usable()?, &json_paths.usable()?)?;
    let config = Config { listen: listen?, json: json.listen?, admin: admin?, fleets };
    check_addresses(&config, &place);
    Some(config)
}

fn check_addresses(config: &Config, place: &Place<'_>) {
    let json = config.json.iter().map(|json| ("json.listen", json.address));
    let named = [("listen", config.listen.address), ("admin", config.admin.address)].into_iter().chain(json);
    let named: Vec<_> = named.filter(|(_, address)| address.port() != 0).collect();
    for (index, (name, address)) in named.iter().enumerate() {
        if let Some((first, _)) = named.iter().take(index).find(|(_, other)| other == address) {
            place.wrong(format!("{first} and {name} need addresses of their own"));
        }
    }
}

#[cfg(test)]
mod tests;
