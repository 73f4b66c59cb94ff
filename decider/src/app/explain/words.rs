//! An explanation as people read it.

use jiff::Timestamp;
use policy::amount::Amount;
use policy::document::Policy;
use policy::explain::{ExplainedCondition, ExplainedDestination, ExplainedRule, Explanation, Holds};
use policy::rule::Effect;
use policy::settle::LimitStatus;
use policy::time::Time;
use policy::verdict::Verdict;

use crate::app::paint::Paint;
use crate::shown::{shown, visible};
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
    let (code, reason) = (word(&settlement.reason.code), visible(&settlement.reason.text));
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
    let ExplainedCondition { field, holds, asked, given, not_applicable, destinations } = condition;
    let only = match destinations.as_slice() {
        [only] => beside(only),
        _ => String::new(),
    };
    let given = match not_applicable {
        Some(what) => format!("does not apply to {}", visible(what)),
        None => format!("it has {}{}{only}", shown(given), missing(holds)),
    };
    let sign_of = sign(holds, paint);
    let mut lines = vec![format!("  {sign_of} {field:FIELD_WIDTH$}  {}; {given}", visible(asked))];
    if destinations.len() > 1 {
        let each = destinations.iter();
        lines.extend(each.map(|each| {
            let (sign, given) = (sign(&each.holds, paint), shown(&each.given));
            format!("      {sign} {given}{}{}", missing(&each.holds), beside(each))
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
    if holds.missing.is_empty() {
        String::new()
    } else {
        format!(" ({})", visible(&holds.missing.join(", ")))
    }
}

fn beside(destination: &ExplainedDestination) -> String {
    let what = destination.not_applicable.as_ref();
    what.map(|what| format!(" (does not apply: {})", visible(what))).unwrap_or_default()
}

fn of_limit(limit: &LimitStatus, policy: &Policy, paint: Paint) -> Vec<String> {
    let in_words = |amount| limit.unit.in_words(&policy.assets, amount);
    let (sign, result) = match (&limit.indeterminate, limit.exceeded, limit.hold) {
        (_, true, false) => (paint.bad(paint.no()), "no room: denies".to_owned()),
        (_, true, true) => (paint.doubtful(paint.no()), "no room: holds".to_owned()),
        (Some(why), false, _) => (paint.doubtful("?"), format!("cannot tell: {}", visible(why))),
        (None, false, _) => (paint.good(paint.yes()), "has room".to_owned()),
    };
    let key: Vec<String> =
        limit.key.iter().map(|(part, value)| format!(" {} {}", part.name(), shown(value))).collect();
    let grows = limit.grows_at.map(|at| format!(", grows at {}", time(at))).unwrap_or_default();
    let max = in_words(limit.max);
    let numbers = match requested(limit, in_words) {
        None => format!("{max} at most; what is used was not counted"),
        Some(requested) => {
            let (used, left) = (in_words(limit.used), in_words(limit.headroom));
            format!("{used} used, {requested}, {max} at most, {left} left")
        }
    };
    vec![
        format!("limit {}{}  {result}", limit.limit_id, key.join(",")),
        format!("  {sign} {numbers}"),
        format!("    window {}{grows}", limit.window),
    ]
}

/// What is asked of a sum; `None` where nobody knows which sum that is, so that none was counted: what is used and what is
/// left are no parts of the cap then.
fn requested(limit: &LimitStatus, in_words: impl Fn(Amount) -> String) -> Option<String> {
    let unknown = limit.indeterminate.is_some() && limit.requested == Amount::ZERO;
    let counted = limit.headroom == limit.max.saturating_sub(limit.used);
    match unknown {
        true => counted.then(|| "nobody knows how much is requested".into()),
        false => Some(format!("{} requested", in_words(limit.requested))),
    }
}

fn time(at: Time) -> String {
    Timestamp::from_microsecond(at.as_micros()).map_or_else(|_| "no time".into(), |at| at.to_string())
}
