//! Outcomes. The zero value of each is "undecided", and undecided never approves.

use serde::{Deserialize, Serialize};

use crate::request::Stage;

/// What the policy says of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Nothing was decided: a fault wherever it is found at the end.
    #[default]
    Undecided,
    /// Allowed, with its charges reserved.
    Allow,
    /// Neither allowed nor denied.
    Hold,
    /// Denied.
    Deny,
}

/// What the Co-signer is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// Nothing was decided.
    #[default]
    Undecided,
    /// Sign or approve.
    Approve,
    /// Refuse, finally.
    Reject,
    /// Ask again later.
    Retry,
    /// Leave it to others; never at signing.
    Ignore,
}

/// What becomes of a hold that nobody can resolve here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unresolved {
    /// It ends the transaction with its reason.
    #[default]
    Reject,
    /// People decide at the custody system's console: everything that holds the transaction says so.
    LeaveToConsole,
}

impl Action {
    /// From verdict to action for a transaction (decision model, section 2). No hold of today can be resolved
    /// by anybody here. At signing nothing is left to others, whatever a policy says.
    pub fn for_transaction(verdict: Verdict, stage: Stage, unresolved: Unresolved) -> Self {
        match (verdict, stage, unresolved) {
            (Verdict::Allow, ..) => Self::Approve,
            (Verdict::Hold, Stage::Approval, Unresolved::LeaveToConsole) => Self::Ignore,
            (Verdict::Deny | Verdict::Hold, ..) => Self::Reject,
            (Verdict::Undecided, ..) => Self::Undecided,
        }
    }

    /// From verdict to action for a configuration change: what no rule decides is left to people.
    pub fn for_config_change(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allow => Self::Approve,
            Verdict::Deny => Self::Reject,
            Verdict::Hold => Self::Ignore,
            Verdict::Undecided => Self::Undecided,
        }
    }
}

/// The stable, machine-readable reason of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReasonCode {
    /// An allow rule covers it and every limit has room.
    Allowed,
    /// A field that must be there is missing.
    FieldMissing,
    /// A field holds a value that cannot be used.
    FieldInvalid,
    /// Declared fields contradict each other.
    FieldsDisagree,
    /// The policy does not know the asset.
    AssetUnknown,
    /// A transfer without any destination.
    NoDestination,
    /// A raw transaction does not hash to the payload that would be signed.
    RawTransactionMismatch,
    /// The policy requires the raw transaction at signing.
    RawTransactionMissing,
    /// A deny rule matches.
    DenyRule,
    /// A deny rule could not be evaluated.
    DenyRuleIndeterminate,
    /// No allow rule covers the whole transaction.
    NoAllowRule,
    /// A limit has no room.
    LimitExceeded,
    /// A limit that applies could not be evaluated.
    LimitIndeterminate,
    /// The idempotency key came before with other content.
    ContentChanged,
    /// The transaction differs from what was charged for it.
    IntentChanged,
    /// No rule decides over this configuration change.
    ConfigChangeNoRule,
    /// A rule approves or rejects this configuration change.
    ConfigChangeRule,
    /// A rule over configuration changes could not be evaluated.
    ConfigChangeIndeterminate,
}

impl ReasonCode {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Allowed,
        Self::FieldMissing,
        Self::FieldInvalid,
        Self::FieldsDisagree,
        Self::AssetUnknown,
        Self::NoDestination,
        Self::RawTransactionMismatch,
        Self::RawTransactionMissing,
        Self::DenyRule,
        Self::DenyRuleIndeterminate,
        Self::NoAllowRule,
        Self::LimitExceeded,
        Self::LimitIndeterminate,
        Self::ContentChanged,
        Self::IntentChanged,
        Self::ConfigChangeNoRule,
        Self::ConfigChangeRule,
        Self::ConfigChangeIndeterminate,
    ];
}

/// Longest reason text in bytes: what the Co-signer's audit log is sure to take.
pub const MAX_REASON_BYTES: usize = 256;

/// Why, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// For programs.
    pub code: ReasonCode,
    /// For people: names the rule, limit or field; no secrets; at most [`MAX_REASON_BYTES`].
    pub text: String,
}

impl Reason {
    /// A reason; text past the bound is cut at a character.
    pub fn new(code: ReasonCode, text: impl Into<String>) -> Self {
        let mut text = text.into();
        text.truncate(text.floor_char_boundary(MAX_REASON_BYTES));
        Self { code, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_allow_approves_and_undecided_stays_undecided() {
        for stage in [Stage::Approval, Stage::Signing] {
            for unresolved in [Unresolved::Reject, Unresolved::LeaveToConsole] {
                let action = |verdict| Action::for_transaction(verdict, stage, unresolved);
                assert_eq!(action(Verdict::Allow), Action::Approve);
                assert_eq!(action(Verdict::Deny), Action::Reject);
                assert_eq!(action(Verdict::default()), Action::Undecided);
            }
        }
        assert_eq!(Action::for_config_change(Verdict::Hold), Action::Ignore);
        assert_eq!(Action::for_config_change(Verdict::Deny), Action::Reject);
        assert_eq!(Action::for_config_change(Verdict::Allow), Action::Approve);
        assert_eq!(Action::for_config_change(Verdict::default()), Action::Undecided);
    }

    #[test]
    fn a_hold_is_left_to_the_console_at_approval_alone_and_only_where_that_is_said() {
        let hold = |stage, unresolved| Action::for_transaction(Verdict::Hold, stage, unresolved);
        assert_eq!(hold(Stage::Approval, Unresolved::LeaveToConsole), Action::Ignore);
        assert_eq!(hold(Stage::Signing, Unresolved::LeaveToConsole), Action::Reject);
        for stage in [Stage::Approval, Stage::Signing] {
            assert_eq!(hold(stage, Unresolved::default()), Action::Reject);
        }
    }

    #[test]
    fn reasons_are_cut_at_a_character() {
        let reason = Reason::new(ReasonCode::FieldInvalid, "é".repeat(200));
        assert_eq!(reason.text.len(), MAX_REASON_BYTES);
        assert_eq!(Reason::new(ReasonCode::FieldInvalid, "a".to_owned() + &"é".repeat(200)).text.len(), 255);
    }
}
