//! An explanation as people read it.

use jiff::Timestamp;
use policy::document::Policy;
use policy::explain::{ExplainedCondition, ExplainedRule, Explanation, Holds};
use policy::rule::Effect;
use policy::settle::LimitStatus;
use policy::time::Time;
use policy::verdict::Verdict;

use crate::app::paint::Paint;
use crate::telemetry::word;

/// How wide the longest field of `when` is.
const FIELD_WIDTH: usize = 14;

/// All of it; `ledger` says what was counted.
pub fn of(explanation: &Explanation, policy: &Policy, ledger: &str, paint: Paint) -> String {
    let settlement = &explanation.outcome.settlement;
    let mut lines = vec![format!("asked at {}, ledger {ledger}", time(settlement.at)), String::new()];
    for rule in &explanation.rules {
        lines.extend(of_rule(rule, paint));
    }
    for limit in &settlement.limits {
        lines.extend(of_limit(limit, policy, paint));
    }
    if explanation.rules.is_empty() {
        lines.push("no rule had a look at it: the request cannot be read".into());
    }
    let verdict = word(&settlement.verdict);
    let verdict = match settlement.verdict {
        Verdict::Allow => paint.good(verdict),
        Verdict::Hold => paint.doubtful(verdict),
        Verdict::Deny | Verdict::Undecided => paint.bad(verdict),
    };
    let (code, reason) = (word(&settlement.reason.code), &settlement.reason.text);
    lines.push(String::new());
    lines.push(format!("{verdict}, told as {}. {code}: {reason}\n", word(&settlement.action)));
    lines.join("\n")
}

fn of_rule(rule: &ExplainedRule, paint: Paint) -> Vec<String> {
    let effect = match rule.effect {
        Effect::Deny => "deny ",
        Effect::Allow => "allow",
    };
    let result = match rule.holds.holds {
        Some(true) => "matches",
        Some(false) => "no match",
        None => "cannot tell",
    };
    let mut lines = vec![format!("{effect} {}  {result}", rule.id)];
    lines.extend(rule.conditions.iter().flat_map(|condition| of_condition(condition, paint)));
    lines
}

fn of_condition(condition: &ExplainedCondition, paint: Paint) -> Vec<String> {
    let ExplainedCondition { field, holds, asked, given, destinations } = condition;
    let mut lines = vec![format!(
        "  {} {field:FIELD_WIDTH$}  {asked}; it has {given}{}",
        sign(holds, paint),
        missing(holds)
    )];
    if destinations.len() > 1 {
        let each = destinations.iter();
        lines.extend(each.map(|each| {
            format!("      {} {}{}", sign(&each.holds, paint), each.given, missing(&each.holds))
        }));
    }
    lines
}

fn sign(holds: &Holds, paint: Paint) -> String {
    match holds.holds {
        Some(true) => paint.good(paint.yes()),
        Some(false) => paint.bad(paint.no()),
        None => paint.doubtful("?"),
    }
}

fn missing(holds: &Holds) -> String {
    if holds.missing.is_empty() { String::new() } else { format!(" ({})", holds.missing.join(", ")) }
}

fn of_limit(limit: &LimitStatus, policy: &Policy, paint: Paint) -> Vec<String> {
    let shown = |amount| limit.unit.in_words(&policy.assets, amount);
    let (sign, result) = match (&limit.indeterminate, limit.exceeded, limit.hold) {
        (_, true, false) => (paint.bad(paint.no()), "no room: denies".to_owned()),
        (_, true, true) => (paint.doubtful(paint.no()), "no room: holds".to_owned()),
        (Some(why), false, _) => (paint.doubtful("?"), format!("cannot tell: {why}")),
        (None, false, _) => (paint.good(paint.yes()), "has room".to_owned()),
    };
    let key: Vec<String> =
        limit.key.iter().map(|(part, value)| format!(" {} {value}", part.name())).collect();
    let grows = limit.grows_at.map(|at| format!(", grows at {}", time(at))).unwrap_or_default();
    let (used, requested, max) = (shown(limit.used), shown(limit.requested), shown(limit.max));
    vec![
        format!("limit {}{}  {result}", limit.limit_id, key.join(",")),
        format!("  {sign} {used} used, {requested} requested, {max} at most, {} left", shown(limit.headroom)),
        format!("    window {}{grows}", limit.window),
    ]
}

fn time(at: Time) -> String {
    Timestamp::from_microsecond(at.as_micros()).map_or_else(|_| "no time".into(), |at| at.to_string())
}
