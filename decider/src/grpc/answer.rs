//! From the domain to the wire: answers.

use std::collections::HashMap;

use policy::evaluate::RuleResult;
use policy::limit::Unit;
use policy::request::{CallerProof, Stage};
use policy::rule::Effect;
use policy::settle::LimitStatus;
use policy::time::{MICROS_PER_SECOND, Time};
use policy::verdict::{Action, ReasonCode, Verdict};
use prost_types::Timestamp;
use proto::decider::v1 as wire;

use crate::store::{Answer, Decision};

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

/// What was proven of the caller.
pub fn caller_proof(proof: Option<CallerProof>) -> wire::CallerProof {
    match proof {
        None => wire::CallerProof::Unspecified,
        Some(CallerProof::CosignerSignature) => wire::CallerProof::CosignerSignature,
        Some(CallerProof::Unproven) => wire::CallerProof::Unproven,
    }
}

/// A point in time.
pub fn timestamp(time: Time) -> Timestamp {
    let micros = time.as_micros();
    let nanos = i32::try_from(micros.rem_euclid(MICROS_PER_SECOND)).unwrap_or_default();
    Timestamp { seconds: time.as_seconds(), nanos: nanos.saturating_mul(NANOS_PER_MICRO) }
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
        Unit::Transactions | Unit::Payments => (wire::limit_status::Unit::Transactions, String::new()),
        Unit::Destinations => (wire::limit_status::Unit::Destinations, String::new()),
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
        window_seconds: limit.window.seconds().unwrap_or_default(),
        window: limit.window.to_string(),
        grows_time: limit.grows_at.map(timestamp),
        exceeded: limit.exceeded,
        hold: limit.hold,
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
    use std::collections::BTreeMap;

    use policy::amount::Amount;
    use policy::time::{Calendar, CalendarUnit, Window, Zone};

    use super::*;

    fn status(window: Window, hold: bool) -> LimitStatus {
        LimitStatus {
            limit_id: "payees".into(),
            key: BTreeMap::new(),
            unit: Unit::Destinations,
            used: Amount::ZERO,
            requested: Amount::ZERO,
            max: Amount::ZERO,
            headroom: Amount::ZERO,
            window,
            grows_at: None,
            exceeded: true,
            hold,
            indeterminate: None,
        }
    }

    #[test]
    fn windows_are_told_in_words_and_rolling_ones_in_seconds() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let week = Window::Calendar(Calendar { unit: CalendarUnit::IsoWeek, zone });
        for (window, hold, text, seconds) in [
            (Window::from_seconds(86_400).unwrap(), false, "rolling 24h", 86_400),
            (week, true, "calendar iso_week Europe/Berlin", 0),
            (Window::Lifetime, false, "lifetime", 0),
            (Window::InFlight, true, "in flight", 0),
        ] {
            let wire = limit(status(window, hold));
            assert_eq!((wire.window.as_str(), wire.window_seconds, wire.hold), (text, seconds, hold));
            assert_eq!(wire.unit(), wire::limit_status::Unit::Destinations);
        }
    }

    /// As it is on record in a decision that is older than limits that hold.
    #[test]
    fn an_old_record_is_read() {
        let old = r#"{"limit_id":"l","key":{},"unit":"transactions","used":"1","requested":"1","max":"2",
            "headroom":"0","window":3600,"grows_at":null,"exceeded":false,"indeterminate":null}"#;
        let read: LimitStatus = serde_json::from_str(old).unwrap();
        assert_eq!((read.hold, read.window.seconds()), (false, Some(3600)));
    }

    #[test]
    fn times_keep_their_microseconds() {
        let wire = timestamp(Time::from_micros(1_700_000_000_123_456));
        assert_eq!((wire.seconds, wire.nanos), (1_700_000_000, 123_456_000));
        let before = timestamp(Time::from_micros(-1));
        assert_eq!((before.seconds, before.nanos), (-1, 999_999_000));
    }
}
