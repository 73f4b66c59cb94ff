//! `expect`: what must come out. What could never come out is a mistake here, not a test that fails.

use policy::document::Policy;
use policy::policy_test::{Expectation, can_be_told, can_be_why};
use policy::request::Stage;
use policy::verdict::{ReasonCode, Verdict};

use super::words::{text, word};
use crate::policy_file::ids::Ids;
use crate::telemetry;
use crate::yaml::names::unknown;
use crate::yaml::{Fields, Node, Reader};

pub const EXPECT_FIELDS: [&str; 6] = ["verdict", "action", "reason", "rule", "limit", "says"];
pub const VERDICTS: [&str; 3] = ["ALLOW", "DENY", "HOLD"];
/// `RETRY` is what is told where nothing could be decided: no verdict comes to it.
pub const ACTIONS: [&str; 3] = ["APPROVE", "REJECT", "IGNORE"];
pub const REASONS: [&str; 15] = [
    "ALLOWED",
    "FIELD_MISSING",
    "FIELD_INVALID",
    "FIELDS_DISAGREE",
    "ASSET_UNKNOWN",
    "NO_DESTINATION",
    "RAW_TRANSACTION_MISMATCH",
    "RAW_TRANSACTION_MISSING",
    "DENY_RULE",
    "DENY_RULE_INDETERMINATE",
    "NO_ALLOW_RULE",
    "LIMIT_EXCEEDED",
    "LIMIT_INDETERMINATE",
    "CONTENT_CHANGED",
    "INTENT_CHANGED",
];

pub fn read(
    reader: &mut Reader<'_>,
    node: &Node,
    ids: &Ids,
    policy: &Policy,
    stage: Option<Stage>,
) -> Option<Expectation> {
    let fields = Fields::of(reader, node, "expect", &EXPECT_FIELDS)?;
    fields.required(reader, "verdict");
    let verdict: Option<Verdict> = word(reader, &fields, "verdict", &VERDICTS);
    let action = word(reader, &fields, "action", &ACTIONS);
    let reason = word(reader, &fields, "reason", &REASONS);
    let rules: Vec<&str> = policy.deny.iter().chain(&policy.allow).map(|rule| rule.id.as_str()).collect();
    let limits: Vec<&str> = policy.limits.iter().map(|limit| limit.id.as_str()).collect();
    let half_read = |id: &str| ids.knows(id) && !rules.contains(&id) && !limits.contains(&id);
    let rule = read_id(reader, &fields, "rule", &rules, half_read);
    let limit = read_id(reader, &fields, "limit", &limits, half_read);
    let says = text(reader, &fields, "says");
    let expected = Expectation { verdict: verdict?, action, reason, rule, limit, says };
    check_possible(reader, &fields, &expected, policy, stage);
    Some(expected)
}

/// A rule or limit whose definition has a mistake is still known.
fn read_id(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    what: &str,
    known: &[&str],
    half_read: impl Fn(&str) -> bool,
) -> Option<String> {
    let node = fields.optional(reader, what)?;
    let id = reader.text(node, what)?;
    // Of one whose id could not be read the name may be meant.
    let is_meant = known.contains(&"") || half_read(id);
    if !known.contains(&id) && !is_meant {
        reader.mistake(node.at, unknown(what, id, known.iter().copied()));
        return None;
    }
    Some(id.to_owned())
}

fn check_possible(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    expected: &Expectation,
    policy: &Policy,
    stage: Option<Stage>,
) {
    let verdict = telemetry::word(&expected.verdict);
    if let Some((action, stage)) = expected.action.zip(stage)
        && !can_be_told(expected.verdict, action, stage)
    {
        let stage = telemetry::word(&stage);
        never(reader, fields, "action", format!("{verdict} at {stage} is never told so"));
    }
    if expected.reason.is_some_and(|reason| !can_be_why(expected.verdict, reason)) {
        never(reader, fields, "reason", format!("it is no reason of {verdict}"));
    }
    if expected.limit.is_some() && !limit_decides(expected) {
        never(
            reader,
            fields,
            "limit",
            "a limit decides LIMIT_EXCEEDED and LIMIT_INDETERMINATE, nothing else".into(),
        );
    }
    if let Some(rule) = &expected.rule
        && !rule_decides(policy, expected, rule)
    {
        let why = "an allow rule decides ALLOW; a deny rule decides DENY_RULE and DENY_RULE_INDETERMINATE, and no limit beside it";
        never(reader, fields, "rule", why.into());
    }
}

fn never(reader: &mut Reader<'_>, fields: &Fields<'_>, name: &str, why: String) {
    if let Some(node) = fields.optional(reader, name) {
        reader.mistake(node.at, format!("this can never come out: {why}"));
    }
}

fn limit_decides(expected: &Expectation) -> bool {
    let by_limit = |reason| matches!(reason, ReasonCode::LimitExceeded | ReasonCode::LimitIndeterminate);
    expected.verdict != Verdict::Allow && expected.reason.is_none_or(by_limit)
}

fn rule_decides(policy: &Policy, expected: &Expectation, id: &str) -> bool {
    let allows = policy.allow.iter().any(|rule| rule.id == id);
    let denies = policy.deny.iter().any(|rule| rule.id == id);
    let by_rule = |reason| matches!(reason, ReasonCode::DenyRule | ReasonCode::DenyRuleIndeterminate);
    match expected.verdict {
        Verdict::Allow => !denies,
        _ => !allows && expected.limit.is_none() && expected.reason.is_none_or(by_rule),
    }
}
