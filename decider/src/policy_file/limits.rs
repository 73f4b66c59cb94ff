//! `limits`: caps over charges.

use std::collections::{BTreeMap, BTreeSet};

use policy::choice::Choice;
use policy::condition::Conditions;
use policy::group::Counterparty;
use policy::limit::{Cap, KeyPart, Limit, OnExceed};
use policy::vocabulary::{pays_somebody, states_its_amount};

use super::amounts::{read_amount, read_usd};
use super::conditions::read_conditions;
use super::ids::Ids;
use super::names::Names;
use super::rules::{LEAVE_TO_CONSOLE, read_leave_to_console};
use super::scope::Section;
use super::windows::read_window;
use crate::yaml::names::unknown;
use crate::yaml::{Fields, Node, Reader};

const FIELDS: [&str; 7] = ["id", "when", "key", "max", "window", "on_exceed", LEAVE_TO_CONSOLE];
const CAPS: [&str; 4] = ["amount", "usd", "count", "destinations"];

pub fn read(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    names: &Names,
    counterparties: &[Counterparty],
    ids: &mut Ids,
) -> Vec<Limit> {
    let Some(node) = fields.optional(reader, "limits") else { return Vec::new() };
    let groups = Groups {
        sources: !names.source_groups().is_empty() || names.lost().has("source_groups"),
        counterparties: !counterparties.is_empty() || names.lost().has("counterparties"),
    };
    let entries = reader.list(node, "limits").unwrap_or_default();
    entries.iter().filter_map(|entry| read_limit(reader, entry, names, groups, ids)).collect()
}

/// Which kinds of groups there are.
#[derive(Clone, Copy)]
struct Groups {
    sources: bool,
    counterparties: bool,
}

fn read_limit(
    reader: &mut Reader<'_>,
    node: &Node,
    names: &Names,
    groups: Groups,
    ids: &mut Ids,
) -> Option<Limit> {
    let fields = Fields::of(reader, node, "a limit", &FIELDS)?;
    let id = ids.read(reader, &fields);
    let when = match fields.optional(reader, "when") {
        Some(node) => {
            let when = read_conditions(reader, node, names, Section::Limit).unwrap_or_default();
            check_no_age(reader, node, &when);
            when
        }
        None => Conditions::default(),
    };
    let key = read_key(reader, &fields, groups);
    let cap = fields.required(reader, "max").and_then(|node| read_cap(reader, node, names, &when, &key));
    let window = fields.required(reader, "window").and_then(|node| read_window(reader, node));
    let on_exceed = read_on_exceed(reader, &fields);
    let leave_to_console = read_leave_to_console(reader, &fields);
    Some(Limit { id, when, key, cap: cap?, window: window?, on_exceed, leave_to_console })
}

fn read_on_exceed(reader: &mut Reader<'_>, fields: &Fields<'_>) -> OnExceed {
    let Some(node) = fields.optional(reader, "on_exceed") else { return OnExceed::Deny };
    match reader.text(node, "on_exceed") {
        Some("hold") => OnExceed::Hold,
        Some("deny") | None => OnExceed::Deny,
        Some(_) => {
            reader.mistake(node.at, "on_exceed must be deny or hold");
            OnExceed::Deny
        }
    }
}

/// A charge is counted for as long as it is in the window, however old its address has become.
fn check_no_age(reader: &mut Reader<'_>, node: &Node, when: &Conditions) {
    let asked = when.destinations.iter().flat_map(Choice::alternatives);
    if asked.into_iter().any(|each| !each.age.is_any()) {
        reader.mistake(node.at, "a limit cannot ask how long an address has been listed: write a rule");
    }
}

fn read_key(reader: &mut Reader<'_>, fields: &Fields<'_>, groups: Groups) -> BTreeSet<KeyPart> {
    let mut key = BTreeSet::new();
    let node = fields.optional(reader, "key");
    for entry in node.and_then(|node| reader.list(node, "key")).unwrap_or_default() {
        let Some(part) = read_key_part(reader, entry, groups) else { continue };
        if !key.insert(part) {
            reader.mistake(entry.at, format!("{} is in the key already", part.name()));
        }
    }
    key
}

