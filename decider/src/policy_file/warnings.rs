//! What a policy says that its author may not have meant: what it leaves open, and what in it does nothing. A warning
//! is not a mistake: each of these can be what somebody wants.

mod unproven;
mod unsigned;
mod idle;
mod messages;
mod open;
mod spelling;
mod tags;
mod tenants;

use std::collections::BTreeSet;

use policy::document::Policy;
use policy::limit::Limit;
use policy::raw_transaction::can_prove;
use policy::rule::{Effect, Rule};

use super::PolicyFile;
use super::spots::Spots;
use crate::shown::first_of;
use crate::yaml::{Place, Warning};

/// How many assets a warning names.
const MAX_NAMED_ASSETS: usize = 10;

/// Every warning of a policy that was loaded, for `check`, the start and a change alike, in the order of the files and their lines.
pub fn collect(file: &PolicyFile) -> Vec<Warning> {
    placed(&file.spots, noted(file))
}

/// Those over tenants, where a policy is held against the only ones that are decided for.
pub fn of_tenants(file: &PolicyFile, tenants: &BTreeSet<String>) -> Vec<Warning> {
    let noted = tenants::none_of(&file.policy, tenants).into_iter();
    placed(&file.spots, noted.map(|(id, message)| (file.spots.of_id(id), message)).collect())
}

fn placed(spots: &Spots, mut noted: Vec<(Place, String)>) -> Vec<Warning> {
    noted.sort_by_key(|(at, _)| (at.file, at.spot()));
    noted.into_iter().map(|(at, message)| warning_at(spots, at, message)).collect()
}

fn noted(file: &PolicyFile) -> Vec<(Place, String)> {
    let mut noted = file.spots.doubts.clone();
    for list in file.summary.lists.iter().filter(|list| list.addresses == 0) {
        noted.push((file.spots.of_list(&list.name), format!("list {} is empty", list.name)));
    }
    if file.policy.allow.is_empty() {
        noted.push((Place::default(), "there is no allow rule: everything is denied".into()));
    }
    noted.extend(unproven_raw(&file.policy).map(|message| (Place::default(), message)));
    noted.extend(of_named(&file.policy).map(|(id, message)| (file.spots.of_id(id), message)));
    noted
}

/// Where raw transactions are required, the assets of which they prove nothing.
fn unproven_raw(policy: &Policy) -> Option<String> {
    let unproven = policy.assets.iter().filter(|(_, asset)| !can_prove(asset.chain));
    let ids: Vec<&str> = unproven.map(|(id, _)| id.as_str()).collect();
    let named = first_of(ids.iter().copied(), MAX_NAMED_ASSETS);
    (policy.raw_transactions_required && !ids.is_empty()).then(|| {
        format!("raw_transactions: required proves nothing of {named}: how their chains hash is not known, so that a raw transaction must be there, and what it says is not held against what is signed")
    })
}

/// Those of a rule or a limit, with its id.
fn of_named(policy: &Policy) -> impl Iterator<Item = (&str, String)> {
    fn with_id(id: &str, messages: Vec<String>) -> impl Iterator<Item = (&str, String)> {
        messages.into_iter().map(move |message| (id, message))
    }
    let deny = policy.deny.iter().flat_map(|rule| with_id(&rule.id, of_deny(policy, rule)));
    let allow = policy.allow.iter().enumerate();
    let allow = allow.flat_map(|(number, rule)| with_id(&rule.id, of_allow(policy, number, rule)));
    let limits = policy.limits.iter().flat_map(|limit| with_id(&limit.id, of_limit(policy, limit)));
    deny.chain(allow).chain(limits)
}

fn of_deny(policy: &Policy, rule: &Rule) -> Vec<String> {
    let named = format!("deny rule {}", rule.id);
    let others = [
        open::unstated_fee_asset(policy, rule),
        unsigned::ruled_out_by_list(policy, "deny rule", &rule.id, &rule.when),
        spelling::of_deny(rule),
        tags::never_said(policy, &named, &rule.when, Effect::Deny),
        messages::unheard_of(&named, &rule.when),
    ];
    idle::of_deny(policy, rule).into_iter().chain(others.into_iter().flatten()).collect()
}

/// What allows nothing leaves nothing open.
fn of_allow(policy: &Policy, number: usize, rule: &Rule) -> Vec<String> {
    if let Some(idle) = idle::allows_nothing(policy, rule) {
        return vec![idle];
    }
    let named = format!("allow rule {}", rule.id);
    [
        idle::of_allow(policy, number, rule),
        open::unstated_fee_asset(policy, rule).into_iter().collect(),
        open::never_at_approval(rule).into_iter().collect(),
        open::of_allow(policy, rule),
        unproven::of_allow(policy, rule).into_iter().collect(),
        spelling::of_allow(rule).into_iter().collect(),
        tags::never_said(policy, &named, &rule.when, Effect::Allow).into_iter().collect(),
        messages::unheard_of(&named, &rule.when).into_iter().collect(),
    ]
    .concat()
}

fn of_limit(policy: &Policy, limit: &Limit) -> Vec<String> {
    let warnings = [
        idle::of_limit(policy, limit),
        open::in_flight(limit),
        unsigned::ruled_out_by_list(policy, "limit", &limit.id, &limit.when),
        spelling::of_limit(policy, limit),
        tags::never_said(policy, &format!("limit {}", limit.id), &limit.when, Effect::Deny),
    ];
    warnings.into_iter().flatten().collect()
}

fn warning_at(spots: &Spots, at: Place, message: String) -> Warning {
    let (line, column) = at.spot().unzip();
    Warning { file: spots.files.get(at.file).cloned().unwrap_or_default(), line, column, message }
}

/// What they say, without their places.
#[cfg(test)]
pub fn told(file: &PolicyFile) -> String {
    collect(file).into_iter().map(|warning| warning.message).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
