//! The property of the decision model, section 1: with stage, operation, request id and transaction id held
//! fixed, removing any field that applies, or making it unusable, never turns a refusal by rules or limits into an ALLOW. (A
//! refusal because fields contradict each other, or cannot be read, ends with the field that did.)

mod conditions;
mod fields;
mod policies;

use crate::support::*;
use policy::asset::TagRule;
use policy::choice::Choice;
use policy::condition::{Conditions, DestinationMatcher, Range};
use policy::document::Policy;
use policy::evaluate::{RuleResult, evaluate};
use policy::explain::{ExplainedRule, Holds, explain};
use policy::limit::Cap;
use policy::policy_test::TimedRequest;
use policy::prices::Prices;
use policy::request::{CallerProof, Request, Stage};
use policy::time::Time;
use policy::truth::Truth;
use policy::usd::Usd;
use policy::verdict::Verdict;
use proptest::prelude::*;
use proptest::sample;
use proptest::strategy::ValueTree as _;

use conditions::*;
use fields::*;
use policies::*;

fn allows(policy: &Policy, request: &Request) -> bool {
    NaiveLedger::priced(policy, table()).decide(request, START).verdict == Verdict::Allow
}

/// Where none is required, a missing tag is known to be none. Then that is another receiver, who may be on a list that the
/// one with the tag is not on: a rule for whoever is on none is not for him.
fn is_another_receiver(policy: &Policy, field: &FieldOf) -> bool {
    let rules_out = |when: &Conditions| matches!(when.destinations, Some(Choice::NoneOf(_)));
    let whens =
        policy.deny.iter().map(|rule| &rule.when).chain(policy.limits.iter().map(|limit| &limit.when));
    field.name.ends_with(".tag")
        && policy.assets.values().all(|asset| asset.tag == TagRule::Optional)
        && whens.into_iter().any(rules_out)
}

/// What need not be there for the refused request to be allowed; nothing, if all is well.
fn widened_by_less(policy: &Policy, whole: &Request, spoilt: Option<&str>) -> Option<&'static str> {
    let mut less: Vec<(&'static str, Request)> = Vec::new();
    let mut without = |name, change: &dyn Fn(&mut Request)| {
        let mut request = whole.clone();
        change(&mut request);
        less.push((name, request));
    };
    for field in FIELDS.iter().filter(|field| !is_another_receiver(policy, field)) {
        // Making unusable is not changing into another usable value.
        let unusable = spoilt.is_none_or(field.spoils);
        if unusable && (field.slot)(&mut whole.clone()).is_some_and(|slot| slot.is_some()) {
            without(field.name, &|request| {
                (field.slot)(request).into_iter().for_each(|slot| *slot = spoilt.map(str::to_owned));
            });
        }
    }
    if whole.destinations.iter().any(|each| each.address.is_some()) || whole.stage == Stage::Signing {
        without("any address", &|request| spoil_address(request, spoilt));
    }
    without("caller_proof", &|request| request.caller_proof = None);
    without("destinations", &|request| request.destinations.clear());
    if policy.raw_transactions_required {
        without("raw transactions", &|request| request.raw_transactions.clear());
    }
    less.into_iter().find(|(_, request)| allows(policy, request)).map(|(name, _)| name)
}

