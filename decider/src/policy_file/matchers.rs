//! Sources and destinations as rules name them.

use std::sync::Arc;

use policy::condition::{AccountMatcher, DestinationMatcher};
use policy::list::Age;
use policy::time::Length;
use policy::vocabulary::{ADDRESS_TYPES, WALLET_SUBTYPES, has_subtype};

use super::accounts::{account_of, check_matched_by_id};
use super::ids::check_letters;
use super::names::Names;
use super::scope::Section;
use crate::yaml::names::unknown;
use crate::yaml::{Fields, Node, Reader, duration};

const SOURCE_FIELDS: [&str; 3] = ["type", "id", "group"];
const DESTINATION_FIELDS: [&str; 7] =
    ["type", "id", "subtype", "list", "counterparty", "address_type", "tag"];
/// What a rule can ask beside them, and a limit cannot.
const AGE_FIELDS: [&str; 2] = ["listed_for", "listed_within"];

/// `{type, id}` or `{group}`, the latter as the accounts of the group.
pub fn read_source(reader: &mut Reader<'_>, node: &Node, names: &Names) -> Vec<AccountMatcher> {
    let Some(fields) = Fields::of(reader, node, "a source", &SOURCE_FIELDS) else { return Vec::new() };
    if fields.has("group") {
        let Some(group) = fields.optional(reader, "group") else { return Vec::new() };
        if fields.has("type") || fields.has("id") {
            reader.mistake(node.at, "a source is either a group or a type with an id: write two entries");
        }
        return names.source_group(reader, group).unwrap_or_default().to_vec();
    }
    if fields.required(reader, "type").is_none() {
        return Vec::new();
    }
    let account = account_of(reader, &fields).flatten();
    account.iter().for_each(|account| names.doubt_source(reader, node.at, account));
    account.into_iter().collect()
}

/// `{type, id, subtype, list, counterparty, address_type, tag}`, each of which may be left out; beside a list,
/// `listed_for` and `listed_within`.
pub fn read_destination(
    reader: &mut Reader<'_>,
    node: &Node,
    names: &Names,
    section: Section,
) -> Option<DestinationMatcher> {
    let fields = destination_fields(reader, node, section)?;
    check_names_somebody(reader, node, &fields);
    let account = account_of(reader, &fields)?;
    if let Some(account) = &account {
        check_matched_by_id(reader, node, account);
        names.doubt_destination(reader, node.at, account);
    }
    let subtype = fields.optional(reader, "subtype");
    let list = fields.optional(reader, "list");
    let counterparty = fields.optional(reader, "counterparty");
    let address_type = fields.optional(reader, "address_type");
    let tag = fields.optional(reader, "tag");
    let age = read_age(reader, node, &fields);
    Some(DestinationMatcher {
        age,
        subtype: subtype.and_then(|node| read_subtype(reader, node, account.as_ref())),
        list: list.and_then(|node| Some(Arc::clone(&names.list(reader, node)?.list))),
        counterparty: counterparty.and_then(|node| names.counterparty(reader, node)),
        address_type: address_type.and_then(|node| read_address_type(reader, node)),
        tag: tag.and_then(|node| reader.word(node, "tag").map(str::to_owned)),
        account,
    })
}

fn destination_fields<'n>(reader: &mut Reader<'_>, node: &'n Node, section: Section) -> Option<Fields<'n>> {
    const WHAT: &str = "a destination";
    if section == Section::Limit {
        // They are refused where the whole condition is known.
        return Fields::of_known_and_refused(reader, node, WHAT, &DESTINATION_FIELDS, &AGE_FIELDS);
    }
    Fields::of(reader, node, WHAT, &[DESTINATION_FIELDS.as_slice(), &AGE_FIELDS].concat())
}

/// A tag tells apart those who share an address: of any address it says nothing.
fn check_names_somebody(reader: &mut Reader<'_>, node: &Node, fields: &Fields<'_>) {
    let named = ["type", "id", "list", "counterparty"].iter().any(|name| fields.has(name));
    let described = fields.has("subtype") || fields.has("address_type");
    if fields.has("tag") && !named {
        reader.mistake(node.at, "a tag needs a type, a list or a counterparty beside it: tags of different addresses can be alike");
    } else if !named && !described {
        reader.mistake(
            node.at,
            "a destination needs a type, a list, a counterparty, a subtype or an address_type",
        );
    }
}

/// An exchange's subtype is its name, so that only those of wallets can be held against a vocabulary.
fn read_subtype(reader: &mut Reader<'_>, node: &Node, account: Option<&AccountMatcher>) -> Option<String> {
    let name = reader.word(node, "subtype")?;
    match account.map(|account| account.kind.as_str()) {
        Some(kind) if !has_subtype(kind) => {
            reader.mistake(node.at, format!("this can never match: {kind} comes without a subtype"));
            None
        }
        Some("UNMANAGED") => read_wallet_subtype(reader, node),
        _ => reader.check(node.at, check_letters(name, &WALLET_SUBTYPES)).map(|()| name.to_owned()),
    }
}

/// The subtype of an allowlisted wallet.
pub fn read_wallet_subtype(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    read_word(reader, node, "subtype", &WALLET_SUBTYPES)
}

fn read_address_type(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    read_word(reader, node, "address type", &ADDRESS_TYPES)
}

fn read_word(reader: &mut Reader<'_>, node: &Node, what: &str, known: &[&str]) -> Option<String> {
    let name = reader.text(node, what)?;
    if !known.contains(&name) {
        reader.mistake(node.at, unknown(what, name, known.iter().copied()));
        return None;
    }
    Some(name.to_owned())
}

/// How long it must have been on the list: at least (`listed_for`), or less than (`listed_within`).
fn read_age(reader: &mut Reader<'_>, node: &Node, fields: &Fields<'_>) -> Age {
    let mut read = |name| fields.optional(reader, name).and_then(|node| read_length(reader, node, name));
    let age = Age { at_least: read("listed_for"), less_than: read("listed_within") };
    if (fields.has("listed_for") || fields.has("listed_within")) && !fields.has("list") {
        reader.mistake(node.at, "listed_for and listed_within need a list beside them");
    }
    if age.at_least.zip(age.less_than).is_some_and(|(at_least, less_than)| at_least >= less_than) {
        reader.mistake(node.at, "this can never match: listed_for must be less than listed_within");
    }
    age
}

fn read_length(reader: &mut Reader<'_>, node: &Node, name: &str) -> Option<Length> {
    let text = reader.duration_text(node, name)?;
    let seconds =
        reader.check(node.at, duration::seconds(text).map_err(|error| format!("{name}: {error}")))?;
    let length = Length::from_seconds(seconds);
    if length.is_none() {
        reader.mistake(node.at, format!("{name} must be at least 1s and at most ten years"));
    }
    length
}
