use super::*;
use crate::cosigner::Action;
use proto::decider::v1::{DecideConfigChangeResponse, RuleResult};

fn assets() -> Assets {
    let directory = tempfile::tempdir().unwrap();
    let policy = directory.path().join("policy.yaml");
    std::fs::write(&policy, crate::local::DEMO_POLICY).unwrap();
    Assets::read(&policy)
}

fn reply() -> Reply {
    Reply { action: Action::Reject, request_id: "r".into(), rejection_reason: Some("not an object".into()) }
}

fn rule(id: &str, effect: Effect, matched: bool) -> RuleResult {
    RuleResult { rule_id: id.into(), effect: effect.into(), matched, indeterminate: Vec::new() }
}

fn limit(id: &str, headroom: &str, exceeded: bool) -> LimitStatus {
    LimitStatus {
        limit_id: id.into(),
        unit: Unit::BaseUnits.into(),
        asset_id: "ETH".into(),
        max: "1000000000000000000".into(),
        headroom: headroom.into(),
        exceeded,
        ..LimitStatus::default()
    }
}

fn explained(answer: DecideResponse) -> Why {
    let record =
        DecisionRecord { answer: Some(Answer::TransactionAnswer(answer)), ..DecisionRecord::default() };
    why(Some(&record), &reply(), SystemTime::now(), &assets())
}

#[test]
fn base_units_are_written_as_people_do() {
    for (integer, text) in [
        ("990000000000000000", "0.99"),
        ("1", "0.000000000000000001"),
        ("0", "0"),
        ("1000000000000000000", "1"),
        ("12500000000000000000", "12.5"),
        ("-1", "-1"),
        ("", ""),
    ] {
        assert_eq!(decimal(integer, 18), text);
    }
}

#[test]
fn every_unit_is_written_with_its_own_decimals() {
    let written = |unit: Unit, asset_id: &str| {
        let (unit, asset_id) = (unit.into(), asset_id.to_owned());
        let (headroom, max) = ("1500000".into(), "150000000".into());
        left(&LimitStatus { unit, asset_id, headroom, max, ..LimitStatus::default() }, &assets())
    };
    assert_eq!(written(Unit::BaseUnits, "BTC"), "0.015 of 1.5 BTC");
    assert_eq!(written(Unit::BaseUnits, "UNKNOWN"), "1500000 of 150000000 UNKNOWN");
    assert_eq!(written(Unit::UsdMicros, ""), "1.5 of 150 USD");
    assert_eq!(written(Unit::Transactions, ""), "1500000 of 150000000 transactions");
    assert_eq!(written(Unit::Destinations, ""), "1500000 of 150000000 destinations");
}

#[test]
fn an_approval_names_the_rule_and_what_is_left() {
    let why = explained(DecideResponse {
        reason_code: ReasonCode::Allowed.into(),
        rules: vec![rule("uncertain", Effect::Allow, false), rule("eth-to-treasury", Effect::Allow, true)],
        limits: vec![limit("hour", "700000000000000000", false), limit("day", "0", false)],
        decided_time: Some(SystemTime::now().into()),
        ..DecideResponse::default()
    });
    assert_eq!(why.decided_by, "allow rule eth-to-treasury (on record)");
    assert_eq!(why.headroom, "0.7 of 1 ETH, 0 of 1 ETH");
}

#[test]
fn a_denial_names_what_denied() {
    let denied = |reason_code: ReasonCode| {
        explained(DecideResponse {
            reason_code: reason_code.into(),
            reason: "why not".into(),
            rules: vec![rule("sanctioned", Effect::Deny, true)],
            limits: vec![limit("hour", "0", true), limit("day", "0", false)],
            ..DecideResponse::default()
        })
        .decided_by
    };
    assert_eq!(denied(ReasonCode::DenyRule), "deny rule sanctioned");
    assert_eq!(denied(ReasonCode::LimitExceeded), "limit hour");
    assert_eq!(denied(ReasonCode::NoAllowRule), "no allow rule covers it");
    assert_eq!(denied(ReasonCode::ContentChanged), "why not");
}

#[test]
fn what_never_reached_the_decider_is_the_edges_own() {
    let why = why(None, &reply(), SystemTime::now(), &assets());
    assert_eq!(why, Why { decided_by: "the edge: not an object".into(), headroom: String::new() });
}

#[test]
fn a_configuration_change_gives_its_reason() {
    let answer = DecideConfigChangeResponse { reason: "people decide".into(), ..Default::default() };
    let record =
        DecisionRecord { answer: Some(Answer::ConfigChangeAnswer(answer)), ..DecisionRecord::default() };
    assert_eq!(why(Some(&record), &reply(), SystemTime::now(), &assets()).decided_by, "people decide");
}
