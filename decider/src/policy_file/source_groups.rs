//! `source_groups`: names that the keys of limits keep sums apart by.

use std::collections::BTreeMap;

use policy::accounts::Accounts;

use super::accounts::read_account;
use super::ids::check_name;
use super::members::{Members, NOTHING_IN_IT};
use crate::yaml::{Fields, Reader};

pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, Accounts> {
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
        groups.insert(name.to_owned(), accounts.into());
    }
    groups
}
