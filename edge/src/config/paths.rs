//! The sub-paths and their keys.

use std::collections::{HashMap, HashSet};

use callback::bounds::MAX_ID_BYTES;

use super::{
    fleets::Fleets,
    notes::Place,
    purpose::{self, Keys, TlsKey},
    section::Found,
};
use crate::{
    authenticate::CosignerKey, callback_handler::CallbackPath, decider::FleetName, respond::ReplyKey,
};

/// Each path with the fleet that it asks. Keys of TLS are none of theirs.
pub(super) fn paths(
    found: Found<'_>,
    fleets: &Fleets<'_>,
    tls_keys: &[TlsKey],
) -> Option<Vec<(FleetName, CallbackPath)>> {
    let mut read = Vec::new();
    let mut complete = true;
    for found in found.list()? {
        match path(found, fleets) {
            Some(path) => read.push(path),
            None => complete = false,
        }
    }
    check_sub_paths(&read);
    purpose::check(&read.iter().map(Read::keys).collect::<Vec<_>>(), tls_keys);
    check_tenants(&read);
    fleets.check_asked();
    complete.then(|| read.into_iter().map(|read| (read.fleet, read.path)).collect())
}

/// A path, where it and its reply key stand, and the fleet that it asks.
struct Read<'n> {
    place: Place<'n>,
    reply_place: Place<'n>,
    fleet: FleetName,
    path: CallbackPath,
}

impl<'n> Read<'n> {
    fn keys(&self) -> Keys<'_, 'n> {
        Keys { place: &self.place, reply_place: &self.reply_place, path: &self.path }
    }
}

fn path<'n>(found: Found<'n>, fleets: &Fleets<'_>) -> Option<Read<'n>> {
    let place = found.place.clone();
    let mut section = found.section()?;
    let sub_path = section.required("sub_path").and_then(|found| found.parse(TryInto::try_into));
    let tenant = section.required("tenant").and_then(|found| found.parse(TryInto::try_into));
    let fleet = section.optional("decider").map_or_else(|| fleets.unnamed(), |found| fleets.find(found));
    let cosigner_keys = section.required("cosigner_public_keys").and_then(|found| every(found, cosigner_key));
    let reply_key = section.required("reply_private_key").and_then(reply_key);
    let signer_ids = section.optional("signer_ids").map(|found| every(found, signer_id));
    section.finish();
    let (reply_place, reply_key) = reply_key?;
    let path = CallbackPath {
        sub_path: sub_path?,
        tenant: tenant?,
        cosigner_keys: cosigner_keys?,
        reply_key,
        signer_ids: match signer_ids {
            None => None,
            Some(ids) => Some(ids?.into_iter().collect::<HashSet<_>>()),
        },
    };
    Some(Read { place, reply_place, fleet: fleet?, path })
}

fn cosigner_key(found: Found<'_>) -> Option<CosignerKey> {
    let (place, pem) = found.file()?;
    place.check(CosignerKey::from_pem(&pem))
}

fn reply_key(found: Found<'_>) -> Option<(Place<'_>, ReplyKey)> {
    let (place, pem) = found.secret()?;
    let key = place.check(ReplyKey::from_pem(&pem))?;
    Some((place, key))
}

fn signer_id(found: Found<'_>) -> Option<String> {
    found.parse(|id| match id.len() {
        1..=MAX_ID_BYTES => Ok(id),
        _ => Err(format!("must be 1 to {MAX_ID_BYTES} bytes")),
    })
}

/// Every entry of a list, or nothing; all are read either way.
fn every<'n, T>(found: Found<'n>, read: impl Fn(Found<'n>) -> Option<T>) -> Option<Vec<T>> {
    let entries: Vec<Option<T>> = found.list()?.into_iter().map(read).collect();
    entries.into_iter().collect()
}

fn check_sub_paths(paths: &[Read<'_>]) {
    let mut seen = HashSet::new();
    for Read { place, path, .. } in paths {
        if !seen.insert(&path.sub_path) {
            place.wrong(format!("sub_path \"{}\" is given twice", path.sub_path.as_str()));
        }
    }
}

/// Two ledgers of one tenant would each have room for all of its limits.
fn check_tenants(paths: &[Read<'_>]) {
    let mut homes: HashMap<&str, &FleetName> = HashMap::new();
    for Read { place, fleet, path, .. } in paths {
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
