//! `counterparties`: names for the receivers that the keys of limits keep sums apart by.

use std::sync::Arc;

use policy::accounts::Accounts;
use policy::group::Counterparty;

use super::accounts::read_destination_account;
use super::ids::check_name;
use super::members::{Members, NOTHING_IN_IT};
use super::names::Names;
use crate::yaml::{Fields, Node, Reader};

const FIELDS: [&str; 2] = ["accounts", "lists"];

pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, names: &Names) -> Vec<Counterparty> {
    let Some(node) = fields.optional(reader, "counterparties") else { return Vec::new() };
    let mut members = Members::default();
    let mut counterparties = Vec::new();
    for (name, at, node) in reader.entries(node, "counterparties").unwrap_or_default() {
        check_name(reader, name, at);
        counterparties.push(read_counterparty(reader, name, node, names, &mut members));
    }
    counterparties
}

fn read_counterparty(
    reader: &mut Reader<'_>,
    name: &str,
    node: &Node,
    names: &Names,
    members: &mut Members,
) -> Counterparty {
    let mut counterparty =
        Counterparty { name: name.to_owned(), accounts: Accounts::default(), lists: Vec::new() };
    let Some(fields) = Fields::of(reader, node, "a counterparty", &FIELDS) else { return counterparty };
    let mut read = Vec::new();
    let accounts = fields.optional(reader, "accounts");
    for node in accounts.and_then(|node| reader.some(node, "accounts", NOTHING_IN_IT)).unwrap_or_default() {
        let Some(account) = read_destination_account(reader, node) else { continue };
        members.add_account(reader, node, name, &account);
        read.push(account);
    }
    counterparty.accounts = read.into();
    let lists = fields.optional(reader, "lists");
    for node in lists.and_then(|node| reader.some(node, "lists", NOTHING_IN_IT)).unwrap_or_default() {
        let Some(list) = names.list(reader, node) else { continue };
        members.add_list(reader, node, name, &list.list);
        counterparty.lists.push(Arc::clone(&list.list));
    }
    if !fields.has("accounts") && !fields.has("lists") {
        reader.mistake(fields.at, format!("counterparty {name} has neither accounts nor lists"));
    }
    counterparty
}
