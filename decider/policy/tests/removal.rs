//! The property of the decision model, section 1: with stage, operation, request id and transaction id held
//! fixed, removing any field that applies, or making it unusable, never turns a refusal into an ALLOW.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod support;

use policy::address::Chain;
use policy::asset::TagRule;
use policy::condition::{Conditions, Range};
use policy::document::Policy;
use policy::limit::{Cap, KeyPart};
use policy::request::{Request, Stage};
use policy::usd::Usd;
use policy::verdict::Verdict;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use support::*;

/// A field that can be taken away or spoilt.
struct FieldOf {
    name: &'static str,
    slot: fn(&mut Request) -> Option<&mut Option<String>>,
}

const FIELDS: [FieldOf; 22] = [
    FieldOf { name: "signerId", slot: |r| Some(&mut r.signer) },
    FieldOf { name: "sourceType", slot: |r| Some(&mut r.source.kind) },
    FieldOf { name: "sourceId", slot: |r| Some(&mut r.source.id) },
    FieldOf { name: "asset", slot: |r| Some(&mut r.asset) },
    FieldOf { name: "amountStr", slot: |r| Some(&mut r.amount) },
    FieldOf { name: "requestedAmountStr", slot: |r| Some(&mut r.requested_amount) },
    FieldOf { name: "fee", slot: |r| Some(&mut r.fee) },
    FieldOf { name: "note", slot: |r| Some(&mut r.note) },
    FieldOf { name: "externalTxId", slot: |r| Some(&mut r.external_tx_id) },
    FieldOf { name: "extraParameters", slot: |r| Some(&mut r.extra_parameters) },
    FieldOf { name: "[0].dstType", slot: |r| Some(&mut r.destinations.get_mut(0)?.account.kind) },
    FieldOf { name: "[0].dstId", slot: |r| Some(&mut r.destinations.get_mut(0)?.account.id) },
    FieldOf { name: "[0].amountNativeStr", slot: |r| Some(&mut r.destinations.get_mut(0)?.amount) },
    FieldOf { name: "[0].amountUSD", slot: |r| Some(&mut r.destinations.get_mut(0)?.amount_usd) },
    FieldOf { name: "[0].tag", slot: |r| Some(&mut r.destinations.get_mut(0)?.tag) },
    FieldOf { name: "[1].dstType", slot: |r| Some(&mut r.destinations.get_mut(1)?.account.kind) },
    FieldOf { name: "[1].dstId", slot: |r| Some(&mut r.destinations.get_mut(1)?.account.id) },
    FieldOf { name: "[1].amountNativeStr", slot: |r| Some(&mut r.destinations.get_mut(1)?.amount) },
    FieldOf { name: "[1].amountUSD", slot: |r| Some(&mut r.destinations.get_mut(1)?.amount_usd) },
    FieldOf { name: "rawTx[0].rawTx", slot: |r| Some(&mut r.raw_transactions.get_mut(0)?.raw) },
    FieldOf { name: "rawTx[0].payload", slot: |r| Some(&mut r.raw_transactions.get_mut(0)?.payload) },
    FieldOf { name: "destAddressType", slot: |r| Some(&mut r.declared.address_type) },
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
    proptest::sample::subsequence(KeyPart::ALL.map(|(_, part)| part).to_vec(), 0..4)
}

fn policies() -> impl Strategy<Value = Policy> {
    let rules = |most| proptest::collection::vec(conditions(), 0..=most);
    let limits = proptest::collection::vec((conditions(), key(), 0..4_u8), 0..3);
    (rules(2), rules(2), limits, any::<bool>(), any::<bool>()).prop_map(
        |(deny, allow, limits, raw_required, tag_required)| {
            let mut policy = policy();
            policy.deny = deny.into_iter().map(|when| rule("deny", when)).collect();
            policy.allow.extend(allow.into_iter().map(|when| rule("allow", when)));
            policy.raw_transactions_required = raw_required;
            if tag_required {
                policy.assets.get_mut("ETH").unwrap().tag = TagRule::Required;
            }
            policy.limits =
                limits.into_iter().map(|(when, key, kind)| some_limit(when, &key, kind)).collect();
            policy
        },
    )
}

fn some_limit(when: Conditions, key: &[KeyPart], kind: u8) -> policy::limit::Limit {
    let when = Conditions { stages: None, amount: Range::default(), usd: Range::default(), ..when };
    let dollars = |text: &str| Usd::parse_exact(text).unwrap();
    let cap = match kind {
        0 => Cap::Usd(dollars("1")),
        1 => Cap::Usd(dollars("1000000")),
        2 => Cap::Count(0),
        _ => Cap::Amount([("ETH".to_owned(), eth("0.001")), ("BTC".to_owned(), eth("1"))].into()),
    };
    limit("limit", when, key, cap, 3600)
}

fn allows(policy: &Policy, request: &Request) -> bool {
    NaiveLedger::new(policy).decide(request, START).verdict == Verdict::Allow
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn less_input_never_allows_more(policy in policies(), spoilt in proptest::sample::select(SPOILT.to_vec())) {
        for (sample, whole) in samples() {
            if allows(&policy, &whole) {
                continue;
            }
            for field in &FIELDS {
                let mut less = whole.clone();
                let Some(slot) = (field.slot)(&mut less) else { continue };
                // Making unusable is not changing into another usable value: names have no unusable ones.
                let is_name = !field.name.contains("mount") && !field.name.contains("rawTx");
                if spoilt.is_some_and(|spoilt| !spoilt.is_empty() && is_name) || slot.is_none() {
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
