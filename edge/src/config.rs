//! The configuration file: read and checked as a whole before anything is bound, with all mistakes reported in one run.
//!
//! One YAML file; secrets only as paths of files. Relative paths start at the configuration file's directory.

mod json;
mod paths;
mod fleets;
mod parts;
mod purpose;
mod limits;
mod networks;
mod section;
mod field;
mod duration;
mod settings;
mod document;
mod notes;
mod files;
mod authority;
mod mistake;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use crate::{admin, certificate::Certificate, listen};

pub use authority::Authority;
use document::Document;
pub use files::Files;
pub use fleets::Fleet;
use fleets::Fleets;
use json::Json;
pub use mistake::{Mistake, Spot};
use notes::{Noted, Notes, Place};
use paths::Paths;
use purpose::TlsKey;
use section::Found;
pub use settings::Settings;

/// Everything the service needs, parsed and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The path it was read from.
    pub file: PathBuf,
    /// The HTTPS listener of JWT mode.
    pub listen: listen::Config,
    /// The HTTPS listener of JSON mode, behind its fence. `None`: there is no JSON mode.
    pub json: Option<listen::Config>,
    /// The admin port.
    pub admin: admin::Config,
    /// The fleets, the one under `decider` first.
    pub fleets: Vec<Fleet>,
    /// What the file says.
    pub settings: Settings,
    /// What it and the files it names held.
    pub files: Files,
    /// What can be used, and may not be what was meant.
    pub warnings: Vec<Mistake>,
    /// The authorities whose certificates are trusted.
    pub authorities: Vec<Authority>,
}

/// What was found in a configuration file.
#[derive(Debug)]
pub struct ConfigRead {
    /// What it means; or all mistakes that were found, in the order of the file: at least one.
    pub config: Result<Config, Vec<Mistake>>,
    /// What it and the files it names held.
    pub files: Files,
}

impl ConfigRead {
    /// Reads and checks `file` and every file it names.
    #[must_use]
    pub fn from_file(file: &Path) -> Self {
        let notes = Notes::new(file);
        let parts = notes.text().and_then(|text| {
            let Document { root, twice } =
                document::parse(&text).map_err(|error| notes.not_yaml(&error)).ok()?;
            let settings = Settings::new(&root);
            let parts = read_parts(Found::root(root, &notes));
            // Else it is noted where its fields are read, with the other mistakes.
            if let Some(error) = twice.filter(|_| notes.has_no_mistake()) {
                notes.not_yaml(&error);
            }
            Some((parts?, settings))
        });
        let Noted { mistakes, warnings, authorities, files } = notes.into_noted();
        let config = match parts {
            Some((parts, settings)) if mistakes.is_empty() => {
                let Parts { listen, json, admin, fleets } = parts;
                let (file, files) = (file.to_owned(), files.clone());
                Ok(Config { file, listen, json, admin, fleets, settings, files, warnings, authorities })
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
        ConfigRead::from_file(file).config
    }

    /// All warnings at this time, those of certificates that end soon included.
    #[must_use]
    pub fn all_warnings(&self, now_seconds: i64) -> Vec<Mistake> {
        let ends = self.certificates().filter_map(|(of, certificate)| {
            let at = Spot::of_field(&self.file, format!("{of}.certificate"));
            Some(Mistake { at, problem: certificate.concern(now_seconds)? })
        });
        let authorities = self.authorities.iter().filter_map(|authority| authority.warning(now_seconds));
        self.warnings.iter().cloned().chain(ends).chain(authorities).collect()
    }

    /// Our own certificates, each with the part of the configuration that it is of.
    pub fn certificates(&self) -> impl Iterator<Item = (String, &Certificate)> {
        let fleets = self
            .fleets
            .iter()
            .map(|Fleet { decider, .. }| (decider.fleet.field(), decider.identity.certificate()));
        self.listener_certificates().chain(fleets)
    }

    /// Those of listeners, which are in use as soon as they are in force. Those of fleets may still be rejected by
    /// deciders.
    pub fn listener_certificates(&self) -> impl Iterator<Item = (String, &Certificate)> {
        let listen = ("listen".to_owned(), self.listen.tls.certificate());
        let json = self.json.iter().map(|json| ("json.listen".to_owned(), json.tls.certificate()));
        std::iter::once(listen).chain(json)
    }
}

/// All parts of a usable configuration.
struct Parts {
    listen: listen::Config,
    json: Option<listen::Config>,
    admin: admin::Config,
    fleets: Vec<Fleet>,
}

/// All parts; where one cannot be used, what is wrong is noted.
fn read_parts(root: Found<'_>) -> Option<Parts> {
    let mut root = root.section()?;
    let listen = root.required("listen");
    let listen_at = listen.as_ref().and_then(|found| found.place_of(&["address"]));
    let admin = root.required("admin");
    let admin_at = admin.as_ref().and_then(|found| found.place_of(&["address"]));
    let admin = admin.and_then(parts::admin);
    let fleets = Fleets::read(&mut root);
    let deadline = fleets.longest_deadline();
    let listen = listen.and_then(|found| parts::listen(found, &deadline));
    let json = root.optional("json");
    let json_at = json.as_ref().and_then(|found| found.place_of(&["listen", "address"]));
    let json = Json::read(json, &fleets, &deadline);
    let tls_keys = tls_keys(listen.as_ref(), json.listen.value(), &fleets);
    let paths = root.required("paths").and_then(|found| Paths::jwt(found, &fleets, &tls_keys));
    root.finish();
    check_addresses([
        ("listen", listen.as_ref().map(|listen| listen.address), listen_at),
        ("admin", admin.as_ref().map(|admin| admin.address), admin_at),
        ("json.listen", json.listen.value().map(|json| json.address), json_at),
    ]);
    let (paths, json_paths) = (paths?, json.paths?);
    paths::check(&paths, &json_paths, &fleets);
    let fleets = fleets.with(&paths.usable()?, &json_paths.usable()?)?;
    Some(Parts { listen: listen?, json: json.listen.into_result().ok()?, admin: admin?, fleets })
}

fn tls_keys(
    listen: Option<&listen::Config>,
    json: Option<&listen::Config>,
    fleets: &Fleets<'_>,
) -> Vec<TlsKey> {
    let key = |(section, listen): (&str, &listen::Config)| TlsKey {
        field: format!("{section}.private_key"),
        public_key: listen.tls.certificate().public_key.clone(),
    };
    let listeners = listen.map(|listen| ("listen", listen)).into_iter();
    let listeners = listeners.chain(json.map(|json| ("json.listen", json)));
    listeners.map(key).chain(fleets.tls_keys()).collect()
}

/// Of the parts that can be used; each with its name, its address, and where that is.
fn check_addresses(parts: [(&str, Option<SocketAddr>, Option<Place<'_>>); 3]) {
    let named = parts.into_iter().filter_map(|(name, address, place)| Some((name, address?, place?)));
    let named: Vec<_> = named.filter(|(_, address, _)| address.port() != 0).collect();
    for (index, (name, address, place)) in named.iter().enumerate() {
        if let Some((first, ..)) = named.iter().take(index).find(|(_, other, _)| overlap(*other, *address)) {
            place.wrong(format!("{first} and {name} need addresses of their own"));
        }
    }
}

/// Whether only one of them can be bound: 0.0.0.0 is every IPv4 address, :: every address.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let covers =
        |all: SocketAddr, some: SocketAddr| all.ip().is_unspecified() && (all.is_ipv6() || some.is_ipv4());
    one.port() == other.port() && (one.ip() == other.ip() || covers(one, other) || covers(other, one))
}

#[cfg(test)]
mod tests;
