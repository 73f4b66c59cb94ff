//! Accounts by type and id.

use policy::condition::AccountMatcher;
use policy::vocabulary::{ACCOUNT_TYPES, is_account_type, is_matched_by_address};

use crate::yaml::names::unknown;
use crate::yaml::{Fields, Node, Reader};

const FIELDS: [&str; 2] = ["type", "id"];

/// `{type, id}`: an account, or every account of a type.
pub fn read_account(reader: &mut Reader<'_>, node: &Node) -> Option<AccountMatcher> {
    let fields = Fields::of(reader, node, "an account", &FIELDS)?;
    fields.required(reader, "type")?;
    account_of(reader, &fields)?
}

/// The same for an account that is paid.
pub fn read_destination_account(reader: &mut Reader<'_>, node: &Node) -> Option<AccountMatcher> {
    let account = read_account(reader, node)?;
    check_matched_by_id(reader, node, &account);
    Some(account)
}

/// The account under `type` and `id`. `None`: a mistake. `Some(None)`: no account was asked for.
#[allow(clippy::option_option, reason = "a mistake is not the same as nothing asked")]
pub fn account_of(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Option<AccountMatcher>> {
    let id = match fields.optional(reader, "id") {
        Some(node) => Some((node, reader.id(node, "id")?.to_owned())),
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
    reader.check(node.at, check_type(name)).map(|()| name.to_owned())
}

/// A type that nobody has would never match.
pub fn check_type(name: &str) -> Result<(), String> {
    if is_account_type(name) { Ok(()) } else { Err(unknown("account type", name, ACCOUNT_TYPES)) }
}

/// The id of a destination that is matched by address would never be looked at.
pub fn check_matched_by_id(reader: &mut Reader<'_>, node: &Node, account: &AccountMatcher) {
    if account.id.is_some() && is_matched_by_address(&account.kind) {
        let kind = &account.kind;
        reader.mistake(
            node.at,
            format!("{kind} is matched by address, never by id: name a list instead of the id"),
        );
    }
}