fn read_key_part(reader: &mut Reader<'_>, node: &Node, groups: Groups) -> Option<KeyPart> {
    let name = reader.text(node, "a part of the key")?;
    let Some((_, part)) = KeyPart::ALL.iter().find(|(known, _)| *known == name) else {
        reader.mistake(node.at, unknown("key part", name, KeyPart::ALL.iter().map(|(known, _)| *known)));
        return None;
    };
    let missing = match part {
        KeyPart::SourceGroup if !groups.sources => "source_groups",
        KeyPart::Counterparty if !groups.counterparties => "counterparties",
        _ => return Some(*part),
    };
    reader.mistake(node.at, format!("{name} keeps nothing apart: the policy has no {missing}"));
    None
}

fn read_cap(
    reader: &mut Reader<'_>,
    node: &Node,
    names: &Names,
    when: &Conditions,
    key: &BTreeSet<KeyPart>,
) -> Option<Cap> {
    let fields = Fields::of(reader, node, "max", &CAPS)?;
    let given: Vec<&str> = CAPS.into_iter().filter(|name| fields.has(name)).collect();
    let [unit] = given.as_slice() else {
        reader.mistake(node.at, "max needs exactly one of amount, usd, count and destinations");
        return None;
    };
    let value = fields.optional(reader, unit)?;
    match *unit {
        "count" => reader.whole(value, "count").map(Cap::Count),
        "destinations" => {
            check_destinations_differ(reader, value, when, key);
            reader.whole(value, "destinations").map(Cap::Destinations)
        }
        "usd" => {
            check_amounts_are_stated(reader, value, when);
            read_usd(reader, value).map(Cap::Usd)
        }
        _ => {
            check_amounts_are_stated(reader, value, when);
            read_amount_cap(reader, value, names, when, key)
        }
    }
}

/// A native limit names one asset or keeps assets apart (decision model, section 4).
fn read_amount_cap(
    reader: &mut Reader<'_>,
    node: &Node,
    names: &Names,
    when: &Conditions,
    key: &BTreeSet<KeyPart>,
) -> Option<Cap> {
    let apart = key.contains(&KeyPart::Asset);
    // Where no asset is left, what is wrong with them was told.
    if !apart && when.assets.as_ref().is_none_or(|assets| assets.len() > 1) {
        let message = "an amount limit needs exactly one asset under when, or asset in its key: \
                       units of different assets do not add up";
        reader.mistake(node.at, message);
        return None;
    }
    let assets = when.assets.as_ref().unwrap_or_else(|| names.every_asset());
    names.room_for(reader, node.at, assets.len())?;
    let caps = assets.iter().map(|asset| Some((asset.clone(), read_amount(reader, node, names, asset)?)));
    caps.collect::<Option<BTreeMap<_, _>>>().map(Cap::Amount)
}

fn check_destinations_differ(
    reader: &mut Reader<'_>,
    node: &Node,
    when: &Conditions,
    key: &BTreeSet<KeyPart>,
) {
    if key.contains(&KeyPart::Destination) {
        let message = "with destination in the key there is always one destination: leave it out of the key, \
                       or use count for the payments to each";
        reader.mistake(node.at, message);
    }
    let named = when.operations.as_ref().and_then(Choice::one_of);
    let silent = named.and_then(|names| names.iter().find(|name| !pays_somebody(name)));
    if let Some(operation) = silent {
        reader.mistake(node.at, format!("this cannot bound {operation}: it has no destination; use count"));
    }
}

/// No limit may claim to bound what a payload does not state (decision model, section 5).
fn check_amounts_are_stated(reader: &mut Reader<'_>, node: &Node, when: &Conditions) {
    let named = when.operations.as_ref().and_then(Choice::one_of);
    let silent = named.and_then(|names| names.iter().find(|name| !states_its_amount(name)));
    if let Some(operation) = silent {
        let message =
            format!("this cannot bound {operation}: its payload does not state what moves; use count");
        reader.mistake(node.at, message);
    }
}
