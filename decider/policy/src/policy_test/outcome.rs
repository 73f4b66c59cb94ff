//! What came out of a request, and which rules and limits it was that decided.

use crate::evaluate::Evaluation;
use crate::rule::Effect;
use crate::settle::Settlement;
use crate::verdict::{ReasonCode, Verdict};

/// What came out of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What the rules say.
    pub evaluation: Evaluation,
    /// What is decided.
    pub settlement: Settlement,
}

impl Outcome {
    /// The rules that decided, each of them: which of several that match is named does not matter.
    pub fn deciding_rules(&self) -> impl Iterator<Item = &str> {
        let (effect, matched) = match self.settlement.reason.code {
            ReasonCode::DenyRule => (Some(Effect::Deny), true),
            ReasonCode::DenyRuleIndeterminate => (Some(Effect::Deny), false),
            ReasonCode::Allowed => (Some(Effect::Allow), true),
            _ => (None, true),
        };
        let results = self.evaluation.rules.iter();
        let deciding = results.filter(move |rule| Some(rule.effect) == effect && rule.matched == matched);
        deciding.map(|rule| rule.rule_id.as_str())
    }

    /// The limits that decided.
    pub fn deciding_limits(&self) -> impl Iterator<Item = &str> {
        let settlement = &self.settlement;
        let limits = settlement.limits.iter().filter(|limit| match settlement.reason.code {
            ReasonCode::LimitExceeded => {
                limit.exceeded && limit.hold == (settlement.verdict == Verdict::Hold)
            }
            ReasonCode::LimitIndeterminate => limit.indeterminate.is_some(),
            _ => false,
        });
        limits.map(|limit| limit.limit_id.as_str())
    }
}
