//! The order of a policy decides nothing, and more of what denies, or of what is asked for, never allows more.

use std::collections::BTreeSet;

use crate::naive::build::World;
use crate::naive::generate::policies::rule as any_rule;
use crate::naive::generate::{Case, case};
use crate::naive::model::{Bounds, Plain, PlainRule};
use crate::naive::random::Random;
use crate::naive::read::read;
use crate::support::desk::Desk;
use crate::support::*;
use policy::condition::{CircumstanceConditions, Conditions, Range};
use policy::document::Policy;
use policy::evaluate::{BeforeLimits, evaluate};
use policy::pattern::Pattern;
use policy::prices::Prices;
use policy::request::Request;
use policy::settle::Settlement;
use policy::time::Time;
use policy::verdict::{Action, ReasonCode, Verdict};

/// Histories of each property.
const HISTORIES: u64 = 500;
/// Seeds of their own: those of `agreement.rs` begin at 0.
const FIRST_SEED: u64 = 1 << 32;

fn cases() -> impl Iterator<Item = (u64, Case, Random)> {
    (FIRST_SEED..FIRST_SEED + HISTORIES).map(|seed| (seed, case(seed), Random::new(!seed)))
}

fn start(case: &Case, policy: Policy) -> Desk {
    Desk::new(policy, Time::from_micros(case.steps[0].at))
}

/// What must not depend on any order. Of several limits that are full the set is compared.
fn told(settlement: &Settlement) -> (Verdict, Action, ReasonCode, String, BTreeSet<String>) {
    let full = settlement.limits.iter().filter(|status| status.exceeded);
    let full = full.map(|status| format!("{} {:?}", status.limit_id, status.key)).collect();
    let reason = &settlement.reason;
    (settlement.verdict, settlement.action, reason.code, reason.text.clone(), full)
}

#[test]
fn no_order_of_rules_limits_or_listed_addresses_decides_anything() {
    let world = World::new();
    for (seed, case, mut random) in cases() {
        let mut turned = case.plain.clone();
        random.shuffle(&mut turned.deny);
        random.shuffle(&mut turned.allow);
        random.shuffle(&mut turned.limits);
        let elsewhere = World::shuffled(&mut random);
        let mut one = start(&case, world.policy(&case.plain));
        let mut other = start(&case, elsewhere.policy(&turned));
        for (number, step) in case.steps.iter().enumerate() {
            one.set(Time::from_micros(step.at));
            other.set(Time::from_micros(step.at));
            let (one, other) = (one.decide(&step.request), other.decide(&step.request));
            assert_eq!(told(&one), told(&other), "seed {seed}, step {number}: {:?}", case.plain);
        }
    }
}

/// Whether a request is allowed at this point of a history, which stays as it is.
fn allows(desk: &Desk, policy: &Policy, request: &Request) -> bool {
    let mut again = Desk::new(Policy::default(), desk.now());
    again.charges = desk.charges.clone();
    again.adopt(policy.clone());
    again.decide(request).verdict == Verdict::Allow
}

#[test]
fn one_more_deny_rule_never_allows_more() {
    let world = World::new();
    for (seed, case, mut random) in cases() {
        let mut stricter = case.plain.clone();
        stricter.deny.push(PlainRule {
            id: "one-more".into(),
            when: any_rule(&mut random),
            to_console: true,
        });
        let stricter = world.policy(&stricter);
        let mut desk = start(&case, world.policy(&case.plain));
        for (number, step) in case.steps.iter().enumerate() {
            desk.set(Time::from_micros(step.at));
            let allowed = allows(&desk, &stricter, &step.request);
            let before = desk.decide(&step.request).verdict;
            assert!(!allowed || before == Verdict::Allow, "seed {seed}, step {number}: {before:?} before");
        }
    }
}

/// Of allow rules at most `max` is left, and of deny rules at most `over`: an `over` in an allow rule is its author's
/// wish that more is allowed than less.
fn with_bounds_one_way(mut plain: Plain) -> Plain {
    let at_most = |(max, over): Bounds| (max.or(over), None);
    let more_than = |(max, over): Bounds| (None, over.or(max));
    for (rules, turn) in
        [(&mut plain.allow, &at_most as &dyn Fn(Bounds) -> Bounds), (&mut plain.deny, &more_than)]
    {
        for when in rules.iter_mut().map(|rule| &mut rule.when) {
            when.amount = turn(when.amount);
            when.usd = turn(when.usd);
            when.fee_share = turn(when.fee_share);
            when.fee = when.fee.map(|(asset, bounds)| (asset, turn(bounds)));
        }
    }
    plain
}

/// How many requests that are refused were raised and refused again: the property is not empty.
fn raised(plain: impl Fn(Plain) -> Plain, raise: impl Fn(&Desk, &Request) -> Option<Request>) -> usize {
    let world = World::new();
    let mut refused = 0;
    for (seed, case, _) in cases() {
        let policy = world.policy(&plain(case.plain.clone()));
        let mut desk = start(&case, policy.clone());
        for (number, step) in case.steps.iter().enumerate() {
            desk.set(Time::from_micros(step.at));
            let more = raise(&desk, &step.request).map(|more| allows(&desk, &policy, &more));
            let verdict = desk.decide(&step.request).verdict;
            let Some(allowed) = more.filter(|_| verdict != Verdict::Allow) else { continue };
            assert!(!allowed, "seed {seed}, step {number}: {verdict:?}, and more of it is allowed");
            refused += 1;
        }
    }
    refused
}

