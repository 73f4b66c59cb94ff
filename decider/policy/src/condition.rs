//! What rules and limits can ask of a transaction, each answer three-valued.

mod circumstance;
mod destination;
mod part;
mod range;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::accounts::Accounts;
use crate::amount::Amount;
use crate::applicability::{amount_applies, call_applies, destination_applies};
use crate::caller::CallerConditions;
use crate::choice::{Asking, Choice};
use crate::intent::{Account, Destination, Intent};
use crate::list::{AddressList, Reading};
use crate::request::Stage;
use crate::time::Time;
use crate::truth::Truth;
use crate::usd::Usd;

pub use crate::matcher::AccountMatcher;
pub use circumstance::{CircumstanceConditions, FeeBounds};
pub use destination::DestinationMatcher;
pub use part::{CheckedCondition, Field};
pub use range::Range;

/// Conditions that must all hold. `None` is "any".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Who asks.
    pub caller: CallerConditions,
    /// One of these API users.
    pub signers: Option<Choice<BTreeSet<String>>>,
    /// One of these stages.
    pub stages: Option<BTreeSet<Stage>>,
    /// One of these operations.
    pub operations: Option<Choice<BTreeSet<String>>>,
    /// One of these accounts.
    pub sources: Option<Choice<Accounts>>,
    /// One of these, for each destination (allow) or for any (deny, limit).
    pub destinations: Option<Choice<Vec<DestinationMatcher>>>,
    /// The contract that is called is on this list: the address of each destination, or of any.
    pub contracts: Option<Arc<AddressList>>,
    /// One of these assets. A policy knows all of its assets, so that chains, classes and what is ruled out come
    /// down to a set of them.
    pub assets: Option<Arc<BTreeSet<String>>>,
    /// What they say of an asset that the policy does not know any more: charges of it stay in the ledger. `None`: they
    /// do not ask for it, because assets are asked for by id.
    pub unlisted: Option<Unlisted>,
    /// Bounds on the transaction's total.
    pub amount: Range<Amount>,
    /// Bounds on the transaction's value.
    pub usd: Range<Usd>,
    /// What is asked of the request beside its intent. A limit asks nothing here: a charge does not keep it.
    pub circumstances: CircumstanceConditions,
}

/// What holds of an asset that the policy does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlisted {
    /// The assets that it knows.
    pub known: Arc<BTreeSet<String>>,
    /// Whether chains or classes are asked for: nobody can tell those of any other. Else others are ruled out by id, and
    /// it is none of them.
    pub by_kind: bool,
}

impl Unlisted {
    fn holds(&self, id: &str) -> Truth {
        match self.known.contains(id) {
            true => Truth::False,
            false if self.by_kind => Truth::unknown(format!("the policy does not know asset {id} any more")),
            false => Truth::True,
        }
    }
}

impl Conditions {
    /// Whether they ask for this asset, by id, or for any.
    pub fn covers_asset(&self, id: &str) -> bool {
        self.assets.as_ref().is_none_or(|assets| assets.contains(id))
    }

    /// The same of an asset that the policy may have known before.
    fn of_asset(&self, id: &str) -> Truth {
        match &self.unlisted {
            Some(unlisted) if !self.covers_asset(id) => unlisted.holds(id),
            _ => self.covers_asset(id).into(),
        }
    }

    /// The conditions over the transaction as a whole, but for its value.
    pub fn of_transaction(&self, intent: &Intent) -> Truth {
        CheckedCondition::all(self.parts_of_transaction(intent))
    }

    /// The same, one by one.
    pub fn parts_of_transaction(&self, intent: &Intent) -> impl Iterator<Item = CheckedCondition> {
        let stage = self.stages.as_ref().is_none_or(|stages| stages.contains(&intent.stage));
        let parts = [
            (Field::Tenant, self.caller.of_tenant(&intent.tenant)),
            (Field::CallerProof, self.caller.of_proof(intent.caller_proof)),
            (Field::Signers, self.of_signer(intent.signer.as_ref())),
            (Field::Stages, stage.into()),
            (Field::Operations, has(&self.operations, Some(&intent.operation), "the operation")),
            (Field::Assets, self.of_asset(&intent.asset)),
            (Field::Source, self.of_source(&intent.source)),
            (Field::Amount, self.of_amount(intent)),
        ];
        parts.into_iter().map(CheckedCondition::from)
    }

