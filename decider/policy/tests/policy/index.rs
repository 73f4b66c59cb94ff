//! Finding the rules that can match says the same as asking all of them, and takes no longer for ten thousand.

mod limits;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::*;
use policy::caller::CallerConditions;
use policy::choice::Choice;
use policy::condition::{Conditions, DestinationMatcher};
use policy::document::Policy;
use policy::evaluate::{BeforeLimits, Evaluation, evaluate};
use policy::prices::Prices;
use policy::request::{AccountText, Request, Stage};
use policy::rule::Effect;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

const CASES: u32 = 3_000;

fn words(
    known: &'static [&'static str],
) -> impl Strategy<Value = Option<Choice<std::collections::BTreeSet<String>>>> {
    let some = (proptest::sample::subsequence(known.to_vec(), 1..=known.len()), any::<bool>());
    weighted(0.4, some).prop_map(|chosen| {
        chosen.map(|(words, not)| {
            let words = words.into_iter().map(str::to_owned).collect();
            if not { Choice::NoneOf(words) } else { Choice::OneOf(words) }
        })
    })
}

fn account() -> impl Strategy<Value = policy::condition::AccountMatcher> {
    (select(vec!["VAULT", "UNMANAGED", "EXCHANGE"]), weighted(0.6, select(vec!["0", "1", "2"])))
        .prop_map(|(kind, id)| matcher(kind, id))
}

fn destination() -> impl Strategy<Value = DestinationMatcher> {
    let tag = weighted(0.2, Just("7".to_owned()));
    (weighted(0.8, account()), tag).prop_map(|(account, tag)| DestinationMatcher {
        account,
        tag,
        ..DestinationMatcher::default()
    })
}

fn choice<T: std::fmt::Debug + Clone + 'static>(
    one: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Option<Choice<Vec<T>>>> {
    let some = (proptest::collection::vec(one, 1..4), any::<bool>());
    weighted(0.5, some).prop_map(|chosen| {
        chosen.map(|(all, not)| if not { Choice::NoneOf(all) } else { Choice::OneOf(all) })
    })
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let assets = weighted(0.4, proptest::sample::subsequence(vec!["ETH".to_owned(), "BTC".into()], 1..=2));
    let signers = words(&["a", "b", "c"]);
    let tenants = words(&["default", "json"]);
    let operations = words(&["TRANSFER", "RAW", "CONTRACT_CALL"]);
    (tenants, signers, operations, assets, choice(account()), choice(destination())).prop_map(
        |(tenants, signers, operations, assets, sources, destinations)| Conditions {
            caller: CallerConditions { tenants, ..CallerConditions::default() },
            signers,
            operations,
            assets: assets.map(|assets| Arc::new(assets.into_iter().collect())),
            sources: sources.map(|choice| choice.map(Into::into)),
            destinations,
            ..Conditions::default()
        },
    )
}

fn requests() -> impl Strategy<Value = Request> {
    let known = |words: &'static [&'static str]| weighted(0.8, select(words.to_vec()));
    let accounts = || {
        (known(&["VAULT", "UNMANAGED", "EXCHANGE", "CONTRACT", "OF_TOMORROW"]), known(&["0", "1", "2", "9"]))
    };
    let to = proptest::collection::vec(accounts(), 0..3);
    let operation = select(vec!["TRANSFER", "RAW", "CONTRACT_CALL", "NEW"]);
    let tenant = select(vec!["default", "json", "other"]);
    let asset = select(vec!["ETH", "BTC"]);
    (tenant, known(&["a", "b", "d"]), operation, asset, accounts(), to, any::<bool>()).prop_map(
        |(tenant, signer, operation, asset, source, to, signing)| {
            let text = |word: Option<&str>| word.map(str::to_owned);
            let account = |(kind, id)| AccountText { kind: text(kind), id: text(id), subtype: None };
            let mut request = transfer("x", "0");
            let one = request.destinations[0].clone();
            request.tenant = tenant.into();
            request.signer = text(signer);
            request.operation = Some(operation.into());
            request.asset = Some(asset.into());
            request.source = account(source);
            request.stage = if signing { Stage::Signing } else { Stage::Approval };
            request.declared = Default::default();
            request.destinations = to
                .into_iter()
                .map(|to| policy::request::DestinationText { account: account(to), ..one.clone() })
                .collect();
            request
        },
    )
}

