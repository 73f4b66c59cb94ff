//! Why a request comes out as it does: rule by rule, condition by condition. What holds is said by the code that
//! decides; here it is put into words.

mod asked;
mod given;
mod beside;

use serde::Serialize;

use crate::circumstances::Circumstances;
use crate::condition::{CheckedCondition, Field};
use crate::document::Policy;
use crate::evaluate::evaluate;
use crate::intent::Intent;
use crate::ledger::Ledger;
use crate::list::Reading;
use crate::policy_test::{Outcome, TestRun, TimedRequest};
use crate::rule::{Effect, Rule};
use crate::settle::settle;
use crate::truth::Truth;

/// Everything that is to be said of a request.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Every rule, deny rules first. None where the request could not be read: then no rule had a look.
    pub rules: Vec<ExplainedRule>,
    /// What came out.
    pub outcome: Outcome,
}

/// What one rule says, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedRule {
    /// Its id.
    pub id: String,
    /// What it does where it matches.
    pub effect: Effect,
    /// Whether it matches.
    #[serde(flatten)]
    pub holds: Holds,
    /// What it asks. Nothing: it asks nothing.
    pub conditions: Vec<ExplainedCondition>,
}

/// What one condition asks and the request has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedCondition {
    /// The field of `when`.
    pub field: &'static str,
    /// Whether it holds.
    #[serde(flatten)]
    pub holds: Holds,
    /// What is asked.
    pub asked: String,
    /// What the request has.
    pub given: String,
    /// What it is to which the field does not apply, so that the condition is false. `None`: it applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_applicable: Option<String>,
    /// Of a condition over destinations: each of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<ExplainedDestination>,
}

/// One destination under a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedDestination {
    /// Who it is.
    pub given: String,
    /// Whether it holds of this one.
    #[serde(flatten)]
    pub holds: Holds,
    /// What of the condition does not apply to it, where it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_applicable: Option<String>,
}

/// A truth as programs read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holds {
    /// `true`, `false`, or `null` where it is indeterminate.
    pub holds: Option<bool>,
    /// What was missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl From<Truth> for Holds {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::True => Self { holds: Some(true), missing: Vec::new() },
            Truth::False => Self { holds: Some(false), missing: Vec::new() },
            Truth::Indeterminate(missing) => Self { holds: None, missing },
        }
    }
}

/// Explains a request over a ledger. Nothing is written.
///
/// # Errors
/// The ledger could not be read.
pub fn explain<L: Ledger>(
    policy: &Policy,
    asked: &TimedRequest,
    ledger: &mut L,
) -> Result<Explanation, L::Error> {
    let TimedRequest { request, at, prices } = asked;
    let evaluation = evaluate(policy, request, prices, *at);
    let settlement = settle(policy, request, &evaluation, ledger, *at)?;
    let price_doubt = evaluation.price_doubt.clone();
    let circumstances = Circumstances { price_doubt, ..Circumstances::of(request, &policy.assets, *at) };
    let rules = evaluation.intent.as_ref().map(|intent| {
        let explainer = Explainer { policy, intent, circumstances: &circumstances };
        let deny = policy.deny.iter().map(|rule| explainer.rule(rule, Effect::Deny));
        deny.chain(policy.allow.iter().map(|rule| explainer.rule(rule, Effect::Allow))).collect()
    });
    let rules = rules.unwrap_or_default();
    Ok(Explanation { rules, outcome: Outcome { evaluation, settlement } })
}

impl TestRun<'_> {
    /// Explains a request over what was allowed here. Nothing is charged.
    pub fn explain(&mut self, asked: &TimedRequest) -> Explanation {
        let (policy, mut ledger) = self.parts();
        let Ok(explanation) = explain(policy, asked, &mut ledger);
        explanation
    }
}

/// A request as rules see it.
struct Explainer<'a> {
    policy: &'a Policy,
    intent: &'a Intent,
    circumstances: &'a Circumstances,
}

impl Explainer<'_> {
    fn rule(&self, rule: &Rule, effect: Effect) -> ExplainedRule {
        let parts: Vec<CheckedCondition> = match effect {
            Effect::Deny => rule.parts_of_denying(self.intent, self.circumstances).collect(),
            Effect::Allow => rule.parts_of_covering(self.intent, self.circumstances).collect(),
        };
        let truth = Truth::all(parts.iter().map(|part| part.truth.clone()));
        let conditions = parts.into_iter().filter_map(|part| self.condition(rule, effect, part)).collect();
        ExplainedRule { id: rule.id.clone(), effect, holds: truth.into(), conditions }
    }

    /// What is not asked is not told.
    fn condition(&self, rule: &Rule, effect: Effect, part: CheckedCondition) -> Option<ExplainedCondition> {
        let asked = asked::in_words(self.policy, &rule.when, part.field, self.intent)?;
        let truth = match part.field {
            // Both are so many smallest units: compared, they would say something that is not so. The rule does not
            // match by its assets.
            Field::Amount if asked::asset_of_amount(&rule.when, self.intent) != self.intent.asset => {
                Truth::unknown("the amount is in another asset")
            }
            _ => part.truth,
        };
        let destinations = match part.field {
            Field::Destination => self.destinations(rule, effect),
            _ => Vec::new(),
        };
        let given = match (part.field, destinations.as_slice()) {
            (Field::Destination, [only]) => only.given.clone(),
            (field, _) => given::in_words(self.policy, &rule.when, field, self.intent, self.circumstances),
        };
        let not_applicable = beside::field(&rule.when, part.field, self.intent);
        Some(ExplainedCondition {
            field: part.field.name(),
            holds: truth.into(),
            asked,
            given,
            not_applicable,
            destinations,
        })
    }

    fn destinations(&self, rule: &Rule, effect: Effect) -> Vec<ExplainedDestination> {
        let reading = match effect {
            Effect::Deny => Reading::Wide,
            Effect::Allow => Reading::Narrow,
        };
        let holds = |each| rule.when.of_destination(self.intent, each, reading, self.circumstances.at);
        let told = self.intent.destinations.iter().map(|each| {
            let truth = holds(each);
            // What holds holds by what does apply.
            let beside = || beside::destination(&rule.when, self.intent, each);
            let not_applicable = if truth == Truth::True { None } else { beside() };
            let given = given::destination(self.policy, &rule.when, self.intent, each);
            ExplainedDestination { given, holds: truth.into(), not_applicable }
        });
        told.collect()
    }
}
