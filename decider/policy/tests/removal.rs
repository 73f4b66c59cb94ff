//! The property of the decision model, section 1: with stage, operation, request id and transaction id held
//! fixed, removing any field that applies, or making it unusable, never turns a refusal into an ALLOW.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod support;

use std::sync::Arc;

use policy::address::{Address, Chain};
use policy::asset::TagRule;
use policy::condition::{Conditions, DestinationMatcher, Range};
use policy::document::Policy;
use policy::group::{Counterparty, SourceGroup};
use policy::limit::{Cap, KeyPart, Limit, OnExceed};
use policy::list::{AddedOn, AddressList, Age, Entry};
use policy::request::{Request, Stage};
use policy::time::{Calendar, CalendarUnit, Time, Window, Zone};
use policy::usd::Usd;
use policy::verdict::Verdict;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample;
use proptest::strategy::ValueTree as _;
use support::*;

/// A field that can be taken away, and spoilt where it has values that cannot be used.
struct FieldOf {
    name: &'static str,
    spoils: bool,
    slot: fn(&mut Request) -> Option<&mut Option<String>>,
}

/// Names, ids and text: each value is one that could be used.
const fn name(name: &'static str, slot: fn(&mut Request) -> Option<&mut Option<String>>) -> FieldOf {
    FieldOf { name, spoils: false, slot }
}

/// Amounts, addresses and raw transactions.
const fn value(name: &'static str, slot: fn(&mut Request) -> Option<&mut Option<String>>) -> FieldOf {
    FieldOf { name, spoils: true, slot }
}

const FIELDS: [FieldOf; 33] = [
    name("signerId", |r| Some(&mut r.signer)),
    name("sourceType", |r| Some(&mut r.source.kind)),
    name("sourceId", |r| Some(&mut r.source.id)),
    name("source subtype", |r| Some(&mut r.source.subtype)),
    name("destType", |r| Some(&mut r.declared.account.kind)),
    name("destId", |r| Some(&mut r.declared.account.id)),
    value("destAddress", |r| Some(&mut r.declared.address)),
    name("destAddressType", |r| Some(&mut r.declared.address_type)),
    name("asset", |r| Some(&mut r.asset)),
    value("amountStr", |r| Some(&mut r.amount)),
    value("requestedAmountStr", |r| Some(&mut r.requested_amount)),
    name("fee", |r| Some(&mut r.fee)),
    name("note", |r| Some(&mut r.note)),
    name("externalTxId", |r| Some(&mut r.external_tx_id)),
    name("extraParameters", |r| Some(&mut r.extra_parameters)),
    name("[0].dstType", |r| Some(&mut r.destinations.get_mut(0)?.account.kind)),
    name("[0].dstId", |r| Some(&mut r.destinations.get_mut(0)?.account.id)),
    name("[0].dstSubType", |r| Some(&mut r.destinations.get_mut(0)?.account.subtype)),
    value("[0].amountNativeStr", |r| Some(&mut r.destinations.get_mut(0)?.amount)),
    value("[0].amountUSD", |r| Some(&mut r.destinations.get_mut(0)?.amount_usd)),
    value("[0].dstAddress", |r| Some(&mut r.destinations.get_mut(0)?.address)),
    value("[0].displayDstAddress", |r| Some(&mut r.destinations.get_mut(0)?.display_address)),
    name("[0].dstAddressType", |r| Some(&mut r.destinations.get_mut(0)?.address_type)),
    name("[0].tag", |r| Some(&mut r.destinations.get_mut(0)?.tag)),
    name("[1].dstType", |r| Some(&mut r.destinations.get_mut(1)?.account.kind)),
    name("[1].dstId", |r| Some(&mut r.destinations.get_mut(1)?.account.id)),
    value("[1].amountNativeStr", |r| Some(&mut r.destinations.get_mut(1)?.amount)),
    value("[1].amountUSD", |r| Some(&mut r.destinations.get_mut(1)?.amount_usd)),
    value("[1].dstAddress", |r| Some(&mut r.destinations.get_mut(1)?.address)),
    name("[1].dstAddressType", |r| Some(&mut r.destinations.get_mut(1)?.address_type)),
    name("[1].tag", |r| Some(&mut r.destinations.get_mut(1)?.tag)),
    value("rawTx[0].rawTx", |r| Some(&mut r.raw_transactions.get_mut(0)?.raw)),
    value("rawTx[0].payload", |r| Some(&mut r.raw_transactions.get_mut(0)?.payload)),
];

/// What a sender could put into a field instead.
const SPOILT: [Option<&str>; 9] =
    [None, Some(""), Some("-1"), Some("1e5"), Some("\u{0}"), Some("0"), Some("１"), Some("null"), Some(" ")];

/// One address in every place that gives it: removing all of them is removing the address.
fn spoil_address(request: &mut Request, with: Option<&str>) {
    let with = with.map(str::to_owned);
    request.declared.address = with.clone();
    for destination in &mut request.destinations {
        destination.address = with.clone();
        destination.display_address = with.clone();
    }
}