/// Every condition alone, asked for and ruled out, as all that the one deny rule or the one allow rule asks: what
/// chance seldom puts together.
#[test]
fn each_condition_alone_never_allows_more_of_less() {
    let whens = [false, true].into_iter().flat_map(|not| {
        let to = destinations().into_iter().map(move |to| Some(choice(to, not)));
        let to = to.map(|destinations| Conditions { destinations, ..Conditions::default() });
        let beside = circumstances().into_iter().map(move |asked| either((asked, not)));
        let beside = beside.map(|circumstances| Conditions { circumstances, ..Conditions::default() });
        let caller = callers().into_iter().map(move |asked| of_caller((asked, not)));
        let caller = caller.map(|caller| Conditions { caller, ..Conditions::default() });
        to.chain(beside).chain(caller)
    });
    let samples = all_samples();
    for when in whens {
        let allowing = Conditions { operations: of_all_operations().operations, ..when.clone() };
        let allow = Policy { allow: vec![rule("allow", allowing)], ..policy() };
        let all = vec![rule("all", of_all_operations())];
        let deny = Policy { deny: vec![rule("deny", when)], allow: all, ..policy() };
        for (policy, (sample, whole)) in
            [&allow, &deny].into_iter().flat_map(|policy| samples.iter().map(move |s| (policy, s)))
        {
            let refused = !allows(policy, whole);
            for spoilt in [None, Some(""), Some("\u{0}")].into_iter().filter(|_| refused) {
                let widened = widened_by_less(policy, whole, spoilt);
                assert_eq!(widened, None, "{sample} ({spoilt:?}): {:?} {:?}", policy.deny, policy.allow);
            }
        }
    }
}

/// Bounds on the value alone, with every way of pricing it: a value that is left out could have been the larger one.
#[test]
fn a_value_that_is_left_out_never_allows_more_whatever_the_table_says() {
    let dollars = |text: &str| Some(Usd::parse_exact(text).unwrap());
    let mut refusals = 0;
    for bound in ["1", "100", "1500", "100000"] {
        let over = Conditions { usd: Range { max: None, over: dollars(bound) }, ..Conditions::default() };
        let most = Conditions { usd: Range { max: dollars(bound), over: None }, ..Conditions::default() };
        let limits = vec![limit("usd", Conditions::default(), &[], Cap::Usd(dollars(bound).unwrap()), 3600)];
        for prices in price_terms().into_iter().map(Some).chain([None]) {
            let policies = [
                Policy { deny: vec![rule("deny", over.clone())], ..open() },
                Policy { deny: vec![rule("deny", most.clone())], ..open() },
                Policy { allow: vec![rule("allow", most.clone())], ..open() },
                Policy { allow: vec![rule("allow", over.clone())], ..open() },
                Policy { limits: limits.clone(), ..open() },
            ];
            for policy in policies.map(|policy| Policy { prices: prices.clone(), ..policy }) {
                for (sample, whole) in all_samples() {
                    for spoilt in SPOILT.into_iter().filter(|_| !allows(&policy, &whole)) {
                        refusals += 1;
                        assert_eq!(
                            widened_by_less(&policy, &whole, spoilt),
                            None,
                            "{sample} {spoilt:?} {policy:?}"
                        );
                    }
                }
            }
        }
    }
    assert!(refusals > 1_000, "{refusals}");
}

type Change = fn(&mut Request);

/// What was charged first, beside what is asked now.
const FIRST: [Change; 19] = [
    |_| {},
    |r| r.caller_proof = None,
    |r| r.caller_proof = Some(CallerProof::CosignerSignature),
    |r| r.caller_proof = Some(CallerProof::Unproven),
    |r| r.source.id = text("7"),
    |r| r.signer = None,
    |r| r.extra_parameters = text("{}"),
    |r| r.destinations.iter_mut().take(1).for_each(|each| each.tag = text("7")),
    |r| r.destinations.iter_mut().take(1).for_each(|each| each.account.id = text("8")),
    |r| r.destinations.iter_mut().take(1).for_each(|each| each.account.subtype = text("INTERNAL")),
    |r| r.destinations.iter_mut().take(1).for_each(|each| each.address_type = text("OTHER")),
    |r| r.destinations.reverse(),
    // Of the last, so that those that pair are not those in the same place.
    |r| r.destinations.iter_mut().rev().take(1).for_each(|each| each.account.subtype = text("INTERNAL")),
    |r| r.destinations.iter_mut().for_each(|each| each.account.subtype = None),
    |r| r.destinations.iter_mut().rev().take(1).for_each(|each| each.account.subtype = None),
    // Whether a subtype is compared depends on a type that was not known then.
    |r| {
        r.destinations.iter_mut().for_each(|each| {
            each.account.kind = None;
            each.account.subtype = text("INTERNAL");
        })
    },
    |r| r.destinations.iter_mut().take(1).for_each(|each| each.tag = None),
    |r| {
        r.destinations.iter_mut().take(1).for_each(|each| each.account.subtype = text("INTERNAL"));
        r.destinations.reverse();
    },
    |r| {
        let other = "0x0000000000000000000000000000000000000001";
        spoil_address(
            r,
            Some(if r.asset == text("BTC") { "1BoatSLRHtKNngkdXEeobR76b53LETtpyT" } else { other }),
        );
    },
];

