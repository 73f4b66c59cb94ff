//! The sub-paths of both wire modes.

use std::collections::{HashMap, HashSet};

use callback::Bounds;

use super::{
    fleets::Fleets,
    notes::Place,
    purpose::{self, Keys, TlsKey},
    section::{Found, Section},
};
use crate::{
    authenticate::CosignerKey,
    callback_handler::{CallbackPath, PathKeys, SubPath, WireMode},
    decider::FleetName,
    respond::ReplyKey,
};

/// The longest id that a decoded request can have.
const MAX_SIGNER_ID_BYTES: usize = Bounds::LARGEST.max_id_bytes;
/// The part before the last of a path in JWT mode (callback protocol, section 2.1).
const JWT_ENDING: &str = "/v2";

/// The paths of one listener, as far as they could be read: each is held against the others even so, for every mistake is
/// to be reported in one run.
pub(super) struct Paths<'n> {
    read: Vec<ConfiguredPath<'n>>,
    /// Of all paths, whatever else is wrong with them.
    sub_paths: Vec<ConfiguredSubPath<'n>>,
    complete: bool,
}

/// A sub-path, its place in the file, and that of its path.
struct ConfiguredSubPath<'n> {
    path_place: Place<'n>,
    place: Place<'n>,
    sub_path: SubPath,
}

/// A path with its places in the file, and the fleet that it asks.
struct ConfiguredPath<'n> {
    place: Place<'n>,
    /// In JWT mode.
    reply_place: Option<Place<'n>>,
    fleet: FleetName,
    path: CallbackPath,
    /// Nothing is missing in its lists.
    complete: bool,
}

impl<'n> ConfiguredPath<'n> {
    fn keys(&self) -> Option<Keys<'_, 'n>> {
        let (keys, reply_place) = self.path.mode.keys().zip(self.reply_place.as_ref())?;
        Some(Keys { place: &self.place, reply_place, sub_path: self.path.sub_path.as_str(), keys })
    }
}

/// The mode of a path.
struct Mode<'n> {
    wire: WireMode,
    /// The place of its reply key, if it has one.
    reply_place: Option<Place<'n>>,
    /// All of its keys could be read.
    complete: bool,
}

/// The entries of a list that could be read.
struct Entries<T> {
    read: Vec<T>,
    /// Those are all.
    complete: bool,
}

impl<'n> Paths<'n> {
    pub(super) const fn none() -> Self {
        Self { read: Vec::new(), sub_paths: Vec::new(), complete: true }
    }

    /// Those of JWT mode. None of their keys may be one of TLS.
    pub(super) fn jwt(found: Found<'n>, fleets: &Fleets<'_>, tls_keys: &[TlsKey]) -> Option<Self> {
        let paths = Self::read(found, fleets, keys)?;
        purpose::check(&paths.read.iter().filter_map(ConfiguredPath::keys).collect::<Vec<_>>(), tls_keys);
        Some(paths)
    }

    /// Those of JSON mode.
    pub(super) fn json(found: Found<'n>, fleets: &Fleets<'_>) -> Option<Self> {
        let json = |_: &mut _| Some(Mode { wire: WireMode::Json, reply_place: None, complete: true });
        let paths = Self::read(found, fleets, json)?;
        check_unversioned(&paths.sub_paths);
        Some(paths)
    }

    fn read(
        found: Found<'n>,
        fleets: &Fleets<'_>,
        mode: impl Fn(&mut Section<'n>) -> Option<Mode<'n>>,
    ) -> Option<Self> {
        let mut paths = Self::none();
        for found in found.list()? {
            match paths.path(found, fleets, &mode) {
                Some(path) => paths.read.push(path),
                None => paths.complete = false,
            }
        }
        paths.complete &= paths.read.iter().all(|path| path.complete);
        check_sub_paths(&paths.sub_paths);
        Some(paths)
    }

    /// Reads one path, and keeps its sub-path even where the rest of it cannot be used.
    fn path(
        &mut self,
        found: Found<'n>,
        fleets: &Fleets<'_>,
        mode: impl Fn(&mut Section<'n>) -> Option<Mode<'n>>,
    ) -> Option<ConfiguredPath<'n>> {
        let place = found.place.clone();
        let mut section = found.section()?;
        let sub_path = section.required("sub_path").and_then(|found| self.sub_path(&place, found));
        let tenant = section.required("tenant").and_then(|found| found.parse(TryInto::try_into));
        let fleet = section.optional("decider").map_or_else(|| fleets.unnamed(), |found| fleets.find(found));
        let mode = mode(&mut section);
        let signer_ids = section.optional("signer_ids").map(signer_ids);
        section.finish();
        let mode = mode?;
        let complete = mode.complete && signer_ids.as_ref().is_none_or(|ids| ids.complete);
        let signer_ids = signer_ids.map(|ids| ids.read.into_iter().collect::<HashSet<_>>());
        let path = CallbackPath { sub_path: sub_path?, tenant: tenant?, mode: mode.wire, signer_ids };
        Some(ConfiguredPath { place, reply_place: mode.reply_place, fleet: fleet?, path, complete })
    }

    fn sub_path(&mut self, path_place: &Place<'n>, found: Found<'n>) -> Option<SubPath> {
        let place = found.place.clone();
        let sub_path: SubPath = found.parse(TryInto::try_into)?;
        self.sub_paths.push(ConfiguredSubPath {
            path_place: path_place.clone(),
            place,
            sub_path: sub_path.clone(),
        });
        Some(sub_path)
    }

    /// Each path with the fleet that it asks, or nothing where one cannot be used.
    pub(super) fn usable(self) -> Option<Vec<(FleetName, CallbackPath)>> {
        self.complete.then(|| self.read.into_iter().map(|read| (read.fleet, read.path)).collect())
    }
}

/// Notes what is wrong with the paths of both modes together.
pub(super) fn check(jwt: &Paths<'_>, json: &Paths<'_>, fleets: &Fleets<'_>) {
    check_tenants(jwt.read.iter().chain(&json.read));
    check_apart(&jwt.read, &json.read);
    fleets.check_asked();
}

fn keys<'n>(section: &mut Section<'n>) -> Option<Mode<'n>> {
    let cosigner_keys = section.required("cosigner_public_keys");
    let cosigner_keys = cosigner_keys.and_then(|found| every(found, cosigner_key, CosignerKey::public_key));
    let (place, reply_key) = section.required("reply_private_key").and_then(reply_key)?;
    let Entries { read, complete } = cosigner_keys?;
    let wire = WireMode::Jwt(PathKeys { cosigner_keys: read, reply_key });
    Some(Mode { wire, reply_place: Some(place), complete })
}

