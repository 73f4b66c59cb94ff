//! From the domain to the wire: answers.

use std::collections::HashMap;

use policy::evaluate::RuleResult;
use policy::limit::Unit;
use policy::request::Stage;
use policy::rule::Effect;
use policy::settle::LimitStatus;
use policy::time::Time;
use policy::verdict::{Action, ReasonCode, Verdict};
use prost_types::Timestamp;
use proto::decider::v1 as wire;

use crate::store::{Answer, Decision};

const MICROS_PER_SECOND: i64 = 1_000_000;
const NANOS_PER_MICRO: i32 = 1_000;

/// The answer over a transaction.
pub fn transaction(answer: Answer) -> wire::DecideResponse {
    let Answer { decision, recorded_earlier } = answer;
    let stage = match decision.stage {
        Some(Stage::Approval) => wire::Stage::Approval,
        Some(Stage::Signing) => wire::Stage::Signing,
        None => wire::Stage::Unspecified,
    };
    wire::DecideResponse {
        verdict: verdict(&decision).into(),
        action: action(&decision).into(),
        reason_code: reason_code(&decision).into(),
        reason: decision.reason.text,
        rules: decision.rules.into_iter().map(rule).collect(),
        limits: decision.limits.into_iter().map(limit).collect(),
        policy_hash: decision.policy_hash,
        decided_time: Some(timestamp(decision.at)),
        stage: stage.into(),
        recorded_earlier,
        decision_id: decision.id,
        callback_request_id: decision.callback_request_id,
    }
}

/// The answer over a configuration change.
pub fn config_change(answer: Answer) -> wire::DecideConfigChangeResponse {
    let Answer { decision, recorded_earlier } = answer;
    wire::DecideConfigChangeResponse {
        verdict: verdict(&decision).into(),
        action: action(&decision).into(),
        reason_code: reason_code(&decision).into(),
        reason: decision.reason.text,
        policy_hash: decision.policy_hash,
        decided_time: Some(timestamp(decision.at)),
        recorded_earlier,
        decision_id: decision.id,
        callback_request_id: decision.callback_request_id,
    }
}

/// A point in time.
pub fn timestamp(time: Time) -> Timestamp {
    let micros = time.as_micros();
    let nanos = i32::try_from(micros.rem_euclid(MICROS_PER_SECOND)).unwrap_or_default();
    Timestamp { seconds: micros.div_euclid(MICROS_PER_SECOND), nanos: nanos.saturating_mul(NANOS_PER_MICRO) }
}

fn rule(rule: RuleResult) -> wire::RuleResult {
    let effect = match rule.effect {
        Effect::Deny => wire::rule_result::Effect::Deny,
        Effect::Allow => wire::rule_result::Effect::Allow,
    };
    wire::RuleResult {
        rule_id: rule.rule_id,
        effect: effect.into(),
        matched: rule.matched,
        indeterminate: rule.indeterminate,
    }
}

fn limit(limit: LimitStatus) -> wire::LimitStatus {
    let (unit, asset_id) = match limit.unit {
        Unit::BaseUnits(asset) => (wire::limit_status::Unit::BaseUnits, asset),
        Unit::UsdMicros => (wire::limit_status::Unit::UsdMicros, String::new()),
        Unit::Transactions => (wire::limit_status::Unit::Transactions, String::new()),
    };
    let key: HashMap<String, String> =
        limit.key.into_iter().map(|(part, value)| (part.name().to_owned(), value)).collect();
    wire::LimitStatus {
        limit_id: limit.limit_id,
        key,
        unit: unit.into(),
        asset_id,
        used: limit.used.to_string(),
        requested: limit.requested.to_string(),
        max: limit.max.to_string(),
        headroom: limit.headroom.to_string(),
        window_seconds: limit.window.seconds(),
        grows_time: limit.grows_at.map(timestamp),
        exceeded: limit.exceeded,
        indeterminate: limit.indeterminate.unwrap_or_default(),
    }
}

fn verdict(decision: &Decision) -> wire::Verdict {
    match decision.verdict {
        Verdict::Allow => wire::Verdict::Allow,
        Verdict::Deny => wire::Verdict::Deny,
        Verdict::Hold => wire::Verdict::Hold,
        Verdict::Undecided => wire::Verdict::Unspecified,
    }
}

fn action(decision: &Decision) -> wire::Action {
    match decision.action {
        Action::Approve => wire::Action::Approve,
        Action::Reject => wire::Action::Reject,
        Action::Retry => wire::Action::Retry,
        Action::Ignore => wire::Action::Ignore,
        Action::Undecided => wire::Action::Unspecified,
    }
}

fn reason_code(decision: &Decision) -> wire::ReasonCode {
    match decision.reason.code {
        ReasonCode::Allowed => wire::ReasonCode::Allowed,
        ReasonCode::FieldMissing => wire::ReasonCode::FieldMissing,
        ReasonCode::FieldInvalid => wire::ReasonCode::FieldInvalid,
        ReasonCode::FieldsDisagree => wire::ReasonCode::FieldsDisagree,
        ReasonCode::AssetUnknown => wire::ReasonCode::AssetUnknown,
        ReasonCode::NoDestination => wire::ReasonCode::NoDestination,
        ReasonCode::RawTransactionMismatch => wire::ReasonCode::RawTransactionMismatch,
        ReasonCode::RawTransactionMissing => wire::ReasonCode::RawTransactionMissing,
        ReasonCode::DenyRule => wire::ReasonCode::DenyRule,
        ReasonCode::DenyRuleIndeterminate => wire::ReasonCode::DenyRuleIndeterminate,
        ReasonCode::NoAllowRule => wire::ReasonCode::NoAllowRule,
        ReasonCode::LimitExceeded => wire::ReasonCode::LimitExceeded,
        ReasonCode::LimitIndeterminate => wire::ReasonCode::LimitIndeterminate,
        ReasonCode::ContentChanged => wire::ReasonCode::ContentChanged,
        ReasonCode::IntentChanged => wire::ReasonCode::IntentChanged,
        ReasonCode::ConfigChangeNoRule => wire::ReasonCode::ConfigChangeNoRule,
        ReasonCode::ConfigChangeRule => wire::ReasonCode::ConfigChangeRule,
        ReasonCode::ConfigChangeIndeterminate => wire::ReasonCode::ConfigChangeIndeterminate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_microseconds() {
        let wire = timestamp(Time::from_micros(1_700_000_000_123_456));
        assert_eq!((wire.seconds, wire.nanos), (1_700_000_000, 123_456_000));
        let before = timestamp(Time::from_micros(-1));
        assert_eq!((before.seconds, before.nanos), (-1, 999_999_000));
    }
}
