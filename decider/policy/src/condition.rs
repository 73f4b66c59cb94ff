//! What rules and limits can ask of a transaction, each answer three-valued.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::amount::Amount;
use crate::applicability::{address_applies, amount_applies, destination_applies, destination_id_applies};
use crate::intent::{Account, Destination, Intent};
use crate::list::{AddressList, Age, Reading};
use crate::request::Stage;
use crate::time::Time;
use crate::truth::Truth;
use crate::usd::Usd;

/// Conditions that must all hold. `None` is "any".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// One of these API users.
    pub signers: Option<BTreeSet<String>>,
    /// One of these stages.
    pub stages: Option<BTreeSet<Stage>>,
    /// One of these operations.
    pub operations: Option<BTreeSet<String>>,
    /// One of these accounts.
    pub sources: Option<Vec<AccountMatcher>>,
    /// One of these, for each destination (allow) or for any (deny, limit).
    pub destinations: Option<Vec<DestinationMatcher>>,
    /// One of these assets.
    pub assets: Option<BTreeSet<String>>,
    /// Bounds on the transaction's total.
    pub amount: Range<Amount>,
    /// Bounds on the transaction's value.
    pub usd: Range<Usd>,
}

/// Bounds on a total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range<T> {
    /// At most this.
    pub max: Option<T>,
    /// More than this.
    pub over: Option<T>,
}

impl<T> Default for Range<T> {
    fn default() -> Self {
        Self { max: None, over: None }
    }
}

/// Accounts by type and, where given, id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountMatcher {
    /// Account type.
    pub kind: String,
    /// Account id; `None` is every account of the type.
    pub id: Option<String>,
}

/// Destinations by account, by list, or by both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationMatcher {
    /// The account it must be.
    pub account: Option<AccountMatcher>,
    /// The list that must hold its address.
    pub list: Option<Arc<AddressList>>,
    /// How long it must have been on the list.
    pub age: Age,
}

impl Conditions {
    /// The conditions over the transaction as a whole.
    pub fn of_transaction(&self, intent: &Intent) -> Truth {
        Truth::all([
            one_of(&self.signers, intent.signer.as_ref(), "the signer"),
            one_of(&self.stages, Some(&intent.stage), "the stage"),
            one_of(&self.operations, Some(&intent.operation), "the operation"),
            one_of(&self.assets, Some(&intent.asset), "the asset"),
            self.of_source(&intent.source),
            self.of_amount(intent),
            self.of_usd(intent),
        ])
    }

    /// Whether every destination satisfies the destination condition.
    pub fn of_every_destination(&self, intent: &Intent, reading: Reading, at: Time) -> Truth {
        self.of_destinations(intent, Truth::all, reading, at)
    }

    /// Whether any destination does.
    pub fn of_any_destination(&self, intent: &Intent, reading: Reading, at: Time) -> Truth {
        self.of_destinations(intent, Truth::any, reading, at)
    }

    /// Whether this destination satisfies the destination condition.
    pub fn of_destination(
        &self,
        intent: &Intent,
        destination: &Destination,
        reading: Reading,
        at: Time,
    ) -> Truth {
        let Some(matchers) = &self.destinations else { return Truth::True };
        Truth::any(matchers.iter().map(|matcher| matcher.matches(intent, destination, reading, at)))
    }

    /// Whether the source satisfies the source condition.
    pub fn of_source(&self, source: &Account) -> Truth {
        let Some(matchers) = &self.sources else { return Truth::True };
        Truth::any(matchers.iter().map(|matcher| matcher.matches_source(source)))
    }

    fn of_destinations(
        &self,
        intent: &Intent,
        combine: impl Fn(Vec<Truth>) -> Truth,
        reading: Reading,
        at: Time,
    ) -> Truth {
        if self.destinations.is_none() {
            return Truth::True;
        }
        if !destination_applies(&intent.operation) {
            return Truth::False;
        }
        if intent.destinations.is_empty() {
            return Truth::unknown("the destination is missing");
        }
        combine(
            intent.destinations.iter().map(|each| self.of_destination(intent, each, reading, at)).collect(),
        )
    }

