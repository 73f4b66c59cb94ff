//! What rules allow that is wide open, or that nothing bounds.

use std::collections::BTreeSet;

use policy::accounts::Accounts;
use policy::address::Chain;
use policy::asset::Asset;
use policy::choice::Choice;
use policy::condition::{CircumstanceConditions, Conditions, DestinationMatcher};
use policy::document::Policy;
use policy::expression::{Expression, Text, Total};
use policy::limit::{Cap, Limit};
use policy::request::Stage;
use policy::rule::{Rule, covered_operations};
use policy::time::Window;
use policy::vocabulary::{TRANSFER, is_matched_by_address, pays_somebody, states_its_amount};

use super::tags;

/// Operations whose amounts are read, and of which no source says that they are what moves. Two are calls of a contract under
/// another name, and what calls one states 0.
const UNDOCUMENTED_AMOUNTS: [&str; 4] = ["UNSTAKE", "WITHDRAW", "REDEEM_FROM_COMPOUND", "SUPPLY_TO_COMPOUND"];

/// What an allow rule leaves open.
pub fn of_allow(policy: &Policy, rule: &Rule) -> Vec<String> {
    let warnings = [
        unstated_amounts(rule),
        undocumented_amounts(rule),
        any_destination(rule),
        any_address(rule),
        any_other(rule),
        tags::any_tag(policy, rule),
        without_limit(policy, rule),
    ];
    warnings.into_iter().flatten().collect()
}

/// Amounts in the payload of these operations are 0: nothing native bounds what they move.
fn unstated_amounts(rule: &Rule) -> Option<String> {
    let operations = covered_operations(&rule.when);
    let unstated: Vec<&str> = operations.into_iter().filter(|name| !states_its_amount(name)).collect();
    let (id, names) = (&rule.id, unstated.join(", "));
    (!unstated.is_empty()).then(|| {
        format!("allow rule {id} allows {names}: no amount limit or maximum bounds what that moves, only a count does")
    })
}

/// Of these a limit may not claim to bound what moves (decision model, section 5).
fn undocumented_amounts(rule: &Rule) -> Option<String> {
    let mut operations = covered_operations(&rule.when);
    operations.retain(|name| UNDOCUMENTED_AMOUNTS.contains(name));
    let (id, names) = (&rule.id, operations.join(", "));
    (!operations.is_empty()).then(|| {
        format!("allow rule {id} allows {names}: nothing says that their amounts are what moves, only a count bounds it for certain")
    })
}

fn any_destination(rule: &Rule) -> Option<String> {
    let (id, when) = (&rule.id, &rule.when);
    if !covered_operations(when).into_iter().any(pays_somebody) || when.contracts.is_some() {
        return None;
    }
    match &when.destinations {
        None => Some(format!("allow rule {id} allows any destination")),
        Some(Choice::NoneOf(_)) => {
            Some(format!("allow rule {id} allows any destination but those it rules out"))
        }
        Some(Choice::OneOf(_)) => None,
    }
}

/// A type that is matched by address, without anything that names the address, is every address of the type; and so
/// is whatever the custody system calls by a word.
fn any_address(rule: &Rule) -> Option<String> {
    let asked = rule.when.destinations.as_ref().and_then(Choice::one_of);
    let named = |matcher: &DestinationMatcher| matcher.list.is_some() || matcher.counterparty.is_some();
    let open = asked.into_iter().flatten().filter(|matcher| !named(matcher));
    let mut kinds =
        open.filter_map(|matcher| match (&matcher.account, &matcher.subtype, &matcher.address_type) {
            (Some(account), ..) => is_matched_by_address(&account.kind).then_some(("type", &account.kind)),
            (None, Some(subtype), _) => Some(("subtype", subtype)),
            (None, None, address_type) => address_type.as_ref().map(|word| ("address type", word)),
        });
    let (what, word) = kinds.next().filter(|_| rule.when.contracts.is_none())?;
    Some(format!("allow rule {} allows every address of {what} {word}", rule.id))
}

/// New standards bring new messages, and contracts any method.
fn any_other(rule: &Rule) -> Option<String> {
    let asked = &rule.when.circumstances;
    let ruled_out = [
        ("type of message", asked.messages.as_ref().is_some_and(|choice| choice.one_of().is_none())),
        ("method", asked.methods.as_ref().is_some_and(|choice| choice.one_of().is_none())),
    ];
    let (what, _) = ruled_out.into_iter().find(|(_, is_so)| *is_so)?;
    Some(format!(
        "allow rule {} allows every {what} but those it rules out, and any that is yet to come: name those that are meant",
        rule.id
    ))
}

/// The fee of a token is in another coin: read in the token's own units it would be another amount. Bitcoin has no tokens,
/// and what tokens pay their fees in is a coin.
pub fn unstated_fee_asset(policy: &Policy, rule: &Rule) -> Option<String> {
    let asked = &rule.when.circumstances;
    let by_expression =
        || asked.expression.as_ref().is_some_and(|asked| asked.totals().contains(&Total::Fee));
    if !bounds_the_fee(asked) && !by_expression() {
        return None;
    }
    let unstated = |asset: &Asset| asset.fee_asset.is_none() && asset.chain != Chain::Bitcoin;
    let is_coin = |id: &String| policy.assets.values().any(|asset| asset.fee_asset.as_ref() == Some(id));
    let (id, _) = policy
        .assets
        .iter()
        .find(|(id, asset)| rule.when.covers_asset(id) && unstated(asset) && !is_coin(id))?;
    Some(format!(
        "rule {} reads the fee of {id} in {id}: state its fee_asset, which for a token is another",
        rule.id
    ))
}

