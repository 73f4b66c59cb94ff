//! What differs between two configurations: what needs a restart, and what changes without one.

use std::collections::BTreeMap;

use crate::{
    callback_handler::CallbackPath,
    config::{Config, Fleet},
    fingerprint::fingerprint,
};

/// Fields that count without a restart, beside all of `paths`. Any other needs one: a field that is forgotten here is told
/// of rather than passed over.
const LIVE: [&str; 5] = [
    "listen.certificate",
    "listen.private_key",
    "listen.body_timeout",
    "listen.request_timeout",
    "listen.max_body_bytes",
];

/// The fields that differ and cannot be taken as they are.
pub(super) fn needing_restart(before: &Config, after: &Config) -> Vec<String> {
    let live = |field: &str| LIVE.contains(&field) || field.starts_with("paths[");
    let mut fields = before.settings.differences(&after.settings);
    fields.retain(|field| !live(field));
    fields
}

/// What changes, each in words: keys by fingerprint.
pub(super) fn between(before: &Config, after: &Config) -> Vec<String> {
    let (old, new) = (paths(before), paths(after));
    let mut told = Vec::new();
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        told.push(format!("path \"{name}\" is gone"));
    }
    for (name, path) in &new {
        match old.get(name) {
            None => told.push(format!("path \"{name}\" is new")),
            Some(old) => {
                told.extend(of_path(old, path).into_iter().map(|what| format!("path \"{name}\": {what}")))
            }
        }
    }
    if before.listen.tls.certificate() != after.listen.tls.certificate() {
        told.push("listen: another certificate".to_owned());
    }
    if before.listen.limits != after.listen.limits {
        told.push("listen: other limits".to_owned());
    }
    told
}

/// Each path with its fleet's name, by sub-path.
fn paths(config: &Config) -> BTreeMap<&str, (&str, &CallbackPath)> {
    let all = config.fleets.iter().flat_map(|Fleet { decider, paths }| {
        paths.iter().map(|path| (path.sub_path.as_str(), (decider.fleet.as_str(), path)))
    });
    all.collect()
}

fn of_path((old_fleet, old): &(&str, &CallbackPath), (fleet, new): &(&str, &CallbackPath)) -> Vec<String> {
    let mut told = Vec::new();
    if old.reply_key.public_key() != new.reply_key.public_key() {
        let (algorithm, key) = (new.reply_key.algorithm().name(), fingerprint(new.reply_key.public_key()));
        told.push(format!("replies are signed by {algorithm} with {key}"));
    }
    let has =
        |path: &CallbackPath, key: &[u8]| path.cosigner_keys.iter().any(|other| other.public_key() == key);
    for key in new.cosigner_keys.iter().filter(|key| !has(old, key.public_key())) {
        told.push(format!("Co-signer key added: {}", fingerprint(key.public_key())));
    }
    for key in old.cosigner_keys.iter().filter(|key| !has(new, key.public_key())) {
        told.push(format!("Co-signer key retired: {}", fingerprint(key.public_key())));
    }
    for (what, same) in [
        ("signer_ids", old.signer_ids == new.signer_ids),
        ("tenant", old.tenant == new.tenant),
        ("decider", old_fleet == fleet),
    ] {
        if !same {
            told.push(format!("another {what}"));
        }
    }
    told
}