/// Long enough that one entry of [`aged`] is older, and another younger.
const HOUR: u64 = 3600;

/// The address of the samples, listed for two hours, and just now under tag 7.
fn aged(at_least: Option<u64>, less_than: Option<u64>) -> DestinationMatcher {
    let mut list = AddressList::new("dated", Chain::Evm);
    let address = Address::parse(Chain::Evm, ETH_ADDRESS).unwrap();
    let two_hours_ago = Time::from_micros(START.as_micros() - 7_200_000_000);
    for (tag, added) in [(None, two_hours_ago), (Some("7"), START)] {
        list.add(&address, Entry { tag, added: AddedOn::from_time(added), label: None }).unwrap();
    }
    let window = |seconds: Option<u64>| seconds.and_then(Window::from_seconds);
    let age = Age { at_least: window(at_least), less_than: window(less_than) };
    DestinationMatcher { account: None, list: Some(Arc::new(list)), age }
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let payees = list("payees", Chain::Bitcoin, &[BTC_ADDRESS]);
    let signers = weighted(0.3, prop_oneof![Just("api-user-1"), Just("other")]);
    let source = weighted(0.3, prop_oneof![Just("0"), Just("9")]);
    let to = weighted(
        0.6,
        prop_oneof![
            Just(vec![to_list(&friends)]),
            Just(vec![to_list(&payees)]),
            Just(vec![aged(Some(HOUR), None)]),
            Just(vec![aged(None, Some(HOUR))]),
            Just(vec![to_account("VAULT", Some("1"))]),
            Just(vec![to_account("VAULT", None), to_list(&friends)]),
            Just(vec![to_account("UNMANAGED", None)]),
        ],
    );
    let stage = weighted(0.2, prop_oneof![Just(Stage::Approval), Just(Stage::Signing)]);
    let range = |dust: &'static str, lots: &'static str| {
        prop_oneof![
            4 => Just((None, None)),
            1 => Just((Some(lots), None)),
            1 => Just((Some(dust), None)),
            1 => Just((None, Some(dust))),
            1 => Just((None, Some(lots))),
        ]
    };
    let amount = range("0.001", "100");
    let usd = range("1", "100000");
    (signers, source, to, stage, amount, usd).prop_map(|(signer, source, to, stage, amount, usd)| {
        let dollars = |text: &str| Usd::parse_exact(text).unwrap();
        Conditions {
            signers: signer.map(|signer| [signer.to_owned()].into()),
            stages: stage.map(|stage| [stage].into()),
            sources: source.map(|id| vec![matcher("VAULT", Some(id))]),
            destinations: to,
            amount: Range { max: amount.0.map(eth), over: amount.1.map(eth) },
            usd: Range { max: usd.0.map(dollars), over: usd.1.map(dollars) },
            ..Conditions::default()
        }
    })
}

fn key() -> impl Strategy<Value = Vec<KeyPart>> {
    sample::subsequence(KeyPart::ALL.map(|(_, part)| part).to_vec(), 0..4)
}

fn policies() -> impl Strategy<Value = Policy> {
    let rules = |most| proptest::collection::vec(conditions(), 0..=most);
    let limits = proptest::collection::vec((conditions(), key(), 0..6_u8, 0..4_u8, any::<bool>()), 0..3);
    (rules(2), rules(2), limits, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(deny, allow, limits, raw_required, tag_required, covered)| {
            let mut policy = policy();
            // Without the rules that cover every sample, what is refused is refused for want of a rule.
            if !covered {
                policy.allow.clear();
            }
            policy.deny = deny.into_iter().map(|when| rule("deny", when)).collect();
            policy.allow.extend(allow.into_iter().map(|when| rule("allow", when)));
            policy.raw_transactions_required = raw_required;
            if tag_required {
                policy.assets.get_mut("ETH").unwrap().tag = TagRule::Required;
            }
            policy.limits = limits
                .into_iter()
                .map(|(when, key, kind, window, lenient)| some_limit(when, &key, kind, window, lenient))
                .collect();
            give_groups(&mut policy);
            policy
        },
    )
}

/// What a destination is by its account and what it is by its address are apart.
fn give_groups(policy: &mut Policy) {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let of = |name: &str, accounts, lists| Counterparty { name: name.into(), accounts, lists };
    policy.counterparties =
        vec![of("vault", vec![matcher("VAULT", Some("1"))], vec![]), of("friends", vec![], vec![friends])];
    policy.source_groups =
        vec![SourceGroup { name: "hot".into(), accounts: vec![matcher("VAULT", Some("0"))] }];
}