fn cosigner_key(found: Found<'_>) -> Option<CosignerKey> {
    let file = found.file()?;
    file.place.check(CosignerKey::from_pem(&file.contents))
}

fn reply_key(found: Found<'_>) -> Option<(Place<'_>, ReplyKey)> {
    let file = found.secret()?;
    let key = file.place.check(ReplyKey::from_pem(&file.contents))?;
    Some((file.place, key))
}

/// A list that is none holds nothing, and is not complete.
fn signer_ids(found: Found<'_>) -> Entries<String> {
    every(found, signer_id, String::as_bytes).unwrap_or(Entries { read: Vec::new(), complete: false })
}

fn signer_id(found: Found<'_>) -> Option<String> {
    found.parse(|id| match id.len() {
        1..=MAX_SIGNER_ID_BYTES if id.trim() == id => Ok(id),
        1..=MAX_SIGNER_ID_BYTES => Err("must not begin or end with a blank".to_owned()),
        _ => Err(format!("must be 1 to {MAX_SIGNER_ID_BYTES} bytes")),
    })
}

/// The entries of a list, as far as they can be used. No two with the same `bytes`: another was meant.
fn every<'n, T>(
    found: Found<'n>,
    read: impl Fn(Found<'n>) -> Option<T>,
    bytes: impl Fn(&T) -> &[u8],
) -> Option<Entries<T>> {
    let entry = |found: Found<'n>| (found.place.clone(), read(found));
    let entries: Vec<_> = found.list()?.into_iter().map(entry).collect();
    let mut seen = HashSet::new();
    for (place, entry) in &entries {
        if entry.as_ref().is_some_and(|entry| !seen.insert(bytes(entry))) {
            place.wrong("is given twice on this path");
        }
    }
    let all = entries.len();
    let read: Vec<_> = entries.into_iter().filter_map(|(_, entry)| entry).collect();
    Some(Entries { complete: read.len() == all, read })
}

fn check_sub_paths(sub_paths: &[ConfiguredSubPath<'_>]) {
    let mut seen = HashSet::new();
    for ConfiguredSubPath { path_place, sub_path, .. } in sub_paths {
        if !seen.insert(sub_path) {
            path_place.wrong(format!("sub_path \"{}\" is given twice", sub_path.as_str()));
        }
    }
}

/// The path of a request has to show its mode.
fn check_unversioned(sub_paths: &[ConfiguredSubPath<'_>]) {
    for ConfiguredSubPath { place, sub_path, .. } in sub_paths {
        if sub_path.as_str().ends_with(JWT_ENDING) {
            place.wrong(format!(
                "must not end in {JWT_ENDING}: with it the paths would be those of JWT mode ({JWT_ENDING}/tx_sign_request)"
            ));
        }
    }
}

/// Two ledgers of one tenant would each have room for all of its limits.
fn check_tenants<'r>(paths: impl Iterator<Item = &'r ConfiguredPath<'r>>) {
    let mut homes: HashMap<&str, &FleetName> = HashMap::new();
    for ConfiguredPath { place, fleet, path, .. } in paths {
        let home = homes.entry(path.tenant.as_str()).or_insert(fleet);
        if *home != fleet {
            place.wrong(format!(
                "tenant \"{}\" is asked of {} here and of {} before: a tenant has one ledger, so all its paths ask one \
                 fleet",
                path.tenant.as_str(),
                fleet.field(),
                home.field()
            ));
        }
    }
}

/// Unproven requests need tenants of their own, so that grants, keys of limits and records tell them apart (decision
/// model, section 8).
fn check_apart(jwt: &[ConfiguredPath<'_>], json: &[ConfiguredPath<'_>]) {
    for ConfiguredPath { place, path, .. } in json {
        let tenant = path.tenant.as_str();
        if let Some(other) = jwt.iter().find(|other| other.path.tenant.as_str() == tenant) {
            place.wrong(format!(
                "tenant \"{tenant}\" is that of {} too: JSON mode proves nothing about who asks, so it needs a tenant of its \
                 own",
                other.place.path
            ));
        }
    }
}