    fn of_amount(&self, intent: &Intent) -> Truth {
        if self.amount.is_unbounded() {
            return Truth::True;
        }
        (amount_applies(&intent.operation) && self.amount.contains(&intent.amount)).into()
    }

    fn of_usd(&self, intent: &Intent) -> Truth {
        if self.usd.is_unbounded() {
            return Truth::True;
        }
        if !amount_applies(&intent.operation) {
            return Truth::False;
        }
        match intent.usd() {
            Some(value) => self.usd.contains(&value).into(),
            None => Truth::unknown("the USD value is missing"),
        }
    }
}

impl<T: PartialOrd> Range<T> {
    fn is_unbounded(&self) -> bool {
        self.max.is_none() && self.over.is_none()
    }

    fn contains(&self, value: &T) -> bool {
        self.max.as_ref().is_none_or(|max| value <= max) && self.over.as_ref().is_none_or(|over| value > over)
    }
}

impl AccountMatcher {
    /// Whether a source is this account. Type and id of a source always apply.
    pub fn matches_source(&self, source: &Account) -> Truth {
        Truth::all([
            equals(&self.kind, source.kind.as_ref(), "the source's type"),
            self.id.as_ref().map_or(Truth::True, |id| equals(id, source.id.as_ref(), "the source's id")),
        ])
    }

    /// Whether a destination of this operation is this account.
    pub fn matches_destination(&self, operation: &str, account: &Account) -> Truth {
        if !destination_applies(operation) {
            return Truth::False;
        }
        Truth::all([
            equals(&self.kind, account.kind.as_ref(), "a destination's type"),
            self.id.as_ref().map_or(Truth::True, |id| destination_id(id, operation, account)),
        ])
    }
}

impl DestinationMatcher {
    fn matches(&self, intent: &Intent, destination: &Destination, reading: Reading, at: Time) -> Truth {
        let account = self.account.as_ref().map_or(Truth::True, |account| {
            account.matches_destination(&intent.operation, &destination.account)
        });
        let listed =
            self.list.as_ref().map_or(Truth::True, |list| is_listed(list, intent, destination, reading));
        Truth::all([account, listed, self.of_age(destination, reading, at)])
    }
}

impl DestinationMatcher {
    /// Without a list or an address, whether it is listed says it all.
    fn of_age(&self, destination: &Destination, reading: Reading, at: Time) -> Truth {
        match (&self.list, &destination.address) {
            (Some(list), Some(address)) => {
                list.is_of_age(self.age, address, destination.tag.as_deref(), reading, at)
            }
            _ => Truth::True,
        }
    }
}

/// Whether a destination's address is on a list.
pub fn is_listed(list: &AddressList, intent: &Intent, destination: &Destination, reading: Reading) -> Truth {
    match &destination.address {
        Some(address) => list.contains(address, destination.tag.as_deref(), intent.tag_required, reading),
        None if address_applies(&intent.operation, destination.account.kind.as_deref(), intent.stage) => {
            Truth::unknown(format!("a destination's address is missing for list {}", list.name))
        }
        None => Truth::False,
    }
}

fn destination_id(id: &String, operation: &str, account: &Account) -> Truth {
    if destination_id_applies(operation, account.kind.as_deref()) {
        equals(id, account.id.as_ref(), "a destination's id")
    } else {
        Truth::False
    }
}

fn equals(wanted: &String, given: Option<&String>, what: &str) -> Truth {
    given.map_or_else(|| missing(what), |given| (given == wanted).into())
}

fn one_of<T: Ord>(wanted: &Option<BTreeSet<T>>, given: Option<&T>, what: &str) -> Truth {
    match (wanted, given) {
        (None, _) => Truth::True,
        (Some(wanted), Some(given)) => wanted.contains(given).into(),
        (Some(_), None) => missing(what),
    }
}

fn missing(what: &str) -> Truth {
    Truth::unknown(format!("{what} is missing"))
}
