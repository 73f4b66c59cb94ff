//! `limits`: caps over charges.

use std::collections::{BTreeMap, BTreeSet};

use policy::choice::Choice;
use policy::condition::Conditions;
use policy::group::Counterparty;
use policy::limit::{Cap, KeyPart, Limit};
use policy::time::Window;
use policy::vocabulary::states_its_amount;

use super::amounts::{read_amount, read_usd};
use super::conditions::read_conditions;
use super::ids::Ids;
use super::names::Names;
use super::scope::Section;
use crate::yaml::fields::unknown;
use crate::yaml::{Fields, Node, Reader, span};

const FIELDS: [&str; 5] = ["id", "when", "key", "max", "window"];
const CAPS: [&str; 3] = ["amount", "usd", "count"];

pub fn read(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    names: &Names,
    counterparties: &[Counterparty],
    ids: &mut Ids,
) -> Vec<Limit> {
    let Some(node) = fields.optional(reader, "limits") else { return Vec::new() };
    let groups =
        Groups { sources: !names.source_groups().is_empty(), counterparties: !counterparties.is_empty() };
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
        Some(node) => read_conditions(reader, node, names, Section::Limit).unwrap_or_default(),
        None => Conditions::default(),
    };
    let key = read_key(reader, &fields, groups);
    let cap = fields.required(reader, "max").and_then(|node| read_cap(reader, node, names, &when, &key));
    let window = fields.required(reader, "window").and_then(|node| read_window(reader, node));
    Some(Limit { id, when, key, cap: cap?, window: window? })
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
        reader.mistake(node.at, "max needs exactly one of amount, usd and count");
        return None;
    };
    let value = fields.optional(reader, unit)?;
    match *unit {
        "count" => reader.whole(value, "count").map(Cap::Count),
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
    if !apart && when.assets.as_ref().is_none_or(|assets| assets.len() != 1) {
        let message = "an amount limit needs exactly one asset under when, or asset in its key: \
                       units of different assets do not add up";
        reader.mistake(node.at, message);
        return None;
    }
    let every = || names.assets().into_keys().collect();
    let assets: BTreeSet<String> = when.assets.clone().unwrap_or_else(every);
    let caps =
        assets.into_iter().map(|asset| Some((asset.clone(), read_amount(reader, node, names, &asset)?)));
    caps.collect::<Option<BTreeMap<_, _>>>().map(Cap::Amount)
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

fn read_window(reader: &mut Reader<'_>, node: &Node) -> Option<Window> {
    let text = reader.text(node, "window")?;
    let seconds = reader.check(node.at, span::seconds(text).map_err(|error| format!("window: {error}")))?;
    let window = Window::from_seconds(seconds);
    if window.is_none() {
        reader.mistake(node.at, "window must be at least 1s and at most ten years");
    }
    window
}
