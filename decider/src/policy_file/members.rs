//! Who is in which group: nothing is in two of them, or a charge would count in a sum that depends on the order
//! of names.

use policy::condition::AccountMatcher;

use super::lists::Entry;
use crate::yaml::{Node, Reader};

/// What an empty group is told.
pub const NOTHING_IN_IT: &str = "so that nothing belongs to it: name something, or leave it out";

/// Who is in which group so far.
#[derive(Default)]
pub struct Members {
    accounts: Vec<(String, AccountMatcher)>,
    entries: Vec<(String, Entry)>,
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
        if let Some((other, _)) = self.accounts.iter().find(|(_, known)| overlap(known, account)) {
            reader.mistake(
                node.at,
                format!("this account is in {other} already: nothing may be in two groups"),
            );
        }
        self.accounts.push((group.to_owned(), account.clone()));
    }

    /// Adds the entries of a list to a group; a mistake where another has one of them.
    pub fn add_list(&mut self, reader: &mut Reader<'_>, node: &Node, group: &str, entries: &[Entry]) {
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
