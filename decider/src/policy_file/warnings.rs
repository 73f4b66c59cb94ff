//! What a policy says that its author may not have meant: what it leaves open, and what in it does nothing. A warning
//! is not a mistake: each of these can be what somebody wants.

mod unproven;
mod unsigned;
mod idle;
mod messages;
mod open;
mod spelling;
mod tags;

use policy::document::Policy;
use policy::raw_transaction::can_prove;
use policy::rule::Effect;

use super::PolicyFile;
use super::spots::Spots;
use crate::yaml::{Place, Warning};

/// How many assets a warning names.
const MAX_NAMED_ASSETS: usize = 10;

/// Every warning of a policy that was loaded, for `check`, the start and a change alike, in the order of the files and their lines.
pub fn collect(file: &PolicyFile) -> Vec<Warning> {
    let mut noted = file.spots.unused.clone();
    for list in file.summary.lists.iter().filter(|list| list.addresses == 0) {
        noted.push((file.spots.of_list(&list.name), format!("list {} is empty", list.name)));
    }
    if file.policy.allow.is_empty() {
        noted.push((Place::default(), "there is no allow rule: everything is denied".into()));
    }
    noted.extend(unproven_raw(&file.policy).map(|message| (Place::default(), message)));
    noted.extend(of_named(&file.policy).into_iter().map(|(id, message)| (file.spots.of_id(id), message)));
    noted.sort_by_key(|(at, _)| (at.file, at.spot()));
    noted.into_iter().map(|(at, message)| warning_at(&file.spots, at, message)).collect()
}

/// Where raw transactions are required, the assets of which they prove nothing.
fn unproven_raw(policy: &Policy) -> Option<String> {
    let unproven = policy.assets.iter().filter(|(_, asset)| !can_prove(asset.chain));
    let ids: Vec<&str> = unproven.map(|(id, _)| id.as_str()).collect();
    let named = ids.iter().take(MAX_NAMED_ASSETS).copied().collect::<Vec<_>>().join(", ");
    let more = ids.len().saturating_sub(MAX_NAMED_ASSETS);
    let named = if more == 0 { named } else { format!("{named} and {more} more") };
    (policy.raw_transactions_required && !ids.is_empty()).then(|| {
        format!("raw_transactions: required proves nothing of {named}: how their chains hash is not known, so that a raw transaction must be there, and what it says is not held against what is signed")
    })
}

/// Those of a rule or a limit, with its id.
fn of_named(policy: &Policy) -> Vec<(&str, String)> {
    let mut noted = Vec::new();
    for rule in &policy.deny {
        let unsigned = unsigned::ruled_out_by_list(policy, "deny rule", &rule.id, &rule.when);
        let warnings = idle::of_deny(policy, rule).into_iter();
        let warnings = warnings.chain(open::unstated_fee_asset(policy, rule)).chain(unsigned);
        let named = format!("deny rule {}", rule.id);
        let unsaid = tags::never_said(policy, &named, &rule.when, Effect::Deny);
        let unheard_of = messages::unheard_of(&named, &rule.when);
        let warnings = warnings.chain(spelling::of_deny(rule)).chain(unsaid).chain(unheard_of);
        noted.extend(warnings.map(|message| (rule.id.as_str(), message)));
    }
    for (number, rule) in policy.allow.iter().enumerate() {
        let named = format!("allow rule {}", rule.id);
        // What allows nothing leaves nothing open.
        let warnings = match idle::allows_nothing(policy, rule) {
            Some(idle) => vec![idle],
            None => [
                idle::of_allow(policy, number, rule),
                open::unstated_fee_asset(policy, rule).into_iter().collect(),
                open::never_at_approval(rule).into_iter().collect(),
                open::of_allow(policy, rule),
                unproven::of_allow(policy, rule).into_iter().collect(),
                spelling::of_allow(rule).into_iter().collect(),
                tags::never_said(policy, &named, &rule.when, Effect::Allow).into_iter().collect(),
                messages::unheard_of(&named, &rule.when).into_iter().collect(),
            ]
            .concat(),
        };
        noted.extend(warnings.into_iter().map(|message| (rule.id.as_str(), message)));
    }
    for limit in &policy.limits {
        let unsigned = unsigned::ruled_out_by_list(policy, "limit", &limit.id, &limit.when);
        let warnings = idle::of_limit(policy, limit).into_iter();
        let warnings = warnings.chain(open::in_flight(limit)).chain(unsigned);
        let unsaid = tags::never_said(policy, &format!("limit {}", limit.id), &limit.when, Effect::Deny);
        let warnings = warnings.chain(spelling::of_limit(policy, limit)).chain(unsaid);
        noted.extend(warnings.map(|message| (limit.id.as_str(), message)));
    }
    noted
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