fn after(seconds: i64) -> Time {
    Time::from_micros(START.as_micros() + seconds * SECOND)
}

/// A ledger on which the first request of the transaction was allowed by a policy that allows everything.
fn charged_before(whole: &Request, change: Change, policy: &Policy) -> Option<NaiveLedger> {
    let mut open = Policy { assets: policy.assets.clone(), ..Policy::default() };
    open.allow = vec![rule("all", of_all_operations())];
    let mut ledger = NaiveLedger::priced(&open, table());
    let mut first = Request { stage: Stage::Approval, ..whole.clone() };
    change(&mut first);
    let charged = ledger.decide(&first, START).verdict == Verdict::Allow;
    ledger.policy = policy.clone().into();
    charged.then_some(ledger)
}

fn truth(holds: Holds) -> Truth {
    match holds.holds {
        Some(holds) => holds.into(),
        None => Truth::Indeterminate(holds.missing),
    }
}

fn as_result(rule: &ExplainedRule) -> RuleResult {
    RuleResult {
        rule_id: rule.id.clone(),
        effect: rule.effect,
        matched: rule.holds.holds == Some(true),
        indeterminate: rule.holds.missing.clone(),
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn less_input_never_allows_more(policy in policies(), spoilt in sample::select(SPOILT.to_vec())) {
        for (sample, whole) in all_samples() {
            if !allows(&policy, &whole) {
                let widened = widened_by_less(&policy, &whole, spoilt);
                prop_assert!(widened.is_none(), "{sample}: without {widened:?} ({spoilt:?}) it is allowed");
            }
        }
    }

    /// As above, for a transaction of which something is charged already, perhaps something else.
    #[test]
    fn less_input_never_allows_more_of_what_was_charged(
        policy in policies(), first in sample::select(FIRST.to_vec()), spoilt in sample::select(SPOILT.to_vec()),
    ) {
        for (sample, whole) in all_samples() {
            let Some(ledger) = charged_before(&whole, first, &policy) else { continue };
            let allows = |request: &Request| {
                ledger.clone().decide(request, after(1)).verdict == Verdict::Allow
            };
            if allows(&whole) {
                continue;
            }
            for field in FIELDS.iter().filter(|field| !is_another_receiver(&policy, field)) {
                let mut less = whole.clone();
                let Some(slot) = (field.slot)(&mut less) else { continue };
                if spoilt.is_some_and(|spoilt| !(field.spoils)(spoilt)) || slot.is_none() {
                    continue;
                }
                *slot = spoilt.map(str::to_owned);
                prop_assert!(!allows(&less), "{sample}: without {} ({spoilt:?}) it is allowed", field.name);
            }
            let unsaid = Request { caller_proof: None, ..whole.clone() };
            prop_assert!(!allows(&unsaid), "{sample}: without caller_proof it is allowed");
            let mut less = whole.clone();
            spoil_address(&mut less, spoilt);
            let applies = whole.stage == Stage::Signing || whole.destinations.iter().any(|each| each.address.is_some());
            prop_assert!(!applies || !allows(&less), "{sample}: without any address ({spoilt:?}) it is allowed");
        }
    }

    #[test]
    fn the_order_of_rules_and_limits_decides_nothing(policy in policies(), seed in any::<usize>()) {
        let mut turned = policy.clone();
        turned.allow.reverse();
        turned.deny.reverse();
        turned.limits.reverse();
        let turns = seed % turned.allow.len().max(1);
        turned.allow.rotate_left(turns);
        for (sample, request) in all_samples() {
            let verdict = |policy: &Policy| NaiveLedger::new(policy).decide(&request, START).verdict;
            prop_assert_eq!(verdict(&policy), verdict(&turned), "{}", sample);
        }
    }

    /// And what is not told of a rule holds.
    #[test]
    fn what_is_explained_is_what_is_decided(
        policy in policies(), field in 0..FIELDS.len(), spoilt in sample::select(SPOILT.to_vec()),
    ) {
        for (sample, mut request) in all_samples() {
            (FIELDS[field].slot)(&mut request).into_iter().for_each(|slot| *slot = spoilt.map(str::to_owned));
            let mut ledger = NaiveLedger::new(&policy);
            let asked = TimedRequest { request: request.clone(), at: START, prices: Prices::NONE };
            let explained = explain(&policy, &asked, &mut ledger).unwrap();
            prop_assert_eq!(&explained.outcome.settlement, &ledger.decide(&request, START), "{}", sample);
            let evaluation = evaluate(&policy, &request, &Prices::NONE, START);
            let read = evaluation.intent.is_some();
            prop_assert_eq!(explained.rules.len(), if read { policy.deny.len() + policy.allow.len() } else { 0 });
            let told = explained.rules.iter().filter(|rule| rule.holds.holds != Some(false));
            let told: Vec<RuleResult> = told.map(as_result).collect();
            prop_assert_eq!(told, evaluation.rules, "{}", sample);
            for rule in explained.rules {
                let conditions = Truth::all(rule.conditions.into_iter().map(|each| truth(each.holds)));
                prop_assert_eq!(conditions, truth(rule.holds), "{}: {}", sample, rule.id);
            }
        }
    }

    #[test]
    fn one_more_deny_rule_never_allows_more(policy in policies(), when in conditions()) {
        let mut stricter = policy.clone();
        stricter.deny.push(rule("one more", when));
        for (sample, request) in all_samples() {
            prop_assert!(allows(&policy, &request) || !allows(&stricter, &request), "{}", sample);
        }
    }
}

/// Else what is said of entries under tags is said of nothing.
#[test]
fn a_request_meets_a_young_entry_by_its_tag_and_one_without_a_date() {
    let denied_by = |to: DestinationMatcher, whole: &Request| {
        let when = Conditions { destinations: one_of(vec![to]), ..Conditions::default() };
        let all = vec![rule("all", of_all_operations())];
        let policy = Policy { deny: vec![rule("deny", when)], allow: all, ..policy() };
        NaiveLedger::new(&policy).decide(whole, START).verdict
    };
    let mut known = tagged_sample();
    known.destinations.truncate(1);
    (known.amount, known.requested_amount) = (text("0.3"), text("0.3"));
    assert_eq!(denied_by(aged(None, Some(HOUR)), &known), Verdict::Deny);
    known.destinations[0].tag = text("");
    assert_eq!(denied_by(aged(None, Some(HOUR)), &known), Verdict::Allow);
    known.destinations[0].tag = None;
    assert_eq!(denied_by(aged(None, Some(HOUR)), &known), Verdict::Hold);
    assert_eq!(denied_by(aged(Some(3 * HOUR), None), &tagged_sample()), Verdict::Hold, "without a date");
}

#[test]
fn the_property_is_not_empty() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut allowed, mut refused) = (0, 0);
    for _ in 0..200 {
        let policy = policies().new_tree(&mut runner).unwrap().current();
        for (_, request) in all_samples() {
            if allows(&policy, &request) { allowed += 1 } else { refused += 1 }
        }
    }
    assert!(allowed > 30 && refused > 100, "allowed {allowed}, refused {refused}");
}
