//! Sources and destinations as rules name them.

use std::sync::Arc;

use policy::condition::{AccountMatcher, DestinationMatcher};

use super::accounts::{account_of, check_matched_by_id};
use super::names::Names;
use crate::yaml::{Fields, Node, Reader};

const SOURCE_FIELDS: [&str; 3] = ["type", "id", "group"];
const DESTINATION_FIELDS: [&str; 3] = ["type", "id", "list"];

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

/// `{type, id}`, `{list}` or `{type, list}`.
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
    Some(DestinationMatcher { account, list })
}
