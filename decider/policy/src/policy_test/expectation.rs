//! What a test expects. What it leaves out may be anything, but for one thing: a request that cannot be read.

use super::outcome::Outcome;
use crate::request::Stage;
use crate::verdict::{Action, ReasonCode, Unresolved, Verdict};

/// What must come out. `None` is "any".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectation {
    /// What the policy says.
    pub verdict: Verdict,
    /// What the Co-signer is told.
    pub action: Option<Action>,
    /// Why, for programs.
    pub reason: Option<ReasonCode>,
    /// A rule that decided.
    pub rule: Option<String>,
    /// A limit that decided.
    pub limit: Option<String>,
    /// A part of what people are told of the reason.
    pub says: Option<String>,
}

impl Expectation {
    /// Any that allows.
    pub fn allowed() -> Self {
        Self { verdict: Verdict::Allow, ..Self::default() }
    }

    /// Whether this is what came out. A typing error in a request denies it before any rule has a look: such a
    /// denial is met only by its reason, or the test would pass for ever and test nothing.
    pub fn is_met_by(&self, outcome: &Outcome) -> bool {
        let settlement = &outcome.settlement;
        self.verdict == settlement.verdict
            && (self.reason.is_some() || outcome.evaluation.intent.is_some())
            && self.action.is_none_or(|action| action == settlement.action)
            && self.reason.is_none_or(|reason| reason == settlement.reason.code)
            && self.rule.as_deref().is_none_or(|rule| outcome.deciding_rules().any(|id| id == rule))
            && self.limit.as_deref().is_none_or(|limit| outcome.deciding_limits().any(|id| id == limit))
            && self.says.as_deref().is_none_or(|part| settlement.reason.text.contains(part))
    }
}

/// Whether a verdict can be told as this action at a stage (decision model, section 2).
pub fn can_be_told(verdict: Verdict, action: Action, stage: Stage) -> bool {
    let told = |unresolved| Action::for_transaction(verdict, stage, unresolved) == action;
    told(Unresolved::Reject) || told(Unresolved::LeaveToConsole)
}

/// Whether a verdict over a transaction can have this reason.
pub fn can_be_why(verdict: Verdict, reason: ReasonCode) -> bool {
    match reason {
        ReasonCode::Allowed => verdict == Verdict::Allow,
        ReasonCode::DenyRuleIndeterminate | ReasonCode::LimitIndeterminate => verdict == Verdict::Hold,
        ReasonCode::LimitExceeded => matches!(verdict, Verdict::Hold | Verdict::Deny),
        ReasonCode::FieldMissing
        | ReasonCode::FieldInvalid
        | ReasonCode::FieldsDisagree
        | ReasonCode::AssetUnknown
        | ReasonCode::NoDestination
        | ReasonCode::RawTransactionMismatch
        | ReasonCode::RawTransactionMissing
        | ReasonCode::DenyRule
        | ReasonCode::NoAllowRule
        | ReasonCode::ContentChanged
        | ReasonCode::IntentChanged => verdict == Verdict::Deny,
        ReasonCode::ConfigChangeNoRule
        | ReasonCode::ConfigChangeRule
        | ReasonCode::ConfigChangeIndeterminate => false,
    }
}
