//! Rules that can never match, or that change nothing.

use policy::document::Policy;
use policy::limit::Limit;
use policy::reach::{Never, is_within, never, unmatched};
use policy::rule::{Effect, Rule};

/// Of a deny rule.
pub fn of_deny(policy: &Policy, rule: &Rule) -> Vec<String> {
    never_matches(policy, rule, Effect::Deny)
        .map_or_else(|| nobody(policy, rule, Effect::Deny), |never| vec![never])
}

/// Of an allow rule that allows nothing.
pub fn allows_nothing(policy: &Policy, rule: &Rule) -> Option<String> {
    never_matches(policy, rule, Effect::Allow).or_else(|| always_denied(policy, rule))
}

/// Of the allow rule of this number, which allows something: what in it is idle, and whether it is as a whole.
pub fn of_allow(policy: &Policy, number: usize, rule: &Rule) -> Vec<String> {
    nobody(policy, rule, Effect::Allow).into_iter().chain(redundant(policy, number, rule)).collect()
}

/// Of a limit, which asks as a deny rule does.
pub fn of_limit(policy: &Policy, limit: &Limit) -> Option<String> {
    let why = never(&limit.when, Effect::Deny, &policy.assets)?;
    Some(format!("limit {} can never apply{}: {why}", limit.id, held(Effect::Deny, &why)))
}

fn never_matches(policy: &Policy, rule: &Rule, effect: Effect) -> Option<String> {
    let why = never(&rule.when, effect, &policy.assets)?;
    Some(format!("{} rule {} can never match{}: {why}", word(effect), rule.id, held(effect, &why)))
}

fn nobody(policy: &Policy, rule: &Rule, effect: Effect) -> Vec<String> {
    let (word, id) = (word(effect), &rule.id);
    let told =
        |why| format!("a destination of {word} rule {id} can never match{}: {why}", held(effect, &why));
    unmatched(&rule.when, effect, &policy.assets).into_iter().map(told).collect()
}

fn always_denied(policy: &Policy, rule: &Rule) -> Option<String> {
    let mut wider = policy.around(Effect::Deny, rule).into_iter();
    let (_, denies) = wider.find(|(_, deny)| is_within(rule, deny, Effect::Deny, &policy.assets))?;
    let (id, deny) = (&rule.id, &denies.id);
    Some(format!(
        "allow rule {id} can never allow: deny rule {deny} denies whatever it covers. Narrow that one, or take this one out"
    ))
}

/// Of two that allow the same, the later one is told of.
fn redundant(policy: &Policy, number: usize, rule: &Rule) -> Option<String> {
    let inside = |one: &Rule, other: &Rule| is_within(one, other, Effect::Allow, &policy.assets);
    let mut others = policy.around(Effect::Allow, rule).into_iter().filter(|(other, _)| *other != number);
    let (_, wider) =
        others.find(|(other, wider)| inside(rule, wider) && (*other < number || !inside(wider, rule)))?;
    let (id, wider) = (&rule.id, &wider.id);
    Some(format!(
        "allow rule {id} allows nothing that allow rule {wider} does not allow, too. Narrow that one, or take this one out"
    ))
}

/// What denies nobody still holds whom it cannot tell of.
fn held(effect: Effect, why: &Never) -> String {
    let held = Some(why).filter(|_| effect == Effect::Deny).and_then(Never::in_doubt);
    held.map(|who| format!(", and holds {who}")).unwrap_or_default()
}

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Deny => "deny",
        Effect::Allow => "allow",
    }
}
