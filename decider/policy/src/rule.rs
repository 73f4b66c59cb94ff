//! Deny and allow rules: a name and what it takes to match.

use crate::circumstances::Circumstances;
use crate::condition::Conditions;
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
        let reading = Reading::Wide;
        Truth::all([
            self.when.of_transaction(intent),
            self.when.of_usd(intent, circumstances.price_doubt.as_deref()),
            self.when.circumstances.hold(intent, circumstances, reading),
            self.when.of_any_destination(intent, reading, circumstances.at),
        ])
    }

    /// Whether an allow rule covers the whole transaction: every destination, and an operation it names, or a
    /// plain transfer (decision model, sections 1 and 5). To rule operations out is not to name the others.
    pub fn covers(&self, intent: &Intent, circumstances: &Circumstances) -> Truth {
        let reading = Reading::Narrow;
        let named = self.when.operations.as_ref().is_some_and(|choice| choice.one_of().is_some());
        Truth::all([
            (named || intent.operation == TRANSFER).into(),
            self.when.of_transaction(intent),
            self.when.of_usd(intent, circumstances.price_doubt.as_deref()),
            self.when.circumstances.hold(intent, circumstances, reading),
            self.when.of_every_destination(intent, reading, circumstances.at),
        ])
    }
}
