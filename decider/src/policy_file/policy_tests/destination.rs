//! Accounts and destinations of a test's request.

use policy::request::{AccountText, DestinationText, RawTransactionText};
use policy::vocabulary::{ACCOUNT_TYPES, ADDRESS_TYPES};

use super::words::{known, text, text_or_empty};
use crate::yaml::{Fields, Node, Reader};

pub const SOURCE_FIELDS: [&str; 3] = ["type", "id", "subtype"];
pub const DESTINATION_FIELDS: [&str; 9] =
    ["type", "id", "subtype", "address", "display_address", "tag", "address_type", "amount", "amount_usd"];
pub const RAW_FIELDS: [&str; 2] = ["raw", "payload"];

pub fn read_source(reader: &mut Reader<'_>, node: &Node) -> Option<AccountText> {
    let fields = Fields::of(reader, node, "a source", &SOURCE_FIELDS)?;
    Some(read_account(reader, &fields))
}

pub fn read_destination(reader: &mut Reader<'_>, node: &Node) -> Option<DestinationText> {
    let fields = Fields::of(reader, node, "a destination", &DESTINATION_FIELDS)?;
    Some(DestinationText {
        account: read_account(reader, &fields),
        amount: text(reader, &fields, "amount"),
        amount_usd: text(reader, &fields, "amount_usd"),
        address: text(reader, &fields, "address"),
        display_address: text(reader, &fields, "display_address"),
        tag: text_or_empty(reader, &fields, "tag"),
        address_type: known(reader, &fields, "address_type", "address type", &ADDRESS_TYPES),
    })
}

pub fn read_raw(reader: &mut Reader<'_>, node: &Node) -> Option<RawTransactionText> {
    let fields = Fields::of(reader, node, "a raw transaction", &RAW_FIELDS)?;
    Some(RawTransactionText { raw: text(reader, &fields, "raw"), payload: text(reader, &fields, "payload") })
}

fn read_account(reader: &mut Reader<'_>, fields: &Fields<'_>) -> AccountText {
    AccountText {
        kind: known(reader, fields, "type", "account type", &ACCOUNT_TYPES),
        id: text(reader, fields, "id"),
        subtype: text(reader, fields, "subtype"),
    }
}
