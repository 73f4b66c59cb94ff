//! What a policy allows that its author may not have meant. A warning is not a mistake: each of these can be
//! what somebody wants.

use std::collections::BTreeSet;

use policy::condition::{AccountMatcher, Conditions, DestinationMatcher};
use policy::document::Policy;
use policy::limit::{Cap, Limit};
use policy::rule::Rule;
use policy::time::Window;
use policy::vocabulary::{TRANSFER, is_matched_by_address, pays_somebody, states_its_amount};

use super::summary::Summary;

/// Every warning, in the order of the policy.
pub fn of(policy: &Policy, summary: &Summary) -> Vec<String> {
    let mut warnings = unused_lists(policy, summary);
    if policy.allow.is_empty() {
        warnings.push("there is no allow rule: everything is denied".into());
    }
    for rule in &policy.allow {
        warnings.extend(unstated_amounts(rule));
        warnings.extend(any_destination(rule));
        warnings.extend(any_address(rule));
        warnings.extend(without_limit(policy, rule));
    }
    warnings.extend(policy.limits.iter().filter_map(in_flight));
    warnings
}

/// A list that nothing refers to denies and allows nobody.
fn unused_lists(policy: &Policy, summary: &Summary) -> Vec<String> {
    let limits = policy.limits.iter().map(|limit| &limit.when);
    let rules = policy.deny.iter().chain(&policy.allow).map(|rule| &rule.when);
    let matchers = rules.chain(limits).flat_map(|when| when.destinations.iter().flatten());
    let mut used: BTreeSet<&str> =
        matchers.filter_map(|each| Some(each.list.as_ref()?.name.as_str())).collect();
    used.extend(policy.counterparties.iter().flat_map(|each| &each.lists).map(|list| list.name.as_str()));
    let unused = summary.lists.iter().filter(|list| !used.contains(list.name.as_str()));
    let mut warnings: Vec<String> = unused.map(|list| format!("list {} is not used", list.name)).collect();
    let empty = summary.lists.iter().filter(|list| list.addresses == 0);
    warnings.extend(empty.map(|list| format!("list {} is empty", list.name)));
    warnings
}

/// Amounts in the payload of these operations are 0: nothing native bounds what they move.
fn unstated_amounts(rule: &Rule) -> Option<String> {
    let operations = operations(&rule.when);
    let unstated: Vec<&str> = operations.into_iter().filter(|name| !states_its_amount(name)).collect();
    let (id, names) = (&rule.id, unstated.join(", "));
    (!unstated.is_empty()).then(|| {
        format!("allow rule {id} allows {names}: no amount limit or maximum bounds what that moves, only a count does")
    })
}

fn any_destination(rule: &Rule) -> Option<String> {
    let pays = operations(&rule.when).into_iter().any(pays_somebody);
    (pays && rule.when.destinations.is_none())
        .then(|| format!("allow rule {} allows any destination", rule.id))
}

/// A type that is matched by address, without a list, is every address of the type.
fn any_address(rule: &Rule) -> Option<String> {
    let open = rule.when.destinations.iter().flatten().find_map(|matcher| match matcher {
        DestinationMatcher { account: Some(account), list: None, .. }
            if is_matched_by_address(&account.kind) =>
        {
            Some(&account.kind)
        }
        _ => None,
    })?;
    Some(format!("allow rule {} allows every address of type {open}", rule.id))
}

fn without_limit(policy: &Policy, rule: &Rule) -> Option<String> {
    let limited = policy.limits.iter().any(|limit| may_apply(limit, &rule.when));
    (!limited).then(|| format!("no limit applies to what allow rule {} allows", rule.id))
}

/// What nobody has heard the end of may still be in flight.
fn in_flight(limit: &Limit) -> Option<String> {
    let id = &limit.id;
    (limit.window == Window::InFlight).then(|| {
        format!(
            "limit {id} counts every charge for ever: no outcome is reported yet that would end its flight"
        )
    })
}

/// Whether a limit can meet anything that the rule allows.
fn may_apply(limit: &Limit, rule: &Conditions) -> bool {
    let when = &limit.when;
    let bounded = |name: &&str| match limit.cap {
        Cap::Count(_) => true,
        Cap::Destinations(_) => pays_somebody(name),
        Cap::Amount(_) | Cap::Usd(_) => states_its_amount(name),
    };
    let operations: Vec<&str> = operations(rule).into_iter().filter(bounded).collect();
    operations.iter().any(|name| when.operations.as_ref().is_none_or(|wanted| wanted.contains(*name)))
        && may_meet(&when.signers, &rule.signers)
        && may_meet(&when.assets, &rule.assets)
        && any_pair(&when.sources, &rule.sources, overlap)
        && any_pair(&when.destinations, &rule.destinations, destinations_overlap)
}

/// The operations an allow rule covers.
fn operations(when: &Conditions) -> Vec<&str> {
    match &when.operations {
        Some(names) => names.iter().map(String::as_str).collect(),
        None => vec![TRANSFER],
    }
}

fn may_meet(one: &Option<BTreeSet<String>>, other: &Option<BTreeSet<String>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => !one.is_disjoint(other),
        _ => true,
    }
}

fn any_pair<T>(one: &Option<Vec<T>>, other: &Option<Vec<T>>, overlap: impl Fn(&T, &T) -> bool) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.iter().any(|one| other.iter().any(|other| overlap(one, other))),
        _ => true,
    }
}

fn overlap(one: &AccountMatcher, other: &AccountMatcher) -> bool {
    one.kind == other.kind && (one.id.is_none() || other.id.is_none() || one.id == other.id)
}

/// Whether some destination may be both: by account where both name one, by address where both name a list.
fn destinations_overlap(one: &DestinationMatcher, other: &DestinationMatcher) -> bool {
    let accounts =
        one.account.as_ref().zip(other.account.as_ref()).is_none_or(|(one, other)| overlap(one, other));
    let lists = one.list.as_ref().zip(other.list.as_ref());
    accounts && lists.is_none_or(|(one, other)| one.overlap(other).is_some())
}