fn some_limit(when: Conditions, key: &[KeyPart], kind: u8, window: u8, lenient: bool) -> Limit {
    let when = Conditions { stages: None, amount: Range::default(), usd: Range::default(), ..when };
    let dollars = |text: &str| Usd::parse_exact(text).unwrap();
    let cap = match kind {
        0 => Cap::Usd(dollars("1")),
        1 => Cap::Usd(dollars("1000000")),
        2 => Cap::Count(0),
        3 => Cap::Destinations(0),
        4 => Cap::Destinations(1),
        _ => Cap::Amount([("ETH".to_owned(), eth("0.001")), ("BTC".to_owned(), eth("1"))].into()),
    };
    let zone = || Zone::named("Europe/Berlin").unwrap();
    Limit {
        window: match window {
            0 => Window::Calendar(Calendar { unit: CalendarUnit::Day, zone: zone() }),
            1 => Window::Lifetime,
            2 => Window::InFlight,
            _ => Window::from_seconds(3600).unwrap(),
        },
        on_exceed: if lenient { OnExceed::Hold } else { OnExceed::Deny },
        leave_to_console: lenient,
        ..limit("limit", when, key, cap, 3600)
    }
}

fn allows(policy: &Policy, request: &Request) -> bool {
    NaiveLedger::new(policy).decide(request, START).verdict == Verdict::Allow
}

type Change = fn(&mut Request);

/// What was charged first, beside what is asked now.
const FIRST: [Change; 9] = [
    |_| {},
    |r| r.source.id = text("7"),
    |r| r.signer = None,
    |r| r.extra_parameters = text("{}"),
    |r| r.destinations[0].tag = text("7"),
    |r| r.destinations[0].account.id = text("8"),
    |r| r.destinations[0].account.subtype = text("INTERNAL"),
    |r| r.destinations.reverse(),
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
    open.allow = vec![rule("all", Conditions::default())];
    let mut ledger = NaiveLedger::new(&open);
    let mut first = Request { stage: Stage::Approval, ..whole.clone() };
    change(&mut first);
    let charged = ledger.decide(&first, START).verdict == Verdict::Allow;
    ledger.policy = policy.clone().into();
    charged.then_some(ledger)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn less_input_never_allows_more(policy in policies(), spoilt in sample::select(SPOILT.to_vec())) {
        for (sample, whole) in samples() {
            if allows(&policy, &whole) {
                continue;
            }
            for field in &FIELDS {
                let mut less = whole.clone();
                let Some(slot) = (field.slot)(&mut less) else { continue };
                // Making unusable is not changing into another usable value.
                if spoilt.is_some_and(|spoilt| !spoilt.is_empty() && !field.spoils) || slot.is_none() {
                    continue;
                }
                *slot = spoilt.map(str::to_owned);
                prop_assert!(!allows(&policy, &less), "{sample}: without {} ({spoilt:?}) it is allowed", field.name);
            }
            if whole.destinations.iter().any(|each| each.address.is_some()) || whole.stage == Stage::Signing {
                let mut less = whole.clone();
                spoil_address(&mut less, spoilt);
                prop_assert!(!allows(&policy, &less), "{sample}: without any address ({spoilt:?}) it is allowed");
            }
            let mut less = whole.clone();
            less.destinations.clear();
            prop_assert!(!allows(&policy, &less), "{sample}: without destinations it is allowed");
            if policy.raw_transactions_required {
                let mut less = whole.clone();
                less.raw_transactions.clear();
                prop_assert!(!allows(&policy, &less), "{sample}: without raw transactions it is allowed");
            }
        }
    }

    /// As above, for a transaction of which something is charged already, perhaps something else.
    #[test]
    fn less_input_never_allows_more_of_what_was_charged(
        policy in policies(), first in sample::select(FIRST.to_vec()), spoilt in sample::select(SPOILT.to_vec()),
    ) {
        for (sample, whole) in samples() {
            let Some(ledger) = charged_before(&whole, first, &policy) else { continue };
            let allows = |request: &Request| {
                ledger.clone().decide(request, after(1)).verdict == Verdict::Allow
            };
            if allows(&whole) {
                continue;
            }
            for field in &FIELDS {
                let mut less = whole.clone();
                let Some(slot) = (field.slot)(&mut less) else { continue };
                if spoilt.is_some_and(|spoilt| !spoilt.is_empty() && !field.spoils) || slot.is_none() {
                    continue;
                }
                *slot = spoilt.map(str::to_owned);
                prop_assert!(!allows(&less), "{sample}: without {} ({spoilt:?}) it is allowed", field.name);
            }
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
        for (sample, request) in samples() {
            let verdict = |policy: &Policy| NaiveLedger::new(policy).decide(&request, START).verdict;
            prop_assert_eq!(verdict(&policy), verdict(&turned), "{}", sample);
        }
    }

    #[test]
    fn one_more_deny_rule_never_allows_more(policy in policies(), when in conditions()) {
        let mut stricter = policy.clone();
        stricter.deny.push(rule("one more", when));
        for (sample, request) in samples() {
            prop_assert!(allows(&policy, &request) || !allows(&stricter, &request), "{}", sample);
        }
    }
}

#[test]
fn the_property_is_not_empty() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut allowed, mut refused) = (0, 0);
    for _ in 0..200 {
        let policy = policies().new_tree(&mut runner).unwrap().current();
        for (_, request) in samples() {
            if allows(&policy, &request) { allowed += 1 } else { refused += 1 }
        }
    }
    assert!(allowed > 30 && refused > 100, "allowed {allowed}, refused {refused}");
}