    /// Whether every destination satisfies the conditions over destinations.
    pub fn of_every_destination(&self, intent: &Intent, reading: Reading, at: Time) -> Truth {
        self.of_destinations(intent, Truth::all, reading, at)
    }

    /// Whether any destination does.
    pub fn of_any_destination(&self, intent: &Intent, reading: Reading, at: Time) -> Truth {
        self.of_destinations(intent, Truth::any, reading, at)
    }

    /// Whether this destination satisfies the conditions over destinations.
    pub fn of_destination(
        &self,
        intent: &Intent,
        destination: &Destination,
        reading: Reading,
        at: Time,
    ) -> Truth {
        let is_one = |matchers: &Vec<DestinationMatcher>, asking: Asking| {
            Truth::any(matchers.iter().map(|matcher| matcher.matches(intent, destination, asking, at)))
        };
        let chosen = self.destinations.as_ref().map_or(Truth::True, |choice| choice.holds(reading, is_one));
        Truth::all([chosen, self.of_contract(intent, destination, reading)])
    }

    /// Whether the source satisfies the source condition.
    pub fn of_source(&self, source: &Account) -> Truth {
        let Some(choice) = &self.sources else { return Truth::True };
        choice.holds(Reading::Wide, |accounts, asking| accounts.match_source(source, asking.sense))
    }

    /// Whether a signer satisfies the signer condition.
    pub fn of_signer(&self, signer: Option<&String>) -> Truth {
        has(&self.signers, signer, "the signer")
    }

    fn of_destinations(
        &self,
        intent: &Intent,
        combine: impl Fn(Vec<Truth>) -> Truth,
        reading: Reading,
        at: Time,
    ) -> Truth {
        if self.destinations.is_none() && self.contracts.is_none() {
            return Truth::True;
        }
        let calls = self.contracts.is_none() || call_applies(&intent.operation);
        if !calls || !destination_applies(&intent.operation) {
            return Truth::False;
        }
        if intent.destinations.is_empty() {
            return Truth::unknown("the destination is missing");
        }
        combine(
            intent.destinations.iter().map(|each| self.of_destination(intent, each, reading, at)).collect(),
        )
    }

    /// The contract is whoever the call is sent to: its address is never beside the point.
    fn of_contract(&self, intent: &Intent, destination: &Destination, reading: Reading) -> Truth {
        let Some(list) = &self.contracts else { return Truth::True };
        if !call_applies(&intent.operation) {
            return Truth::False;
        }
        let Some(address) = &destination.address else {
            if intent.is_of_another_chain(list.chain) {
                return Truth::False;
            }
            return Truth::unknown(format!("the contract's address is missing for list {}", list.name));
        };
        list.contains(address, destination.tag.as_deref(), intent.tag_required, reading)
    }

    fn of_amount(&self, intent: &Intent) -> Truth {
        if self.amount.is_unbounded() {
            return Truth::True;
        }
        (amount_applies(&intent.operation) && self.amount.contains(&intent.amount)).into()
    }

    /// The condition over the value; `doubt` says why there may be none.
    pub fn of_usd(&self, intent: &Intent, doubt: Option<&str>) -> Truth {
        if self.usd.is_unbounded() {
            return Truth::True;
        }
        if !amount_applies(&intent.operation) {
            return Truth::False;
        }
        match intent.usd() {
            Some(value) => self.usd.contains(&value).into(),
            None => Truth::unknown(doubt.unwrap_or("the USD value is missing")),
        }
    }
}

fn has<T: Ord>(wanted: &Option<Choice<BTreeSet<T>>>, given: Option<&T>, what: &str) -> Truth {
    wanted.as_ref().map_or(Truth::True, |choice| choice.has(given, what))
}
