//! Named groups: of sources, and of destinations that belong to one receiver.

use std::sync::Arc;

use crate::accounts::Accounts;
use crate::asset::Assets;
use crate::choice::{Asking, Sense};
use crate::intent::{Account, Destination, Intent};
use crate::list::{AddressList, Reading};
use crate::matcher::is_listed;
use crate::truth::Truth;

/// What limits of a policy see a charge by, beside their own words: the named groups that their keys can refer to, and
/// what is known of its asset now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Groups<'a> {
    /// The assets.
    pub assets: &'a Assets,
    /// Groups of sources.
    pub sources: &'a [SourceGroup],
    /// Groups of destinations.
    pub counterparties: &'a [Counterparty],
}

/// A named group of sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceGroup {
    /// Its name.
    pub name: String,
    /// Its accounts.
    pub accounts: Accounts,
}

impl SourceGroup {
    /// Whether an account belongs to it.
    pub fn contains(&self, source: &Account) -> Truth {
        self.accounts.match_source(source, Sense::Is)
    }
}

/// A named receiver: accounts and listed addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterparty {
    /// Its name.
    pub name: String,
    /// Its accounts.
    pub accounts: Accounts,
    /// Its addresses.
    pub lists: Vec<Arc<AddressList>>,
}

impl Counterparty {
    /// Whether a destination counts as belonging to it: a listed address under any tag does.
    pub fn contains(&self, intent: &Intent, destination: &Destination) -> Truth {
        self.matches(intent, destination, Asking { sense: Sense::Is, reading: Reading::Wide })
    }

    /// Whether a destination belongs to it, as a condition asks.
    pub fn matches(&self, intent: &Intent, destination: &Destination, asking: Asking) -> Truth {
        let account = self.accounts.match_destination(&intent.operation, &destination.account, asking.sense);
        let listed = self.lists.iter().map(|list| is_listed(list, intent, destination, asking));
        Truth::any(std::iter::once(account).chain(listed))
    }
}