fn rules(named: &'static str) -> impl Strategy<Value = Vec<policy::rule::Rule>> {
    proptest::collection::vec(conditions(), 0..12).prop_map(move |all| {
        (0..).zip(all).map(|(number, when)| rule(&format!("{named}-{number}"), when)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_index_changes_nothing(deny in rules("deny"), allow in rules("allow"), request in requests()) {
        let plain = Policy { deny, allow, ..open() };
        let indexed = plain.clone().indexed();
        prop_assert_eq!(evaluate(&plain, &request, &Prices::NONE, START), evaluate(&indexed, &request, &Prices::NONE, START));
    }
}

/// One rule for each of many payees: what custody teams write.
fn many(count: usize) -> Policy {
    let payee = |number: usize| Conditions {
        destinations: one_of(vec![to_account("VAULT", Some(&number.to_string()))]),
        signers: Some(Choice::OneOf(["api-user-1".to_owned()].into())),
        ..Conditions::default()
    };
    let allow = (0..count).map(|number| rule(&format!("to-{number}"), payee(number))).collect();
    let deny = (0..count).map(|number| rule(&format!("not-{number}"), payee(number + count))).collect();
    Policy { allow, deny, ..policy() }.indexed()
}

#[test]
fn a_rule_for_all_of_a_type_is_found_around_one_for_an_account_of_it() {
    let paid = |id: Option<&str>| Conditions {
        destinations: one_of(vec![to_account("EXCHANGE", id)]),
        ..Conditions::default()
    };
    let from = |id: Option<&str>| Conditions {
        sources: one_of(vec![matcher("VAULT", id)].into()),
        ..Conditions::default()
    };
    for (all, one) in [(paid(None), paid(Some("1"))), (from(None), from(Some("1")))] {
        let (deny, allow) = (vec![rule("all", all)], vec![rule("one", one)]);
        let policy = Policy { deny, allow, ..open() }.indexed();
        let around = policy.around(Effect::Deny, &policy.allow[0]);
        assert_eq!(around.iter().map(|(place, rule)| (*place, &*rule.id)).collect::<Vec<_>>(), [(0, "all")]);
    }
}

#[test]
fn a_rule_for_each_asset_is_found_around_one_that_names_none() {
    let each = Some(Arc::new(["ETH".to_owned(), "BTC".into()].into()));
    let deny = vec![rule("each", Conditions { assets: each, ..Conditions::default() })];
    let policy = Policy { deny, allow: vec![rule("any", Conditions::default())], ..open() }.indexed();
    assert_eq!(policy.around(Effect::Deny, &policy.allow[0]).len(), 1);
}

#[test]
fn of_ten_thousand_rules_few_are_held_against_one_another() {
    let policy = many(10_000);
    for effect in [Effect::Deny, Effect::Allow] {
        let held = policy.allow.iter().map(|rule| policy.around(effect, rule).len());
        assert!(held.max() <= Some(1), "{effect:?}");
    }
}

#[test]
fn ten_thousand_rules_take_hardly_longer_than_ten() {
    let request = transfer("x", "0.1");
    let evaluation = |policy: &Policy| -> Evaluation { evaluate(policy, &request, &Prices::NONE, START) };
    let (few, lots) = (many(10), many(10_000));
    for policy in [&few, &lots] {
        assert_eq!(evaluation(policy).before_limits, BeforeLimits::Covered("to-1".into()));
    }
    let (few, lots) = fastest(|| drop(evaluation(&few)), || drop(evaluation(&lots)));
    // Asking all would be 1,000 times.
    assert!(lots < few * 3, "{lots:?} against {few:?}");
}

/// How long each takes 300 times: the fastest of several rounds in turn, for the machine has other things to do.
fn fastest(few: impl Fn(), lots: impl Fn()) -> (Duration, Duration) {
    let time = |ask: &dyn Fn()| -> Duration {
        let started = Instant::now();
        (0..300).for_each(|_| ask());
        started.elapsed()
    };
    let rounds: Vec<(Duration, Duration)> = (0..9).map(|_| (time(&few), time(&lots))).collect();
    (rounds.iter().map(|round| round.0).min().unwrap(), rounds.iter().map(|round| round.1).min().unwrap())
}
