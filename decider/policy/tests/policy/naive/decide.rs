//! The whole decision, and what is compared of it.

use std::collections::BTreeSet;

use policy::request::{Request, Stage};

use super::conditions::{covers, denies};
use super::history::{Charge, charged};
use super::limits::{Line, lines};
use super::logic::Known;
use super::model::{Plain, PlainRule, Text};
use super::read::{Facts, read};

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub verdict: Text,
    pub action: Text,
    pub why: Why,
    /// Rule, whether it denies, whether it matched or is unknown.
    pub rules: BTreeSet<(String, bool, bool)>,
    pub lines: Vec<Line>,
}

/// Why, with the rule or limit that a person is told of: the first by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    Unreadable,
    IntentChanged,
    DenyRule(String),
    DenyRuleUnknown(String),
    NoAllowRule,
    LimitExceeded(String),
    LimitUnknown(String),
    Allowed(String),
}

/// Decides, and adds what it allows to the charges.
pub fn decide(plain: &Plain, charges: &mut Vec<Charge>, request: &Request, now: i64) -> Answer {
    let Some(facts) = read(request, plain.gone) else {
        return refused("DENY", Why::Unreadable, BTreeSet::new());
    };
    let (denying, unknown) = sorted(&plain.deny, |rule| denies(&rule.when, &facts, now));
    let (covering, doubtful) = sorted(&plain.allow, |rule| covers(&rule.when, &facts, now));
    let mut rules = BTreeSet::new();
    for (names, effect, matched) in
        [(&denying, true, true), (&unknown, true, false), (&covering, false, true), (&doubtful, false, false)]
    {
        rules.extend(names.iter().map(|name| (name.clone(), effect, matched)));
    }
    if let Some(rule) = denying.first() {
        return refused("DENY", Why::DenyRule(rule.clone()), rules);
    }
    let Some(covering) = covering.first() else { return refused("DENY", Why::NoAllowRule, rules) };
    let Some(after) = charged(charges, request, &facts, now) else {
        return refused("DENY", Why::IntentChanged, rules);
    };
    let answer = limited(plain, charges, &after, &facts, unknown.first(), covering, now);
    let answer = Answer { rules, ..left_to_console(plain, answer, &facts, &unknown) };
    if answer.verdict == "ALLOW" {
        charges.retain(|charge| charge.name != after.name);
        charges.push(after);
    }
    answer
}

fn refused(verdict: Text, why: Why, rules: BTreeSet<(String, bool, bool)>) -> Answer {
    Answer { verdict, action: "REJECT", why, rules, lines: Vec::new() }
}

/// The names of those that match, and of those that nobody can tell of, each in their order.
fn sorted(rules: &[PlainRule], known: impl Fn(&PlainRule) -> Known) -> (Vec<String>, Vec<String>) {
    let (mut matched, mut unknown) = (Vec::new(), Vec::new());
    for rule in rules {
        match known(rule) {
            Some(true) => matched.push(rule.id.clone()),
            None => unknown.push(rule.id.clone()),
            Some(false) => {}
        }
    }
    matched.sort();
    unknown.sort();
    (matched, unknown)
}

fn limited(
    plain: &Plain,
    charges: &[Charge],
    after: &Charge,
    facts: &Facts,
    unknown_rule: Option<&String>,
    covering: &str,
    now: i64,
) -> Answer {
    let charges: Vec<Charge> = charges.iter().map(|charge| charge.under(plain)).collect();
    let before = charges.iter().find(|charge| charge.name == after.name);
    let mut all: Vec<Line> = Vec::new();
    for limit in &plain.limits {
        // What was charged before at another stage counts for this one.
        debug_assert!(facts.stage <= after.facts.stage);
        all.extend(lines(limit, &charges, before, after, now));
    }
    all.sort();
    let holds = |line: &Line| plain.limits.iter().any(|limit| limit.id == line.limit && limit.holds);
    let first =
        |asked: &dyn Fn(&Line) -> bool| all.iter().find(|line| asked(line)).map(|line| line.limit.clone());
    let (verdict, why) = if let Some(limit) = first(&|line| line.exceeded && !holds(line)) {
        ("DENY", Why::LimitExceeded(limit))
    } else if let Some(rule) = unknown_rule {
        ("HOLD", Why::DenyRuleUnknown(rule.clone()))
    } else if let Some(limit) = first(&|line| line.exceeded && holds(line)) {
        ("HOLD", Why::LimitExceeded(limit))
    } else if let Some(limit) = first(&|line| line.unknown) {
        ("HOLD", Why::LimitUnknown(limit))
    } else {
        ("ALLOW", Why::Allowed(covering.to_owned()))
    };
    if verdict == "ALLOW" {
        for line in &mut all {
            line.headroom = line.headroom.saturating_sub(line.requested);
        }
        all.sort();
    }
    let action = if verdict == "ALLOW" { "APPROVE" } else { "REJECT" };
    Answer { verdict, action, why, rules: BTreeSet::new(), lines: all }
}

/// At approval, and only where everything that holds it says so.
fn left_to_console(plain: &Plain, answer: Answer, facts: &Facts, unknown: &[String]) -> Answer {
    let rules = plain.deny.iter().filter(|rule| unknown.contains(&rule.id));
    let holding =
        |id: &String| answer.lines.iter().any(|line| line.limit == *id && (line.exceeded || line.unknown));
    let limits = plain.limits.iter().filter(|limit| holding(&limit.id));
    let left = rules.map(|rule| rule.to_console).chain(limits.map(|limit| limit.to_console)).all(|left| left);
    let ignored = answer.verdict == "HOLD" && facts.stage == Stage::Approval && left;
    Answer { action: if ignored { "IGNORE" } else { answer.action }, ..answer }
}
