//! Sources and destinations as rules name them.

use std::sync::Arc;

use policy::condition::{AccountMatcher, DestinationMatcher};
use policy::vocabulary::{ACCOUNT_TYPES, is_matched_by_address};

use super::names::Names;
use crate::yaml::fields::unknown;
use crate::yaml::{Fields, Node, Reader};

const ACCOUNT_FIELDS: [&str; 2] = ["type", "id"];
const SOURCE_FIELDS: [&str; 3] = ["type", "id", "group"];
const DESTINATION_FIELDS: [&str; 3] = ["type", "id", "list"];

/// `{type, id}`: an account, or every account of a type.
pub fn read_account(reader: &mut Reader<'_>, node: &Node) -> Option<AccountMatcher> {
    let fields = Fields::of(reader, node, "an account", &ACCOUNT_FIELDS)?;
    fields.required(reader, "type")?;
    account_of(reader, &fields)?
}

/// The same for an account that is paid.
pub fn read_destination_account(reader: &mut Reader<'_>, node: &Node) -> Option<AccountMatcher> {
    let account = read_account(reader, node)?;
    check_matched_by_id(reader, node, &account);
    Some(account)
}

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

/// `None`: a mistake. `Some(None)`: no account was asked for.
#[allow(clippy::option_option, reason = "a mistake is not the same as nothing asked")]
fn account_of(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Option<AccountMatcher>> {
    let id = match fields.optional(reader, "id") {
        Some(node) => Some((node, reader.text(node, "id")?.to_owned())),
        None => None,
    };
    match (fields.optional(reader, "type"), id) {
        (None, None) => Some(None),
        (None, Some((node, _))) => {
            reader.mistake(node.at, "an id needs a type beside it: ids of different types can be alike");
            None
        }
        (Some(kind), id) => {
            let kind = read_type(reader, kind)?;
            Some(Some(AccountMatcher { kind, id: id.map(|(_, id)| id) }))
        }
    }
}

fn read_type(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let name = reader.text(node, "type")?;
    if !ACCOUNT_TYPES.contains(&name) {
        reader.mistake(node.at, unknown("account type", name, ACCOUNT_TYPES));
        return None;
    }
    Some(name.to_owned())
}

fn check_matched_by_id(reader: &mut Reader<'_>, node: &Node, account: &AccountMatcher) {
    if account.id.is_some() && is_matched_by_address(&account.kind) {
        let kind = &account.kind;
        reader.mistake(
            node.at,
            format!("{kind} is matched by address, never by id: name a list instead of the id"),
        );
    }
}
