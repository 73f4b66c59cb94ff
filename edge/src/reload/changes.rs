//! What differs between two configurations: what needs a restart, and what changes without one.

use std::collections::BTreeMap;

use crate::{
    callback_handler::{CallbackPath, PathKeys},
    config::{Config, Fleet},
    fingerprint::fingerprint,
    listen,
};

/// Fields of both listeners that apply without a restart, beside all of their paths. Any other needs one, so a field
/// that is forgotten here is reported rather than ignored.
const LIVE: [&str; 6] = [
    "listen.certificate",
    "listen.private_key",
    "listen.body_timeout",
    "listen.request_timeout",
    "listen.max_body_bytes",
    "listen.max_token_header_bytes",
];
/// Prefixes of fields that apply without a restart, too.
const LIVE_SECTIONS: [&str; 2] = ["paths[", "listen.payload."];

/// The fields that differ and cannot be taken as they are.
pub(super) fn needing_restart(before: &Config, after: &Config) -> Vec<String> {
    let live = |field: &str| {
        let field = field.strip_prefix("json.").unwrap_or(field);
        LIVE.contains(&field) || LIVE_SECTIONS.iter().any(|section| field.starts_with(section))
    };
    let mut fields = before.settings.differences(&after.settings);
    fields.retain(|field| !live(field));
    let json = before.json.as_ref().zip(after.json.as_ref());
    let listeners = [("listen", &before.listen, &after.listen)].into_iter();
    for (name, before, after) in listeners.chain(json.map(|(before, after)| ("json.listen", before, after))) {
        // Open connections would go on by the old one.
        let field = format!("{name}.client_ca");
        if !before.tls.admits_same_clients_as(&after.tls) && !fields.contains(&field) {
            fields.push(field);
        }
    }
    fields
}

/// What changes, each in words: keys by fingerprint.
pub(super) fn between(before: &Config, after: &Config) -> Vec<String> {
    let mut told = of_paths("path", &paths(before), &paths(after));
    told.extend(of_paths("json path", &json_paths(before), &json_paths(after)));
    told.extend(of_listener("listen", &before.listen, &after.listen));
    if let (Some(before), Some(after)) = (&before.json, &after.json) {
        told.extend(of_listener("json.listen", before, after));
    }
    told.extend(of_identities(before, after));
    told
}

/// New identities, which deciders may still reject.
fn of_identities(before: &Config, after: &Config) -> Vec<String> {
    let told = |new: &Fleet| {
        let is_old = |old: &&Fleet| old.decider.fleet == new.decider.fleet;
        let old = before.fleets.iter().find(is_old)?;
        let same = old.decider.identity.is_same(&new.decider.identity);
        (!same).then(|| {
            let field = new.decider.fleet.field();
            format!("{field}: other files of the client, in use once a decider is healthy with them")
        })
    };
    after.fleets.iter().filter_map(told).collect()
}

/// Paths of one mode, by sub-path, each with its fleet's name.
type Paths<'c> = BTreeMap<&'c str, (&'c str, &'c CallbackPath)>;

fn paths(config: &Config) -> Paths<'_> {
    named(config, |fleet| &fleet.paths)
}

fn json_paths(config: &Config) -> Paths<'_> {
    named(config, |fleet| &fleet.json_paths)
}

fn named(config: &Config, paths: impl Fn(&Fleet) -> &[CallbackPath]) -> Paths<'_> {
    let mut all = BTreeMap::new();
    for fleet in &config.fleets {
        for path in paths(fleet) {
            all.insert(path.sub_path.as_str(), (fleet.decider.fleet.as_str(), path));
        }
    }
    all
}

fn of_paths(kind: &str, old: &Paths<'_>, new: &Paths<'_>) -> Vec<String> {
    let mut told = Vec::new();
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        told.push(format!("{kind} \"{name}\" is gone"));
    }
    for (name, path) in new {
        match old.get(name) {
            None => told.push(format!("{kind} \"{name}\" is new")),
            Some(old) => {
                told.extend(of_path(old, path).into_iter().map(|what| format!("{kind} \"{name}\": {what}")))
            }
        }
    }
    told
}

fn of_listener(name: &str, before: &listen::Config, after: &listen::Config) -> Vec<String> {
    let (old, new) = (before.tls.certificate(), after.tls.certificate());
    let certificate = match old.public_key == new.public_key {
        true => "another certificate, with the same key",
        false => "another certificate, with another key: callers that pin the one before will not connect",
    };
    let differ = [(certificate, old == new), ("other limits", before.limits == after.limits)];
    differ.iter().filter(|(_, same)| !same).map(|(what, _)| format!("{name}: {what}")).collect()
}

fn of_path((old_fleet, old): &(&str, &CallbackPath), (fleet, new): &(&str, &CallbackPath)) -> Vec<String> {
    let mut told = match (old.mode.keys(), new.mode.keys()) {
        (Some(old), Some(new)) => of_keys(old, new),
        _ => Vec::new(),
    };
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

fn of_keys(old: &PathKeys, new: &PathKeys) -> Vec<String> {
    let mut told = Vec::new();
    if old.reply_key.public_key() != new.reply_key.public_key() {
        let (algorithm, key) = (new.reply_key.algorithm().as_str(), fingerprint(new.reply_key.public_key()));
        told.push(format!("replies are signed by {algorithm} with {key}"));
    }
    let has = |keys: &PathKeys, key: &[u8]| keys.cosigner_keys.iter().any(|other| other.public_key() == key);
    for key in new.cosigner_keys.iter().filter(|key| !has(old, key.public_key())) {
        told.push(format!("Co-signer key added: {}", fingerprint(key.public_key())));
    }
    for key in old.cosigner_keys.iter().filter(|key| !has(new, key.public_key())) {
        told.push(format!("Co-signer key retired: {}", fingerprint(key.public_key())));
    }
    told
}
