//! Whether one rule matches whatever another covers.

use std::collections::BTreeSet;

use crate::accounts::Accounts;
use crate::asset::Assets;
use crate::choice::Choice;
use crate::condition::{CircumstanceConditions, Conditions, DestinationMatcher, FeeBounds};
use crate::list::{AddressList, Age};
use crate::request::Stage;
use crate::rule::{Effect, Rule, covered_operations};

/// Whether `other`, a rule of this effect, matches whatever the allow rule `rule` covers. Where nobody can tell it is
/// false.
///
/// What a rule covers is known: nothing that it asks for is missing. So it is enough that each condition of `other`
/// follows from the same condition of `rule`. What lists hold for allowing they hold for denying, too.
pub fn is_within(rule: &Rule, other: &Rule, effect: Effect, assets: &Assets) -> bool {
    let (one, two) = (&rule.when, &other.when);
    operations_are_within(one, two, effect)
        && words_are_within(&one.caller.tenants, &two.caller.tenants)
        && proofs_are_within(one, two)
        && words_are_within(&one.signers, &two.signers)
        && stages_are_within(one, two)
        && assets_are_within(one, two, assets)
        && is_chosen_within(&one.sources, &two.sources, Accounts::are_within, |one, two| !one.overlap(two))
        && is_one_within(&one.destinations, &two.destinations, is_destination_of, are_other_destinations)
        && two
            .contracts
            .as_deref()
            .is_none_or(|list| one.contracts.as_deref().is_some_and(|own| is_same(own, list)))
        && one.amount.is_within(&two.amount)
        && one.usd.is_within(&two.usd)
        && circumstances_are_within(&one.circumstances, &two.circumstances)
}

fn operations_are_within(one: &Conditions, two: &Conditions, effect: Effect) -> bool {
    let covered = covered_operations(one);
    match effect {
        Effect::Allow => {
            let others: BTreeSet<&str> = covered_operations(two).into_iter().collect();
            covered.iter().all(|name| others.contains(name))
                && two.operations.as_ref().is_none_or(|choice| choice.one_of().is_some())
        }
        Effect::Deny => two
            .operations
            .as_ref()
            .is_none_or(|choice| covered.iter().all(|name| choice.includes(&(*name).to_owned()))),
    }
}

/// Who says nothing of his proof is nobody that a rule over proofs matches.
fn proofs_are_within(one: &Conditions, two: &Conditions) -> bool {
    let own = one.caller.proofs.as_ref();
    two.caller.proofs.as_ref().is_none_or(|asked| own.is_some_and(|own| own.is_subset(asked)))
}

fn stages_are_within(one: &Conditions, two: &Conditions) -> bool {
    let met = |stage: &Stage| one.stages.as_ref().is_none_or(|stages| stages.contains(stage));
    let mut all = [Stage::Approval, Stage::Signing].into_iter().filter(met);
    two.stages.as_ref().is_none_or(|stages| all.all(|stage| stages.contains(&stage)))
}

fn assets_are_within(one: &Conditions, two: &Conditions, assets: &Assets) -> bool {
    two.assets.as_ref().is_none_or(|wanted| match &one.assets {
        Some(met) => met.is_subset(wanted),
        None => assets.keys().all(|id| wanted.contains(id)),
    })
}

fn circumstances_are_within(one: &CircumstanceConditions, two: &CircumstanceConditions) -> bool {
    fee_is_within(one.fee.as_ref(), two.fee.as_ref())
        && one.fee_share.is_within(&two.fee_share)
        && words_are_within(&one.methods, &two.methods)
        && words_are_within(&one.messages, &two.messages)
        && is_one_within(
            &one.times,
            &two.times,
            |own, other| own.are_within(other),
            |own, other| own.are_apart_from(other),
        )
        && is_one_within(&one.note, &two.note, PartialEq::eq, |_, _| false)
        && is_one_within(&one.external_tx_id, &two.external_tx_id, PartialEq::eq, |_, _| false)
        && (two.expression.is_none() || one.expression == two.expression)
}