/// For policies whose bounds are `max` in allow rules and `over` in deny rules, without shares of the amount, which
/// fall as it rises; and for the first request of a transaction: a later one is held against what was charged, and
/// more of it can be what was asked before.
#[test]
fn twice_the_amount_and_value_never_allows_more() {
    let refused = raised(with_bounds_one_way_and_no_shares, |desk, request| {
        let known = desk.charges.keys().any(|key| Some(&key.tx_id) == request.tx_id.as_ref());
        (!known && read(request, None).is_some()).then(|| doubled(request))
    });
    assert!(refused > 300, "{refused}");
}

fn with_bounds_one_way_and_no_shares(plain: Plain) -> Plain {
    let mut plain = with_bounds_one_way(plain);
    plain.allow.iter_mut().chain(&mut plain.deny).for_each(|rule| rule.when.fee_share = (None, None));
    plain
}

/// The same of what is requested beside a net amount that stays as it is, of operations that say 0 there, too.
#[test]
fn a_higher_requested_amount_never_allows_more() {
    let refused = raised(with_bounds_one_way_and_no_shares, |desk, request| {
        let known = desk.charges.keys().any(|key| Some(&key.tx_id) == request.tx_id.as_ref());
        let lots = if request.asset == text("XRP") { "90000" } else { "900" };
        let more = Request { requested_amount: text(lots), ..request.clone() };
        (!known && read(request, None).is_some() && read(&more, None).is_some()).then_some(more)
    });
    assert!(refused > 300, "{refused}");
}

/// For policies whose bounds are `max` in allow rules and `over` in deny rules.
#[test]
fn a_higher_fee_never_allows_more() {
    let refused = raised(with_bounds_one_way, |_, request| {
        let (_, units) = read(request, None)?.fee?;
        let fee = if request.asset == text("XRP") {
            (2 * units + 1).to_string()
        } else {
            two_decimals(2 * units + 1)
        };
        Some(Request { fee: Some(fee), ..request.clone() })
    });
    assert!(refused > 300, "{refused}");
}

fn two_decimals(units: u128) -> String {
    format!("{}.{:02}", units / 100, units % 100)
}

/// Twice of each amount and value: the destinations still add up.
fn doubled(request: &Request) -> Request {
    let mut more = request.clone();
    let destinations = more.destinations.iter_mut();
    let amounts = destinations.flat_map(|each| [&mut each.amount, &mut each.amount_usd]);
    for amount in amounts.chain([&mut more.amount, &mut more.requested_amount]) {
        *amount = amount.as_deref().map(twice);
    }
    more
}

/// Texts that are read have two decimals at most; what is no number is left as it is, a price that is unknown.
fn twice(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    match format!("{whole}{fraction:0<2}").parse::<u128>() {
        Ok(units) if (units * 2).is_multiple_of(100) => (units * 2 / 100).to_string(),
        Ok(units) => two_decimals(units * 2),
        Err(_) => text.to_owned(),
    }
}

#[test]
fn an_over_in_an_allow_rule_is_its_authors_wish() {
    let amount = Range { max: None, over: Some(eth("1")) };
    let large = rule("large-only", Conditions { amount, ..Conditions::default() });
    let policy = Policy { allow: vec![large], ..policy() };
    let verdict = |amount: &str| NaiveLedger::new(&policy).decide(&transfer("tx", amount), START).verdict;
    assert_eq!((verdict("1"), verdict("2")), (Verdict::Deny, Verdict::Allow));
}

/// The reason that a transfer is given by a policy of these deny and allow rules.
fn reason(deny: &[(&str, Conditions)], allow: &[(&str, Conditions)]) -> String {
    let rules = |rules: &[(&str, Conditions)]| {
        rules.iter().map(|(id, when)| rule(id, when.clone())).collect::<Vec<_>>()
    };
    let policy = Policy { deny: rules(deny), allow: rules(allow), ..policy() };
    match evaluate(&policy, &transfer("tx", "1"), &Prices::NONE, START).before_limits {
        BeforeLimits::Denied(reason) | BeforeLimits::Held(reason) => reason.text,
        BeforeLimits::Covered(rule) => rule,
    }
}

#[test]
fn a_person_is_told_of_the_first_rule_by_name() {
    let all = Conditions::default;
    let noted = || {
        let note = one_of(vec![Pattern::parse("x").unwrap()]);
        let circumstances = CircumstanceConditions { note, ..CircumstanceConditions::default() };
        Conditions { circumstances, ..all() }
    };
    for (one, other) in [("x", "y"), ("y", "x")] {
        let matching = [(one, all()), (other, all())];
        let unknown = [(one, noted()), (other, noted())];
        assert_eq!(reason(&matching, &[("z", all())]), "deny rule x matches");
        assert_eq!(reason(&unknown, &[("z", all())]), "deny rule x: the note is missing");
        assert_eq!(reason(&[], &matching), "x");
        assert_eq!(reason(&[], &unknown), "no allow rule covers it; x cannot tell: the note is missing");
    }
}
