//! The configuration file: read whole, checked whole, every mistake told at once, before anything is bound.
//!
//! One YAML file; secrets only as paths of files. Relative paths start at the configuration file's directory.

mod paths;

mod fleets;

mod parts;
mod purpose;

mod section;

mod settings;

mod document;
mod notes;

mod files;
mod mistake;

use std::path::{Path, PathBuf};

use crate::{admin, certificate::Certificate, listen};

pub use files::Files;
pub use fleets::Fleet;
use fleets::Fleets;
pub use mistake::Mistake;
use notes::{Noted, Notes};
use purpose::TlsKey;
use section::Found;
pub use settings::Settings;

/// Everything the service needs, parsed and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it was read.
    pub file: PathBuf,
    /// The HTTPS listener.
    pub listen: listen::Config,
    /// The admin port.
    pub admin: admin::Config,
    /// The fleets, the one under `decider` first.
    pub fleets: Vec<Fleet>,
    /// What the file says.
    pub settings: Settings,
    /// What it and the files it names held.
    pub files: Files,
    /// What can be used, and somebody should look at.
    pub warnings: Vec<Mistake>,
}

/// What was found in a configuration file.
#[derive(Debug)]
pub struct Reading {
    /// What it means; or all mistakes that were found, in the order of the file: at least one.
    pub config: Result<Config, Vec<Mistake>>,
    /// What it and the files it names held.
    pub files: Files,
}

impl Reading {
    /// Reads and checks `file` and every file it names.
    #[must_use]
    pub fn of(file: &Path) -> Self {
        let notes = Notes::new(file);
        let parts = notes.text().and_then(|text| {
            let root = document::parse(&text).map_err(|error| notes.not_yaml(&error)).ok()?;
            let settings = Settings::of(&root);
            Some((whole(Found::root(root, &notes))?, settings))
        });
        let Noted { mistakes, warnings, files } = notes.into_noted();
        let config = match parts {
            Some((parts, settings)) if mistakes.is_empty() => {
                let Parts { listen, admin, fleets } = parts;
                let (file, files) = (file.to_owned(), files.clone());
                Ok(Config { file, listen, admin, fleets, settings, files, warnings })
            }
            _ => Err(mistakes),
        };
        Self { config, files }
    }
}

impl Config {
    /// Reads and checks `file` and every file it names.
    ///
    /// # Errors
    /// All mistakes that were found, in the order of the file; at least one.
    pub fn load(file: &Path) -> Result<Self, Vec<Mistake>> {
        Reading::of(file).config
    }

    /// All warnings at this time, those of certificates that end soon included.
    #[must_use]
    pub fn all_warnings(&self, now_unix_seconds: u64) -> Vec<Mistake> {
        let now_seconds = i64::try_from(now_unix_seconds).unwrap_or(i64::MAX);
        let ends = self.certificates().filter_map(|(of, certificate)| {
            let (file, place) = (self.file.display().to_string(), format!("{of}.certificate"));
            let problem = certificate.concern(now_seconds)?;
            Some(Mistake { file, line: None, column: None, place, problem })
        });
        self.warnings.iter().cloned().chain(ends).collect()
    }

    /// Our own certificates, each with the part of the configuration that it is of.
    pub fn certificates(&self) -> impl Iterator<Item = (String, &Certificate)> {
        let listen = ("listen".to_owned(), self.listen.tls.certificate());
        let fleets = self
            .fleets
            .iter()
            .map(|Fleet { decider, .. }| (decider.fleet.field(), decider.identity.certificate()));
        std::iter::once(listen).chain(fleets)
    }
}

/// The parts that there are.
struct Parts {
    listen: listen::Config,
    admin: admin::Config,
    fleets: Vec<Fleet>,
}

/// All parts, or a note of what is wrong with each.
fn whole(root: Found<'_>) -> Option<Parts> {
    let mut root = root.section()?;
    let listen = root.required("listen");
    let admin = root.required("admin").and_then(parts::admin);
    let fleets = Fleets::read(&mut root);
    let listen = listen.and_then(|found| parts::listen(found, &fleets.longest_deadline()));
    let tls_keys = tls_keys(listen.as_ref(), &fleets);
    let paths = root.required("paths").and_then(|found| paths::paths(found, &fleets, &tls_keys));
    let place = root.place.clone();
    root.finish();
    let parts = Parts { listen: listen?, admin: admin?, fleets: fleets.with(paths?)? };
    if parts.listen.address == parts.admin.address && parts.admin.address.port() != 0 {
        place.wrong("listen and admin need addresses of their own");
    }
    Some(parts)
}

fn tls_keys(listen: Option<&listen::Config>, fleets: &Fleets<'_>) -> Vec<TlsKey> {
    let listen =
        listen.map(|listen| ("listen.private_key".to_owned(), listen.tls.certificate().public_key.clone()));
    listen.into_iter().chain(fleets.tls_keys()).collect()
}

#[cfg(test)]
mod tests;