fn fee_is_within(one: Option<&FeeBounds>, two: Option<&FeeBounds>) -> bool {
    let inside =
        |own: &FeeBounds, other: &FeeBounds| own.asset == other.asset && own.range.is_within(&other.range);
    two.is_none_or(|other| one.is_some_and(|own| inside(own, other)))
}

type Words<T> = Option<Choice<BTreeSet<T>>>;

fn words_are_within<T: Ord>(one: &Words<T>, two: &Words<T>) -> bool {
    is_chosen_within(one, two, BTreeSet::is_subset, BTreeSet::is_disjoint)
}

/// `are_within`: whoever is among the ones is among the others. `are_apart`: nobody is among both.
fn is_chosen_within<T>(
    one: &Option<Choice<T>>,
    two: &Option<Choice<T>>,
    are_within: impl Fn(&T, &T) -> bool,
    are_apart: impl Fn(&T, &T) -> bool,
) -> bool {
    let Some(two) = two else { return true };
    match (one, two) {
        (Some(Choice::OneOf(own)), Choice::OneOf(asked)) => are_within(own, asked),
        (Some(Choice::OneOf(own)), Choice::NoneOf(out)) => are_apart(own, out),
        // Whoever is none of the first is none of those who are among them.
        (Some(Choice::NoneOf(own)), Choice::NoneOf(out)) => are_within(out, own),
        (Some(Choice::NoneOf(_)), Choice::OneOf(_)) | (None, _) => false,
    }
}

/// The same of what cannot be looked up. `is_of`: whoever is the one is the other, too. `apart`: nobody is both.
fn is_one_within<T>(
    one: &Option<Choice<Vec<T>>>,
    two: &Option<Choice<Vec<T>>>,
    is_of: impl Fn(&T, &T) -> bool,
    apart: impl Fn(&T, &T) -> bool,
) -> bool {
    is_chosen_within(
        one,
        two,
        |ones, others| ones.iter().all(|one| others.iter().any(|other| is_of(one, other))),
        |ones, others| ones.iter().all(|one| others.iter().all(|other| apart(one, other))),
    )
}

fn is_destination_of(one: &DestinationMatcher, other: &DestinationMatcher) -> bool {
    let says = |own: &Option<String>, asked: &Option<String>| asked.is_none() || own == asked;
    let account = |asked| one.account.as_ref().is_some_and(|own| own.is_within(asked));
    let listed = |asked: &AddressList| {
        one.list.as_ref().is_some_and(|own| is_same(own, asked)) && is_age_within(one.age, other.age)
    };
    says(&one.subtype, &other.subtype)
        && says(&one.address_type, &other.address_type)
        && says(&one.tag, &other.tag)
        && other.account.as_ref().is_none_or(account)
        && other.list.as_deref().is_none_or(listed)
        && belongs(one, other)
}

/// By the receiver's name, or by one of its accounts or lists.
fn belongs(one: &DestinationMatcher, other: &DestinationMatcher) -> bool {
    let Some(receiver) = &other.counterparty else { return true };
    let named = one.counterparty.as_ref().is_some_and(|own| own.name == receiver.name);
    let account = || one.account.as_ref().is_some_and(|own| receiver.accounts.cover(own));
    let listed = || one.list.as_ref().is_some_and(|own| receiver.lists.iter().any(|each| is_same(own, each)));
    named || account() || listed()
}

fn are_other_destinations(one: &DestinationMatcher, other: &DestinationMatcher) -> bool {
    let accounts = one.account.as_ref().zip(other.account.as_ref());
    accounts.is_some_and(|(one, other)| !one.may_be(other))
        || differ(&one.subtype, &other.subtype)
        || differ(&one.address_type, &other.address_type)
        || differ(&one.tag, &other.tag)
}

/// The names of a policy's lists are unique.
fn is_same(one: &AddressList, other: &AddressList) -> bool {
    one.name == other.name
}

fn is_age_within(one: Age, other: Age) -> bool {
    other.at_least.is_none_or(|least| one.at_least.is_some_and(|own| own >= least))
        && other.less_than.is_none_or(|most| one.less_than.is_some_and(|own| own <= most))
}

fn differ(one: &Option<String>, other: &Option<String>) -> bool {
    one.as_ref().zip(other.as_ref()).is_some_and(|(one, other)| one != other)
}
