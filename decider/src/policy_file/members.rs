//! Who is in which group: nothing is in two of them, or a charge would count in a sum that depends on the order
//! of names.

use std::collections::BTreeMap;
use std::sync::Arc;

use policy::condition::AccountMatcher;
use policy::list::AddressList;
use policy::vocabulary::is_matched_by_address;

use crate::yaml::{Node, Reader};

/// What an empty group is told.
pub const NOTHING_IN_IT: &str = "so that nothing belongs to it: name something, or leave it out";

/// Who is in which group so far.
#[derive(Default)]
pub struct Members {
    /// By type.
    accounts: BTreeMap<String, Accounts>,
    lists: Vec<(String, Arc<AddressList>)>,
}

/// The accounts of one type, with their groups.
#[derive(Default)]
struct Accounts {
    every: Option<String>,
    by_id: BTreeMap<String, String>,
}

impl Members {
    /// Adds an account to a group; a mistake where another has it.
    pub fn add_account(
        &mut self,
        reader: &mut Reader<'_>,
        node: &Node,
        group: &str,
        account: &AccountMatcher,
    ) {
        let accounts = self.accounts.entry(account.kind.clone()).or_default();
        if let Some(other) = accounts.overlap(account.id.as_deref()) {
            reader.mistake(
                node.at,
                format!("this account is in {other} already: nothing may be in two groups"),
            );
        }
        if is_matched_by_address(&account.kind)
            && let Some((other, _)) = self.lists.iter().find(|(other, _)| other != group)
        {
            reader.mistake(node.at, of_every_address(&account.kind, other));
        }
        match &account.id {
            Some(id) => drop(accounts.by_id.entry(id.clone()).or_insert_with(|| group.to_owned())),
            None => drop(accounts.every.get_or_insert_with(|| group.to_owned())),
        }
    }

    /// Adds a list to a group; a mistake where another has one of its addresses.
    pub fn add_list(&mut self, reader: &mut Reader<'_>, node: &Node, group: &str, list: &Arc<AddressList>) {
        let taken = self.lists.iter().find_map(|(other, known)| Some((other, known.overlap(list)?)));
        if let Some((other, address)) = taken {
            reader.mistake(node.at, format!("{address} is in {other} already: nothing may be in two groups"));
        }
        let open = self.accounts.iter().filter(|(kind, _)| is_matched_by_address(kind));
        let mut open = open.filter_map(|(kind, accounts)| Some((kind, accounts.every.as_ref()?)));
        if let Some((kind, other)) = open.find(|(_, other)| *other != group) {
            reader.mistake(node.at, of_every_address(kind, other));
        }
        if !self.lists.iter().any(|(_, known)| known.name == list.name) {
            self.lists.push((group.to_owned(), Arc::clone(list)));
        }
    }
}

fn of_every_address(kind: &str, other: &str) -> String {
    format!("{kind} is every address, and {other} has some of them: nothing may be in two groups")
}

impl Accounts {
    /// The group of an account that is also this one; without an id, of any.
    fn overlap(&self, id: Option<&str>) -> Option<&String> {
        let same = match id {
            Some(id) => self.by_id.get(id),
            None => self.by_id.values().next(),
        };
        self.every.as_ref().or(same)
    }
}
