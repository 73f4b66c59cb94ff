//! Conditions that can never hold together.

use super::unmatched::{chains, unmatched, unmatched_list};
use super::why::Never;
use crate::applicability::{amount_applies, call_applies, destination_applies, messages_apply};
use crate::asset::Assets;
use crate::choice::Choice;
use crate::condition::Conditions;
use crate::expression::Expression;
use crate::request::Stage;
use crate::rule::{Effect, covered_operations};
use crate::vocabulary::{OPERATIONS, costs_a_fee};

/// Why these conditions of a rule can never hold; `None`: they can, or nobody can tell. A limit asks as a deny rule
/// does, whether any destination is meant.
pub fn never(when: &Conditions, effect: Effect, assets: &Assets) -> Option<Never> {
    no_operation(when, effect)
        .or_else(|| no_destination(when, effect, assets))
        .or_else(|| unmatched_list(when.contracts.as_deref()?, &chains(when, assets)))
        .or_else(|| no_hour(when))
        .or_else(|| no_value(when))
}

/// A field of a rule, and whether it applies to an operation.
type Field = (&'static str, fn(&str) -> bool);

/// What a rule asks of an operation, by what asks for it.
type Demand<'a> = (&'static str, Box<dyn Fn(&str) -> bool + 'a>);

fn no_operation(when: &Conditions, effect: Effect) -> Option<Never> {
    let demands = demands(when);
    let has_all = |operation: &&str| demands.iter().all(|(_, applies)| applies(operation));
    if demands.is_empty() || candidates(when, effect).iter().any(has_all) {
        return None;
    }
    Some(Never::NoOperation(demands.into_iter().map(|(name, _)| name).collect()))
}

fn demands(when: &Conditions) -> Vec<Demand<'_>> {
    let circumstances = &when.circumstances;
    let demands: [(bool, Field); 7] = [
        (when.destinations.is_some(), ("destination", destination_applies)),
        (!when.amount.is_unbounded(), ("amount", amount_applies)),
        (!when.usd.is_unbounded(), ("amount_usd", amount_applies)),
        (circumstances.fee.is_some(), ("fee", costs_a_fee)),
        (!circumstances.fee_share.is_unbounded(), ("fee_share", amount_applies)),
        (when.contracts.is_some() || circumstances.methods.is_some(), ("call", call_applies)),
        (circumstances.messages.is_some(), ("messages", messages_apply)),
    ];
    let fields = demands.into_iter().filter(|(asked, _)| *asked);
    let fields = fields.map(|(_, (name, applies))| -> Demand<'_> { (name, Box::new(applies)) });
    fields.chain(circumstances.expression.as_ref().and_then(measured)).collect()
}

/// An expression asks something of an operation where some known one cannot meet it.
fn measured(expression: &Expression) -> Option<Demand<'_>> {
    let applies = |operation: &str| !expression.never_holds_of(operation, Stage::Signing);
    (!OPERATIONS.into_iter().all(applies))
        .then(|| -> Demand<'_> { ("what condition measures", Box::new(applies)) })
}

/// Every operation that it can meet, with one that nobody knows yet for all of those.
fn candidates(when: &Conditions, effect: Effect) -> Vec<&str> {
    if effect == Effect::Allow {
        return covered_operations(when);
    }
    match &when.operations {
        Some(Choice::OneOf(names)) => names.iter().map(String::as_str).collect(),
        choice => {
            let met = |name: &&str| choice.as_ref().is_none_or(|choice| choice.includes(&(*name).to_owned()));
            OPERATIONS.into_iter().filter(met).chain([NOT_KNOWN_YET]).collect()
        }
    }
}

/// No operation is called so.
const NOT_KNOWN_YET: &str = "";

fn no_destination(when: &Conditions, effect: Effect, assets: &Assets) -> Option<Never> {
    let asked = when.destinations.as_ref()?.one_of()?;
    let unmatched = unmatched(when, effect, assets);
    if unmatched.len() < asked.len() { None } else { unmatched.into_iter().next() }
}

fn no_value(when: &Conditions) -> Option<Never> {
    when.circumstances.expression.as_ref()?.contradiction().map(Never::Contradiction)
}

fn no_hour(when: &Conditions) -> Option<Never> {
    match &when.circumstances.times {
        Some(Choice::NoneOf(hours)) if hours.iter().any(|hours| hours.are_all()) => Some(Never::NoHour),
        _ => None,
    }
}
