//! What a rule can ask of a request beside its intent.

use std::collections::BTreeSet;

use super::part::{CheckedCondition, Field};
use super::range::Range;
use crate::amount::Amount;
use crate::applicability::{amount_applies, call_applies, fee_applies, messages_apply};
use crate::choice::Choice;
use crate::circumstances::{Circumstances, Fee};
use crate::expression::Expression;
use crate::intent::Intent;
use crate::list::Reading;
use crate::local_time::Hours;
use crate::method::Method;
use crate::pattern::Pattern;
use crate::share::Share;
use crate::time::Time;
use crate::truth::Truth;
use crate::vocabulary::MESSAGE_TYPES;

/// Conditions over the circumstances of a request that must all hold. `None` is "any".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CircumstanceConditions {
    /// Bounds on the fee.
    pub fee: Option<FeeBounds>,
    /// Bounds on the fee as a share of the transaction's total.
    pub fee_share: Range<Share>,
    /// One of these methods is called.
    pub methods: Option<Choice<BTreeSet<Method>>>,
    /// One of these, for the type of each message (allow) or of any (deny).
    pub messages: Option<Choice<BTreeSet<String>>>,
    /// In one of these hours.
    pub times: Option<Choice<Vec<Hours>>>,
    /// One of these matches the note.
    pub note: Option<Choice<Vec<Pattern>>>,
    /// One of these matches the client's own id.
    pub external_tx_id: Option<Choice<Vec<Pattern>>>,
    /// This holds.
    pub expression: Option<Expression>,
}

/// Bounds on a fee, in the one asset that it is paid in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeBounds {
    /// That asset.
    pub asset: String,
    /// In its base units.
    pub range: Range<Amount>,
}

impl CircumstanceConditions {
    /// Whether they hold: of every message for allowing, of any for denying.
    pub fn hold(&self, intent: &Intent, circumstances: &Circumstances, reading: Reading) -> Truth {
        CheckedCondition::all(self.parts(intent, circumstances, reading))
    }

    /// The same, one by one.
    pub fn parts(
        &self,
        intent: &Intent,
        circumstances: &Circumstances,
        reading: Reading,
    ) -> impl Iterator<Item = CheckedCondition> {
        let Circumstances { at, fee, method, message_types, note, external_tx_id, .. } = circumstances;
        let external_tx_id = external_tx_id.as_deref();
        let parts = [
            (Field::Fee, self.of_fee(intent, fee.as_ref())),
            (Field::FeeShare, self.of_fee_share(intent, fee.as_ref())),
            (Field::Methods, self.of_method(intent, *method)),
            (Field::Messages, self.of_messages(intent, message_types.as_deref(), reading)),
            (Field::Times, self.of_time(*at)),
            (Field::Note, of_text(&self.note, note.as_deref(), "the note")),
            (Field::ExternalTxId, of_text(&self.external_tx_id, external_tx_id, "the client's own id")),
            (Field::Condition, self.of_expression(intent, circumstances)),
        ];
        parts.into_iter().map(CheckedCondition::from)
    }

    /// Whether the answer depends on what clocks show somewhere.
    pub fn ask_for_local_time(&self) -> bool {
        self.times.is_some()
    }

    fn of_fee(&self, intent: &Intent, fee: Option<&Fee>) -> Truth {
        let Some(bounds) = &self.fee else { return Truth::True };
        match fee {
            _ if !fee_applies(&intent.operation, intent.stage) => Truth::False,
            None => Truth::unknown("the fee is missing"),
            Some(fee) if fee.asset != bounds.asset => {
                Truth::unknown(format!("the fee is in {}, its bounds are in {}", fee.asset, bounds.asset))
            }
            Some(fee) => bounds.range.contains(&fee.amount).into(),
        }
    }

    fn of_fee_share(&self, intent: &Intent, fee: Option<&Fee>) -> Truth {
        if self.fee_share.is_unbounded() {
            return Truth::True;
        }
        match fee {
            _ if !fee_applies(&intent.operation, intent.stage) || !amount_applies(&intent.operation) => {
                Truth::False
            }
            None => Truth::unknown("the fee is missing"),
            Some(fee) if fee.asset != intent.asset => {
                Truth::unknown(format!("the fee is in {}, the amount in {}", fee.asset, intent.asset))
            }
            Some(fee) => self.fee_share.holds(|share| share.is_passed_by(fee.amount, intent.amount)).into(),
        }
    }

    fn of_method(&self, intent: &Intent, method: Option<Method>) -> Truth {
        match &self.methods {
            None => Truth::True,
            Some(_) if !call_applies(&intent.operation) => Truth::False,
            Some(choice) => choice.has(method.as_ref(), "the method"),
        }
    }

    fn of_messages(&self, intent: &Intent, types: Option<&[Option<String>]>, reading: Reading) -> Truth {
        let Some(choice) = &self.messages else { return Truth::True };
        if !messages_apply(&intent.operation) {
            return Truth::False;
        }
        let Some(types) = types else { return Truth::unknown("the messages are missing") };
        let each = types.iter().map(|kind| of_message(choice, kind.as_ref()));
        match reading {
            Reading::Narrow => Truth::all(each),
            Reading::Wide => Truth::any(each),
        }
    }

    fn of_expression(&self, intent: &Intent, circumstances: &Circumstances) -> Truth {
        self.expression.as_ref().map_or(Truth::True, |expression| expression.holds(intent, circumstances))
    }

    fn of_time(&self, at: Time) -> Truth {
        let Some(choice) = &self.times else { return Truth::True };
        choice.holds(Reading::Wide, |hours, _| {
            let within = hours.iter().map(|hours| hours.contains(at));
            Truth::any(
                within.map(|within| {
                    within.map_or_else(|| Truth::unknown("the local time is missing"), Into::into)
                }),
            )
        })
    }
}

/// Of a type that is neither known nor named by the policy, nobody knows what it stands for.
fn of_message(choice: &Choice<BTreeSet<String>>, kind: Option<&String>) -> Truth {
    match kind {
        Some(kind) if !MESSAGE_TYPES.contains(&kind.as_str()) && !choice.alternatives().contains(kind) => {
            Truth::unknown("a message's type is none that is known")
        }
        _ => choice.has(kind, "a message's type"),
    }
}

/// Whether one of the patterns matches. Nobody has to give such a text, and yet it always applies: a rule over it
/// must not come out the other way where somebody leaves it out.
fn of_text(choice: &Option<Choice<Vec<Pattern>>>, text: Option<&str>, what: &str) -> Truth {
    let Some(choice) = choice else { return Truth::True };
    let Some(text) = text else { return Truth::unknown(format!("{what} is missing")) };
    choice.holds(Reading::Wide, |patterns, _| patterns.iter().any(|pattern| pattern.matches(text)).into())
}