/// Before signing nobody knows the fee: what asks for approval first is refused there, for good.
pub fn never_at_approval(rule: &Rule) -> Option<String> {
    let asked = &rule.when.circumstances;
    let by_expression = || asked.expression.as_ref().is_some_and(needs_a_fee);
    (rule.when.stages.is_none() && (bounds_the_fee(asked) || by_expression())).then(|| {
        format!(
            "allow rule {} allows nothing at APPROVAL, where no fee is known: say stages: [SIGNING], or deny what costs more",
            rule.id
        )
    })
}

/// One that asks for the stage says at which it is meant.
fn needs_a_fee(expression: &Expression) -> bool {
    let mut words = expression.words().into_iter();
    expression.never_holds_of(TRANSFER, Stage::Approval) && !words.any(|(_, text, _)| text == Text::Stage)
}

fn bounds_the_fee(asked: &CircumstanceConditions) -> bool {
    asked.fee.is_some() || !asked.fee_share.is_unbounded()
}

fn without_limit(policy: &Policy, rule: &Rule) -> Option<String> {
    let limited = |name: &str| policy.limits.iter().any(|limit| may_apply(limit, &rule.when, name));
    let all = covered_operations(&rule.when);
    let open: Vec<&str> = all.iter().copied().filter(|name| !limited(name)).collect();
    let id = &rule.id;
    match open.len() {
        0 => None,
        count if count == all.len() => Some(format!("no limit applies to what allow rule {id} allows")),
        _ => Some(format!("no limit applies to {} that allow rule {id} allows", open.join(", "))),
    }
}

/// What nobody has heard the end of may still be in flight.
pub fn in_flight(limit: &Limit) -> Option<String> {
    let id = &limit.id;
    (limit.window == Window::InFlight).then(|| {
        format!(
            "limit {id} counts every charge for ever: no outcome is reported yet that would end its flight"
        )
    })
}

/// Whether a limit can meet anything of this operation that the rule allows.
fn may_apply(limit: &Limit, rule: &Conditions, operation: &str) -> bool {
    let when = &limit.when;
    let bounded = match limit.cap {
        Cap::Count(_) => true,
        Cap::Destinations(_) => pays_somebody(operation),
        Cap::Amount(_) | Cap::Usd(_) => {
            states_its_amount(operation) && !UNDOCUMENTED_AMOUNTS.contains(&operation)
        }
    };
    let met = when.operations.as_ref().is_none_or(|choice| choice.includes(&operation.to_owned()));
    bounded
        && met
        && may_meet(&when.caller.tenants, &rule.caller.tenants)
        && proofs_may_meet(when, rule)
        && may_meet(&when.signers, &rule.signers)
        && when.assets.as_ref().zip(rule.assets.as_ref()).is_none_or(|(one, other)| !one.is_disjoint(other))
        && may_be_both(&when.sources, &rule.sources, Accounts::overlap)
        && may_be_both(&when.destinations, &rule.destinations, |ones, others| any_overlap(ones, others))
}

type Words = Option<Choice<BTreeSet<String>>>;

/// Whether something may be among both.
pub fn may_meet(one: &Words, other: &Words) -> bool {
    match (one, other) {
        (Some(Choice::OneOf(words)), Some(choice)) | (Some(choice), Some(Choice::OneOf(words))) => {
            words.iter().any(|word| choice.includes(word))
        }
        _ => true,
    }
}

fn proofs_may_meet(one: &Conditions, other: &Conditions) -> bool {
    one.caller
        .proofs
        .as_ref()
        .zip(other.caller.proofs.as_ref())
        .is_none_or(|(one, other)| !one.is_disjoint(other))
}

/// What is ruled out leaves others.
fn may_be_both<T>(
    one: &Option<Choice<T>>,
    other: &Option<Choice<T>>,
    overlap: impl Fn(&T, &T) -> bool,
) -> bool {
    match (one, other) {
        (Some(Choice::OneOf(one)), Some(Choice::OneOf(other))) => overlap(one, other),
        _ => true,
    }
}

fn any_overlap(ones: &[DestinationMatcher], others: &[DestinationMatcher]) -> bool {
    ones.iter().any(|one| others.iter().any(|other| destinations_overlap(one, other)))
}

/// Whether some destination may be both: by account where both name one, by address where both name a list.
fn destinations_overlap(one: &DestinationMatcher, other: &DestinationMatcher) -> bool {
    let accounts =
        one.account.as_ref().zip(other.account.as_ref()).is_none_or(|(one, other)| one.may_be(other));
    let lists = one.list.as_ref().zip(other.list.as_ref());
    may_be_the_same(&one.subtype, &other.subtype)
        && may_be_the_same(&one.address_type, &other.address_type)
        && may_be_the_same(&one.tag, &other.tag)
        && accounts
        && lists.is_none_or(|(one, other)| one.overlap(other).is_some())
}

fn may_be_the_same(one: &Option<String>, other: &Option<String>) -> bool {
    one.is_none() || other.is_none() || one == other
}
