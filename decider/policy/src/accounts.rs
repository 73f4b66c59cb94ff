//! Accounts that are named together: a condition's sources, the members of a group.
//!
//! An exchange names tens of thousands of them. Whoever is among them is found, not looked for one by one.

use std::ops::Deref;

use crate::applicability::{destination_applies, destination_id_applies};
use crate::choice::Sense;
use crate::intent::Account;
use crate::matcher::AccountMatcher;
use crate::truth::Truth;
use crate::vocabulary::is_account_type;

/// Accounts, sorted by type and id, each named once. One without an id stands for all of its type, and before them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts(Vec<AccountMatcher>);

impl Accounts {
    /// Whether a source is one of these.
    pub fn match_source(&self, source: &Account, sense: Sense) -> Truth {
        self.match_any(source, true, |each| each.matches_source(source, sense))
    }

    /// Whether a destination of this operation is one of these.
    pub fn match_destination(&self, operation: &str, account: &Account, sense: Sense) -> Truth {
        let told_apart =
            destination_applies(operation) && destination_id_applies(operation, account.kind.as_deref());
        self.match_any(account, told_apart, |each| each.matches_destination(operation, account, sense))
    }

    /// Whether all of these are among those.
    pub fn are_within(&self, others: &Self) -> bool {
        self.iter().all(|one| others.cover(one))
    }

    /// Whether whoever is this account is one of these.
    pub fn cover(&self, one: &AccountMatcher) -> bool {
        self.of_its_type(&one.kind).is_some() || self.named(&one.kind, one.id.as_deref()).is_some()
    }

    /// Whether somebody may be this account and one of these.
    pub fn may_be(&self, one: &AccountMatcher) -> bool {
        let first = self.partition_point(|each| each.kind < one.kind);
        let of_type = self.get(first).is_some_and(|each| each.kind == one.kind);
        of_type && (one.id.is_none() || self.cover(one))
    }

    /// Whether somebody may be one of these and one of those.
    pub fn overlap(&self, others: &Self) -> bool {
        let (few, many) = if self.len() < others.len() { (self, others) } else { (others, self) };
        few.iter().any(|one| many.may_be(one))
    }

    /// `told_apart`: the account's type and id say which of these it is not.
    fn match_any(
        &self,
        account: &Account,
        told_apart: bool,
        matches: impl Fn(&AccountMatcher) -> Truth,
    ) -> Truth {
        match self.that_may_be(account).filter(|_| told_apart) {
            Some(few) => Truth::any(few.map(matches)),
            None => Truth::any(self.iter().map(matches)),
        }
    }

    /// Those that an account of a known type and id may be: for all the others the answer is no. `None`: it may be any.
    fn that_may_be(&self, account: &Account) -> Option<impl Iterator<Item = &AccountMatcher>> {
        let kind = account.kind.as_deref().filter(|kind| is_account_type(kind))?;
        let id = account.id.as_deref()?;
        Some(self.of_its_type(kind).into_iter().chain(self.named(kind, Some(id))))
    }

    /// The one that stands for all of a type.
    fn of_its_type(&self, kind: &str) -> Option<&AccountMatcher> {
        self.named(kind, None)
    }

    fn named(&self, kind: &str, id: Option<&str>) -> Option<&AccountMatcher> {
        let found = self.binary_search_by(|each| (each.kind.as_str(), each.id.as_deref()).cmp(&(kind, id)));
        found.ok().and_then(|position| self.get(position))
    }
}

impl Deref for Accounts {
    type Target = [AccountMatcher];

    fn deref(&self) -> &[AccountMatcher] {
        &self.0
    }
}

impl From<Vec<AccountMatcher>> for Accounts {
    fn from(mut accounts: Vec<AccountMatcher>) -> Self {
        accounts.sort();
        accounts.dedup();
        Self(accounts)
    }
}

impl FromIterator<AccountMatcher> for Accounts {
    fn from_iter<I: IntoIterator<Item = AccountMatcher>>(accounts: I) -> Self {
        Vec::from_iter(accounts).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::OPERATIONS;

    const TYPES: [Option<&str>; 5] = [None, Some("VAULT"), Some("EXCHANGE"), Some("UNMANAGED"), Some("NEW")];
    const IDS: [Option<&str>; 4] = [None, Some("0"), Some("1"), Some("2")];

    fn matchers() -> Vec<AccountMatcher> {
        let named =
            |kind: &str, id: Option<&str>| AccountMatcher { kind: kind.into(), id: id.map(str::to_owned) };
        let kinds = TYPES.into_iter().flatten();
        kinds.flat_map(|kind| IDS.map(|id| named(kind, id))).collect()
    }

    /// Every pair of matchers and none, unsorted.
    fn sets() -> Vec<Vec<AccountMatcher>> {
        let matchers = matchers();
        let pairs = matchers.iter().flat_map(|one| matchers.iter().map(|two| vec![two.clone(), one.clone()]));
        pairs.chain([Vec::new(), matchers.clone()]).collect()
    }

    #[test]
    fn to_find_them_says_what_asking_each_of_them_says() {
        for set in sets() {
            let accounts = Accounts::from(set.clone());
            for (kind, id) in TYPES.into_iter().flat_map(|kind| IDS.map(|id| (kind, id))) {
                let account =
                    Account { kind: kind.map(str::to_owned), id: id.map(str::to_owned), subtype: None };
                for sense in [Sense::Is, Sense::IsNot] {
                    let each = Truth::any(set.iter().map(|one| one.matches_source(&account, sense)));
                    assert_eq!(accounts.match_source(&account, sense), each, "{set:?} {account:?} {sense:?}");
                    for operation in OPERATIONS.into_iter().chain(["NEW"]) {
                        let asked =
                            |one: &AccountMatcher| one.matches_destination(operation, &account, sense);
                        let each = Truth::any(set.iter().map(asked));
                        let found = accounts.match_destination(operation, &account, sense);
                        assert_eq!(found, each, "{operation} {set:?} {account:?} {sense:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_may_be_both_and_what_is_within_is_found() {
        let sets: Vec<_> = sets().into_iter().map(|set| (Accounts::from(set.clone()), set)).collect();
        for (accounts, set) in &sets {
            for one in matchers() {
                assert_eq!(
                    accounts.cover(&one),
                    set.iter().any(|each| one.is_within(each)),
                    "{set:?} {one:?}"
                );
                assert_eq!(accounts.may_be(&one), set.iter().any(|each| one.may_be(each)), "{set:?} {one:?}");
            }
        }
        for (accounts, set) in sets.iter().step_by(7) {
            for (others, other_set) in &sets {
                let pairs = set.iter().any(|one| other_set.iter().any(|other| one.may_be(other)));
                assert_eq!(accounts.overlap(others), pairs, "{set:?} {other_set:?}");
            }
        }
    }
}
