//! Sources and destinations as rules name them.

use std::sync::Arc;

use policy::condition::{AccountMatcher, DestinationMatcher};
use policy::list::Age;
use policy::time::Window;

use super::accounts::{account_of, check_matched_by_id};
use super::names::Names;
use crate::yaml::{Fields, Node, Reader, span};

const SOURCE_FIELDS: [&str; 3] = ["type", "id", "group"];
const DESTINATION_FIELDS: [&str; 5] = ["type", "id", "list", "listed_for", "listed_within"];

/// `{type, id}` or `{group}`, the latter as the accounts of the group.
pub fn read_source(reader: &mut Reader<'_>, node: &Node, names: &Names) -> Vec<AccountMatcher> {
    let Some(fields) = Fields::of(reader, node, "a source", &SOURCE_FIELDS) else { return Vec::new() };
    if let Some(group) = fields.optional(reader, "group") {
        if fields.has("type") || fields.has("id") {
            reader.mistake(node.at, "a source is either a group or a type with an id: write two entries");
        }
        return names.source_group(reader, group).unwrap_or_default().to_vec();
    }
    if fields.required(reader, "type").is_none() {
        return Vec::new();
    }
    account_of(reader, &fields).flatten().into_iter().collect()
}

/// `{type, id}`, `{list}` or `{type, list}`; beside a list, `listed_for` and `listed_within`.
pub fn read_destination(reader: &mut Reader<'_>, node: &Node, names: &Names) -> Option<DestinationMatcher> {
    let fields = Fields::of(reader, node, "a destination", &DESTINATION_FIELDS)?;
    if !fields.has("type") && !fields.has("list") {
        reader.mistake(node.at, "a destination needs a type, a list, or both");
        return None;
    }
    let account = account_of(reader, &fields)?;
    if let Some(account) = &account {
        check_matched_by_id(reader, node, account);
    }
    let list = match fields.optional(reader, "list") {
        Some(node) => Some(Arc::clone(&names.list(reader, node)?.list)),
        None => None,
    };
    let age = read_age(reader, node, &fields);
    Some(DestinationMatcher { account, list, age })
}

/// How long it must have been on the list: at least (`listed_for`), or less than (`listed_within`).
fn read_age(reader: &mut Reader<'_>, node: &Node, fields: &Fields<'_>) -> Age {
    let mut read = |name| fields.optional(reader, name).and_then(|node| read_window(reader, node, name));
    let age = Age { at_least: read("listed_for"), less_than: read("listed_within") };
    if (fields.has("listed_for") || fields.has("listed_within")) && !fields.has("list") {
        reader.mistake(node.at, "listed_for and listed_within need a list beside them");
    }
    if age.at_least.zip(age.less_than).is_some_and(|(at_least, less_than)| at_least >= less_than) {
        reader.mistake(node.at, "this can never match: listed_for must be less than listed_within");
    }
    age
}

fn read_window(reader: &mut Reader<'_>, node: &Node, name: &str) -> Option<Window> {
    let text = reader.text(node, name)?;
    let seconds = reader.check(node.at, span::seconds(text).map_err(|error| format!("{name}: {error}")))?;
    let window = Window::from_seconds(seconds);
    if window.is_none() {
        reader.mistake(node.at, format!("{name} must be at least 1s and at most ten years"));
    }
    window
}
