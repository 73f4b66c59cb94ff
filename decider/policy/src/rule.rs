//! Deny and allow rules: a name and what it takes to match.

use crate::choice::Choice;
use crate::circumstances::Circumstances;
use crate::condition::{CheckedCondition, Conditions, Field};
use crate::condition_index::Named;
use crate::intent::Intent;
use crate::list::Reading;
use crate::truth::Truth;
use crate::vocabulary::TRANSFER;

/// What a rule does where it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Effect {
    /// Denies the transaction.
    Deny,
    /// Covers the transaction.
    Allow,
}

/// One rule of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Name in the policy, unique among its rules and limits.
    pub id: String,
    /// What must hold.
    pub when: Conditions,
    /// Of a deny rule: whether people may decide at the console over what it cannot tell of.
    pub leave_to_console: bool,
}

impl Rule {
    /// Whether a deny rule matches: one destination is enough.
    pub fn denies(&self, intent: &Intent, circumstances: &Circumstances) -> Truth {
        CheckedCondition::all(self.parts_of_denying(intent, circumstances))
    }

    /// Whether an allow rule covers the whole transaction: every destination, and an operation it names, or a
    /// plain transfer (decision model, sections 1 and 5). To rule operations out is not to name the others.
    pub fn covers(&self, intent: &Intent, circumstances: &Circumstances) -> Truth {
        CheckedCondition::all(self.parts_of_covering(intent, circumstances))
    }

    /// What must hold for a deny rule to match, one by one.
    pub fn parts_of_denying(
        &self,
        intent: &Intent,
        circumstances: &Circumstances,
    ) -> impl Iterator<Item = CheckedCondition> {
        let any = self.when.of_any_destination(intent, Reading::Wide, circumstances.at);
        self.parts(intent, circumstances, Reading::Wide).chain([(Field::Destination, any).into()])
    }

    /// What must hold for an allow rule to cover the transaction, one by one.
    pub fn parts_of_covering(
        &self,
        intent: &Intent,
        circumstances: &Circumstances,
    ) -> impl Iterator<Item = CheckedCondition> {
        let named = self.when.operations.as_ref().is_some_and(|choice| choice.one_of().is_some());
        let plain = named || intent.operation == TRANSFER;
        let every = self.when.of_every_destination(intent, Reading::Narrow, circumstances.at);
        let parts = self.parts(intent, circumstances, Reading::Narrow);
        [(Field::PlainTransfer, plain.into()).into()].into_iter().chain(parts).chain([(
            Field::Destination,
            every,
        )
            .into()])
    }

    /// What it can be found by among the rules of its effect. An allow rule covers a few operations even where it names
    /// none.
    pub fn named(&self, effect: Effect) -> Named {
        let named = Named::by(&self.when);
        match effect {
            Effect::Deny => named,
            Effect::Allow => named.covering(&covered_operations(&self.when)),
        }
    }

    fn parts(
        &self,
        intent: &Intent,
        circumstances: &Circumstances,
        reading: Reading,
    ) -> impl Iterator<Item = CheckedCondition> {
        let transaction = self.when.parts_of_transaction(intent);
        let value = self.when.of_usd(intent, circumstances.price_doubt.as_deref());
        let value = std::iter::once((Field::AmountUsd, value).into());
        transaction.chain(value).chain(self.when.circumstances.parts(intent, circumstances, reading))
    }
}

/// The operations that an allow rule can cover: those it names, or a plain transfer.
pub fn covered_operations(when: &Conditions) -> Vec<&str> {
    match when.operations.as_ref().and_then(Choice::one_of) {
        Some(names) => names.iter().map(String::as_str).collect(),
        None => vec![TRANSFER],
    }
}
