//! `source_groups` and `counterparties`: names that the keys of limits keep sums apart by. Nothing is in two of
//! them, or a charge would count in a sum that depends on the order of names.

use std::collections::BTreeMap;
use std::sync::Arc;

use policy::condition::AccountMatcher;
use policy::group::Counterparty;

use super::ids::check_name;
use super::lists::Entry;
use super::matchers::{read_account, read_destination_account};
use super::names::Names;
use crate::yaml::{Fields, Node, Reader};

const COUNTERPARTY_FIELDS: [&str; 2] = ["accounts", "lists"];
const NOTHING_IN_IT: &str = "so that nothing belongs to it: name something, or leave it out";

pub fn read_sources(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, Vec<AccountMatcher>> {
    let Some(node) = fields.optional(reader, "source_groups") else { return BTreeMap::new() };
    let mut members = Members::default();
    let mut groups = BTreeMap::new();
    for (name, at, node) in reader.entries(node, "source_groups").unwrap_or_default() {
        check_name(reader, name, at);
        let mut accounts = Vec::new();
        for entry in reader.some(node, "a source group", NOTHING_IN_IT).unwrap_or_default() {
            let Some(account) = read_account(reader, entry) else { continue };
            members.add_account(reader, entry, name, &account);
            accounts.push(account);
        }
        groups.insert(name.to_owned(), accounts);
    }
    groups
}

pub fn read_counterparties(reader: &mut Reader<'_>, fields: &Fields<'_>, names: &Names) -> Vec<Counterparty> {
    let Some(node) = fields.optional(reader, "counterparties") else { return Vec::new() };
    let mut members = Members::default();
    let mut counterparties = Vec::new();
    for (name, at, node) in reader.entries(node, "counterparties").unwrap_or_default() {
        check_name(reader, name, at);
        counterparties.extend(read_counterparty(reader, name, node, names, &mut members));
    }
    counterparties
}

fn read_counterparty(
    reader: &mut Reader<'_>,
    name: &str,
    node: &Node,
    names: &Names,
    members: &mut Members,
) -> Option<Counterparty> {
    let fields = Fields::of(reader, node, "a counterparty", &COUNTERPARTY_FIELDS)?;
    let mut counterparty = Counterparty { name: name.to_owned(), accounts: Vec::new(), lists: Vec::new() };
    let accounts = fields.optional(reader, "accounts");
    for node in accounts.and_then(|node| reader.some(node, "accounts", NOTHING_IN_IT)).unwrap_or_default() {
        let Some(account) = read_destination_account(reader, node) else { continue };
        members.add_account(reader, node, name, &account);
        counterparty.accounts.push(account);
    }
    let lists = fields.optional(reader, "lists");
    for node in lists.and_then(|node| reader.some(node, "lists", NOTHING_IN_IT)).unwrap_or_default() {
        let Some(list) = names.list(reader, node) else { continue };
        members.add_list(reader, node, name, &list.entries);
        counterparty.lists.push(Arc::clone(&list.list));
    }
    if !fields.has("accounts") && !fields.has("lists") {
        reader.mistake(fields.at, format!("counterparty {name} has neither accounts nor lists"));
    }
    Some(counterparty)
}

/// Who is in which group so far.
#[derive(Default)]
struct Members {
    accounts: Vec<(String, AccountMatcher)>,
    entries: Vec<(String, Entry)>,
}

impl Members {
    fn add_account(&mut self, reader: &mut Reader<'_>, node: &Node, group: &str, account: &AccountMatcher) {
        if let Some((other, _)) = self.accounts.iter().find(|(_, known)| overlap(known, account)) {
            reader.mistake(
                node.at,
                format!("this account is in {other} already: nothing may be in two groups"),
            );
        }
        self.accounts.push((group.to_owned(), account.clone()));
    }

    fn add_list(&mut self, reader: &mut Reader<'_>, node: &Node, group: &str, entries: &[Entry]) {
        let taken = entries.iter().find_map(|entry| {
            let (other, _) = self.entries.iter().find(|(_, known)| known.overlaps(entry))?;
            Some((other.clone(), entry))
        });
        if let Some((other, entry)) = taken {
            let address = &entry.address;
            reader.mistake(node.at, format!("{address} is in {other} already: nothing may be in two groups"));
        }
        self.entries.extend(entries.iter().map(|entry| (group.to_owned(), entry.clone())));
    }
}

/// Whether some account would be both.
fn overlap(one: &AccountMatcher, other: &AccountMatcher) -> bool {
    one.kind == other.kind && (one.id.is_none() || other.id.is_none() || one.id == other.id)
}
