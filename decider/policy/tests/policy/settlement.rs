//! Limits, charges and their identity: the decision model, sections 3 and 4, on the plainest ledger.

use std::collections::BTreeSet;

use crate::support::*;
use policy::charge::{Charge, ChargeKey};
use policy::condition::Conditions;
use policy::document::Policy;
use policy::evaluate::evaluate;
use policy::group::{Counterparty, SourceGroup};
use policy::limit::{Cap, KeyPart, Quantity, Unit};
use policy::prices::Prices;
use policy::request::{Request, Stage};
use policy::settle::{Settlement, settle};
use policy::time::Time;
use policy::usage::UsageIndex;
use policy::usd::Usd;
use policy::verdict::{Action, ReasonCode, Verdict};
use proptest::prelude::*;

fn limited(limits: Vec<policy::limit::Limit>) -> NaiveLedger {
    NaiveLedger::new(&Policy { limits, ..policy() })
}

fn after(seconds: i64) -> Time {
    Time::from_micros(START.as_micros() + seconds * SECOND)
}

fn allowed(settlement: &Settlement) -> bool {
    assert_eq!(settlement.verdict == Verdict::Allow, settlement.charge.is_some());
    assert_eq!(settlement.verdict == Verdict::Allow, settlement.action == Action::Approve);
    settlement.verdict == Verdict::Allow
}

fn code(settlement: &Settlement) -> ReasonCode {
    settlement.reason.code
}

#[test]
fn a_limit_fills_to_the_last_unit_and_no_further() {
    let mut ledger = limited(vec![eth_limit("hour", &[], "1", 3600)]);
    assert!(allowed(&ledger.decide(&transfer("a", "0.999999999999999999"), START)));
    let over = ledger.decide(&transfer("b", "0.000000000000000002"), START);
    assert_eq!(code(&over), ReasonCode::LimitExceeded);
    assert_eq!(over.limits[0].headroom.to_string(), "1");
    let exact = ledger.decide(&transfer("c", "0.000000000000000001"), START);
    assert!(allowed(&exact));
    assert!(exact.limits[0].headroom.is_zero());
    assert!(!allowed(&ledger.decide(&transfer("d", "0.000000000000000001"), START)));
}

#[test]
fn what_is_refused_consumes_nothing() {
    let mut ledger =
        limited(vec![eth_limit("hour", &[], "1", 3600), eth_limit("small", &[KeyPart::Source], "0.5", 60)]);
    assert_eq!(code(&ledger.decide(&transfer("a", "0.6"), START)), ReasonCode::LimitExceeded);
    assert!(ledger.charges.is_empty());
    assert!(allowed(&ledger.decide(&transfer("b", "0.5"), START)));
}

#[test]
fn a_window_ends_to_the_microsecond() {
    let mut ledger = limited(vec![eth_limit("hour", &[], "1", 3600)]);
    assert!(allowed(&ledger.decide(&transfer("a", "1"), START)));
    let last = Time::from_micros(after(3600).as_micros() - 1);
    let refused = ledger.decide(&transfer("b", "1"), last);
    assert_eq!(code(&refused), ReasonCode::LimitExceeded);
    assert_eq!(refused.limits[0].grows_at, Some(after(3600)));
    assert!(allowed(&ledger.decide(&transfer("c", "1"), after(3600))));
}

/// What an answer says of the time at which headroom grows is true of what it leaves behind.
#[test]
fn headroom_grows_when_others_leave_and_when_what_was_allowed_does() {
    let mut ledger = limited(vec![eth_limit("hour", &[], "3", 3600)]);
    let grows = |settlement: &Settlement| settlement.limits[0].grows_at;
    let approval = Request { stage: Stage::Approval, ..transfer("a", "1") };
    let signing = Request { stage: Stage::Signing, callback_request_id: "s".into(), ..transfer("a", "1") };
    assert_eq!(grows(&ledger.decide(&approval, START)), Some(after(3600)), "its own");
    assert_eq!(grows(&ledger.decide(&signing, after(1800))), Some(after(5400)), "it moved");
    assert_eq!(grows(&ledger.decide(&transfer("zero", "0"), after(1900))), Some(after(5400)));
    assert_eq!(grows(&ledger.decide(&transfer("b", "2"), after(2000))), Some(after(5400)), "the oldest");
    assert_eq!(grows(&ledger.decide(&transfer("c", "1"), after(2100))), Some(after(5400)), "no room");
    let after_the_first = ledger.decide(&transfer("d", "2"), after(5401));
    assert_eq!(
        (code(&after_the_first), grows(&after_the_first)),
        (ReasonCode::LimitExceeded, Some(after(5600)))
    );
}

#[test]
fn keys_keep_sums_apart() {
    let other_source = |id: &str| Request { source: account("VAULT", "7"), ..transfer(id, "1") };
    for (key, apart) in [(vec![], false), (vec![KeyPart::Source], true), (vec![KeyPart::Destination], false)]
    {
        let mut ledger = limited(vec![eth_limit("hour", &key, "1", 3600)]);
        let mut open = ledger.policy.as_ref().clone();
        open.allow[0].when.sources = None;
        ledger.policy = open.into();
        assert!(allowed(&ledger.decide(&transfer("a", "1"), START)));
        assert_eq!(allowed(&ledger.decide(&other_source("b"), START)), apart, "{key:?}");
    }
}

#[test]
fn groups_share_a_sum_and_so_do_those_of_none() {
    let group = |name: &str, id: &str| SourceGroup {
        name: name.into(),
        accounts: vec![matcher("VAULT", Some(id))].into(),
    };
    let mut policy =
        Policy { limits: vec![eth_limit("hour", &[KeyPart::SourceGroup], "1", 3600)], ..policy() };
    policy.allow[0].when.sources = None;
    policy.source_groups = vec![SourceGroup {
        accounts: vec![matcher("VAULT", Some("1")), matcher("VAULT", Some("2"))].into(),
        ..group("hot", "")
    }];
    let mut ledger = NaiveLedger::new(&policy);
    let mut from = |id: &str| {
        let request = Request { source: account("VAULT", id), ..transfer(id, "1") };
        allowed(&ledger.decide(&request, START))
    };
    assert!(from("1"));
    assert!(!from("2"), "of the same group");
    assert!(from("8"), "of none");
    assert!(!from("9"), "also of none");
}

#[test]
fn counterparties_join_accounts_and_addresses() {
    let friends = list("friends", policy::address::Chain::Evm, &[ETH_ADDRESS]);
    let acme = Counterparty {
        name: "acme".into(),
        accounts: vec![matcher("VAULT", Some("1"))].into(),
        lists: vec![friends],
    };
    let mut policy =
        Policy { limits: vec![eth_limit("hour", &[KeyPart::Counterparty], "1", 3600)], ..policy() };
    policy.counterparties = vec![acme];
    let mut ledger = NaiveLedger::new(&policy);
    let both = ledger.decide(&two_destinations(), START);
    assert!(allowed(&both));
    assert_eq!(both.limits.len(), 1, "both destinations are acme's: one sum");
    assert_eq!(both.limits[0].requested, eth("1"));
    assert_eq!(both.limits[0].key[&KeyPart::Counterparty], "acme");
    assert!(!allowed(&ledger.decide(&transfer("more", "0.1"), START)));
}

#[test]
fn selectors_and_keys_act_per_destination() {
    let mut per_destination = eth_limit("each", &[KeyPart::Destination], "0.6", 3600);
    let mut ledger = limited(vec![per_destination.clone()]);
    let both = ledger.decide(&two_destinations(), START);
    assert!(allowed(&both), "0.4 and 0.6 are apart");
    assert_eq!(both.limits.len(), 2);

    per_destination.when.destinations = one_of(vec![to_account("VAULT", Some("1"))]);
    per_destination.key.clear();
    let one = limited(vec![per_destination]).decide(&two_destinations(), START);
    assert_eq!(one.limits[0].requested, eth("0.6"), "the selected destination alone");
}

#[test]
fn a_count_is_one_per_transaction_unless_the_destination_is_in_the_key() {
    let count = |key: &[KeyPart]| limit("count", Conditions::default(), key, Cap::Count(1), 3600);
    let requested = |key: &[KeyPart]| {
        let settlement = limited(vec![count(key)]).decide(&two_destinations(), START);
        settlement.limits.iter().map(|status| status.requested.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(requested(&[]), ["1"]);
    assert_eq!(requested(&[KeyPart::Destination]), ["1", "1"]);
    let mut ledger = limited(vec![count(&[])]);
    assert!(allowed(&ledger.decide(&two_destinations(), START)));
    let refused = ledger.decide(&transfer("b", "1"), START);
    assert_eq!(code(&refused), ReasonCode::LimitExceeded);
    assert_eq!(refused.limits[0].unit, Unit::Transactions);
}

#[test]
fn a_limit_that_cannot_be_evaluated_holds() {
    let mut ledger = limited(vec![eth_limit("signer", &[KeyPart::Signer], "1", 3600)]);
    let held = ledger.decide(&Request { signer: None, ..transfer("a", "0.1") }, START);
    assert_eq!((held.verdict, code(&held)), (Verdict::Hold, ReasonCode::LimitIndeterminate));
    assert!(ledger.charges.is_empty());

    let usd = limit("usd", Conditions::default(), &[], Cap::Usd(Usd::parse_exact("100").unwrap()), 3600);
    let mut unpriced = transfer("b", "0.1");
    unpriced.destinations[0].amount_usd = None;
    assert_eq!(code(&limited(vec![usd]).decide(&unpriced, START)), ReasonCode::LimitIndeterminate);
}

#[test]
fn exceeded_outweighs_indeterminate() {
    let mut ledger = limited(vec![
        eth_limit("signer", &[KeyPart::Signer], "1", 3600),
        eth_limit("total", &[], "0.05", 3600),
    ]);
    let denied = ledger.decide(&Request { signer: None, ..transfer("a", "0.1") }, START);
    assert_eq!((denied.verdict, code(&denied)), (Verdict::Deny, ReasonCode::LimitExceeded));
}

#[test]
fn a_new_limit_counts_the_past_and_an_unpriced_past_holds_it() {
    let mut ledger = limited(vec![]);
    assert!(allowed(&ledger.decide(&transfer("a", "1"), START)));
    let mut unpriced = transfer("b", "1");
    unpriced.destinations[0].amount_usd = None;
    assert!(allowed(&ledger.decide(&unpriced, START)));

    let usd = limit("usd", Conditions::default(), &[], Cap::Usd(Usd::parse_exact("1000").unwrap()), 3600);
    ledger.policy = Policy { limits: vec![eth_limit("eth", &[], "2", 3600)], ..policy() }.into();
    assert_eq!(code(&ledger.decide(&transfer("c", "0.1"), START)), ReasonCode::LimitExceeded);
    ledger.policy = Policy { limits: vec![usd], ..policy() }.into();
    assert_eq!(code(&ledger.decide(&transfer("d", "0.1"), START)), ReasonCode::LimitIndeterminate);
    assert!(allowed(&ledger.decide(&transfer("e", "0.1"), after(3600))), "the unpriced one has left");
}

// Approval, signing, other signers.

fn signing(request: Request) -> Request {
    Request { stage: Stage::Signing, fee: text("0.001"), ..request }
}

fn with_address(mut request: Request) -> Request {
    request.destinations[0].display_address = text(ETH_ADDRESS);
    request
}

#[test]
fn approval_then_signing_is_one_charge_dated_at_signing() {
    let mut ledger = limited(vec![eth_limit("hour", &[], "1", 3600)]);
    assert!(allowed(&ledger.decide(&transfer("a", "1"), START)));
    let signed = ledger.decide(&with_address(signing(transfer("a", "1"))), after(60));
    assert!(allowed(&signed), "its own charge does not stand in its way");
    assert_eq!(ledger.charges.len(), 1);
    assert_eq!(ledger.charges[0].at, after(60));
    assert!(ledger.charges[0].intent.destinations[0].address.is_some(), "the address was filled in");
    assert!(!allowed(&ledger.decide(&transfer("b", "1"), after(3601))), "it counts from the signing on");
    assert!(allowed(&ledger.decide(&transfer("c", "1"), after(3660))));
}

#[test]
fn signing_is_tested_again_where_the_charge_had_left() {
    let mut ledger = limited(vec![eth_limit("hour", &[], "1", 3600)]);
    assert!(allowed(&ledger.decide(&transfer("a", "1"), START)));
    assert!(allowed(&ledger.decide(&transfer("b", "1"), after(3600))));
    let late = ledger.decide(&with_address(signing(transfer("a", "1"))), after(3700));
    assert_eq!(code(&late), ReasonCode::LimitExceeded);
    assert_eq!(ledger.charges.len(), 2, "a signing DENY leaves the charge");
}

#[test]
fn another_intent_under_the_same_transaction_is_denied() {
    type Change = fn(&mut Request);
    let changes: [(&str, Change); 7] = [
        ("source", |r| r.source.id = text("0 ")),
        ("larger amount", |r| {
            r.amount = text("1.1");
            r.destinations[0].amount = text("1.1");
        }),
        ("requested amount", |r| r.requested_amount = text("1.1")),
        ("destination", |r| r.destinations[0].account.id = text("2")),
        ("number of destinations", |r| {
            r.destinations.push(r.destinations[0].clone());
            r.destinations[0].amount = text("0.5");
            r.destinations[1].amount = text("0.5");
        }),
        ("contract data", |r| r.extra_parameters = text("{}")),
        ("operation", |r| r.operation = text("STAKE")),
    ];
    for (name, change) in changes {
        let mut open = policy();
        open.allow[0].when = Conditions {
            operations: one_of(["TRANSFER".into(), "STAKE".into()].into()),
            ..Conditions::default()
        };
        let mut ledger = NaiveLedger::new(&open);
        let first = Request { extra_parameters: text("{\"memo\":1}"), ..transfer("a", "1") };
        assert!(allowed(&ledger.decide(&first, START)));
        let mut changed = signing(first);
        change(&mut changed);
        let denied = ledger.decide(&changed, after(1));
        assert_eq!(code(&denied), ReasonCode::IntentChanged, "{name}");
        assert_eq!(ledger.charges.len(), 1);
    }
}

#[test]
fn a_pinned_address_cannot_change_and_cannot_be_left_out() {
    let mut open = policy();
    open.allow[0].when = Conditions::default();
    let to = |address: Option<&str>, stage| {
        let mut request = Request { stage, ..transfer("a", "1") };
        request.destinations[0].account = account("UNMANAGED", "w-1");
        request.destinations[0].address = address.map(str::to_owned);
        request
    };
    let mut ledger = NaiveLedger::new(&open);
    assert!(allowed(&ledger.decide(&to(Some(ETH_ADDRESS), Stage::Approval), START)));
    let other = "0x0000000000000000000000000000000000000001";
    assert_eq!(code(&ledger.decide(&to(Some(other), Stage::Signing), START)), ReasonCode::IntentChanged);
    assert_eq!(code(&ledger.decide(&to(None, Stage::Signing), START)), ReasonCode::IntentChanged);
    assert!(allowed(&ledger.decide(&to(Some(&ETH_ADDRESS.to_lowercase()), Stage::Signing), START)));
}

#[test]
fn a_net_amount_may_fall_and_the_larger_stays_charged() {
    let mut ledger = limited(vec![eth_limit("hour", &[], "1", 3600)]);
    assert!(allowed(&ledger.decide(&transfer("a", "1"), START)));
    let mut net = with_address(signing(transfer("a", "1")));
    net.amount = text("0.99");
    net.destinations[0].amount = text("0.99");
    assert!(allowed(&ledger.decide(&net, after(1))));
    assert_eq!(ledger.charges[0].intent.destinations[0].amount, eth("1"));
}

#[test]
fn usd_is_pinned_at_the_first_allow() {
    let usd = limit("usd", Conditions::default(), &[], Cap::Usd(Usd::parse_exact("10").unwrap()), 3600);
    let mut ledger = limited(vec![usd]);
    assert!(allowed(&ledger.decide(&transfer("a", "1"), START)));
    let mut dearer = with_address(signing(transfer("a", "1")));
    dearer.destinations[0].amount_usd = text("11");
    assert!(allowed(&ledger.decide(&dearer, after(1))), "the price moved, the charge did not");
    assert_eq!(ledger.charges[0].intent.usd(), Usd::parse_exact("10").ok());
}

#[test]
fn each_signer_counts_in_its_own_sum() {
    let mut ledger =
        limited(vec![eth_limit("signer", &[KeyPart::Signer], "1", 3600), eth_limit("all", &[], "1", 3600)]);
    let by = |signer: &str, id: &str| Request { signer: text(signer), ..transfer(id, "1") };
    assert!(allowed(&ledger.decide(&by("s1", "a"), START)));
    assert!(allowed(&ledger.decide(&by("s2", "a"), START)), "one charge, two signers");
    assert_eq!(ledger.charges.len(), 1);

    let mut open = ledger.policy.as_ref().clone();
    open.limits.pop();
    ledger.policy = open.into();
    assert!(!allowed(&ledger.decide(&by("s2", "b"), after(1))), "s2's sum is full");
    assert!(allowed(&ledger.decide(&by("s3", "b"), after(1))));
}

#[test]
fn batch_items_are_apart_and_an_unrelated_id_is_charged_again() {
    let item = |request_id: &str| Request { callback_request_id: request_id.into(), ..transfer("tx", "0.4") };
    let mut ledger = limited(vec![eth_limit("hour", &[], "1", 3600)]);
    assert!(allowed(&ledger.decide(&item("tx-1"), START)));
    assert!(allowed(&ledger.decide(&item("tx-2"), START)));
    assert_eq!(ledger.charges.len(), 2);
    assert!(!allowed(&ledger.decide(&item("tx-3"), START)), "1.2 of 1");

    let mut ledger = limited(vec![eth_limit("hour", &[], "1", 3600)]);
    assert!(allowed(&ledger.decide(&item("tx"), START)));
    assert!(
        allowed(&ledger.decide(&item("unrelated"), START)),
        "same signer and stage: when in doubt, count"
    );
    assert_eq!(ledger.charges.len(), 2);
    assert!(!allowed(&ledger.decide(&item("third"), START)));
    assert!(allowed(&ledger.decide(&signing(item("unrelated")), START)), "its next stage is its own");
}

#[test]
fn a_lowered_limit_does_not_refuse_the_signature_of_what_it_already_holds() {
    let mut ledger = limited(vec![eth_limit("hour", &[], "1", 3600)]);
    assert!(allowed(&ledger.decide(&transfer("a", "1"), START)));
    ledger.policy = Policy { limits: vec![eth_limit("hour", &[], "0.5", 3600)], ..policy() }.into();
    assert!(allowed(&ledger.decide(&with_address(signing(transfer("a", "1"))), after(1))));
    assert!(!allowed(&ledger.decide(&with_address(signing(transfer("a2", "1"))), after(1))));
}

#[test]
fn no_transaction_id_no_charge() {
    let mut request = transfer("a", "1");
    request.tx_id = None;
    assert_eq!(ChargeKey::of(&request), None);
    assert_eq!(limited(vec![]).decide(&request, START).verdict, Verdict::Deny);
}

#[test]
fn a_record_settles_again_the_same() {
    let mut ledger = limited(vec![eth_limit("hour", &[KeyPart::Source], "1", 3600)]);
    for (id, amount, seconds) in [("a", "0.5", 0), ("b", "0.6", 1), ("a", "0.5", 2), ("c", "0.5", 3)] {
        let request = transfer(id, amount);
        let first = ledger.decide(&request, after(seconds));
        let json = serde_json::to_string(&first.evidence).unwrap();
        let evidence: policy::evidence::Evidence = serde_json::from_str(&json).unwrap();
        let evaluation = evaluate(&ledger.policy, &request, &evidence.prices(), evidence.asked_at.unwrap());
        let again =
            settle(&ledger.policy, &request, &evaluation, &mut evidence.answers(), after(seconds)).unwrap();
        assert_eq!(first, again);
    }
}

#[test]
fn messages_say_what_is_left() {
    let mut ledger = limited(vec![eth_limit("eth-per-hour", &[], "1", 3600)]);
    ledger.decide(&transfer("a", "0.75"), START);
    insta::assert_snapshot!(ledger.decide(&transfer("b", "0.5"), START).reason.text,
        @"limit eth-per-hour: 0.25 ETH left of 1 ETH, 0.5 ETH asked");
}

// Properties over histories.

#[derive(Debug, Clone)]
struct Step {
    request: Request,
    wait: i64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let amount = prop_oneof![Just("0.3"), Just("1"), Just("0.000000000000000001")];
    let step = (0..6_u8, amount, 0..3_u8, 0..3_u8, any::<bool>(), 0..40_i64).prop_map(
        |(tx, amount, source, signer, signing_stage, wait)| {
            let id = format!("tx{tx}");
            let mut request =
                Request { source: account("VAULT", &source.to_string()), ..transfer(&id, amount) };
            request.signer = (signer > 0).then(|| format!("s{signer}"));
            if signing_stage {
                request = with_address(signing(request));
            }
            Step { request, wait: wait * SECOND }
        },
    );
    proptest::collection::vec(step, 1..40)
}

fn history_policy() -> Policy {
    let mut policy = policy();
    policy.allow[0].when.sources = None;
    policy.limits = vec![
        eth_limit("all", &[], "3", 60),
        eth_limit("source", &[KeyPart::Source], "1.5", 100),
        eth_limit("destination", &[KeyPart::Destination, KeyPart::Asset], "2.3", 30),
        limit(
            "count",
            Conditions { signers: one_of(["s1".into()].into()), ..Conditions::default() },
            &[],
            Cap::Count(3),
            80,
        ),
    ];
    policy
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn no_window_is_ever_over_its_max(steps in steps()) {
        let policy = history_policy();
        let mut ledger = NaiveLedger::new(&policy);
        let mut now = START;
        for step in steps {
            now = Time::from_micros(now.as_micros() + step.wait);
            ledger.decide(&step.request, now);
            for limit in &policy.limits {
                let mut sums = std::collections::BTreeMap::new();
                for charge in &ledger.charges {
                    for share in limit.shares_of(charge, policy.groups()).known {
                        if limit.window.contains(share.at, now) {
                            *sums.entry(share.bucket).or_insert(0_u128) += amount_of(&share.quantity);
                        }
                    }
                }
                let max = limit.max_of(&policy_intent()).unwrap().to_string().parse::<u128>().unwrap();
                prop_assert!(sums.values().all(|sum| *sum <= max), "{}: {sums:?}", limit.id);
            }
        }
    }

    #[test]
    fn the_index_in_memory_sums_like_the_whole_ledger(steps in steps(), rebuild_at in 0..40_usize) {
        let policy = history_policy();
        let mut naive = NaiveLedger::new(&policy);
        let mut index = UsageIndex::default();
        let mut now = START;
        for (number, step) in steps.into_iter().enumerate() {
            now = Time::from_micros(now.as_micros() + step.wait);
            if number == rebuild_at {
                let mut charges: Vec<&Charge> = naive.charges.iter().collect();
                charges.sort_by_key(|charge| charge.at);
                index = UsageIndex::build(policy.limits(), charges);
            }
            let settlement = naive.decide(&step.request, now);
            if let Some(change) = &settlement.charge {
                index.record(policy.limits(), change.before.as_ref(), &change.after);
            }
            use policy::ledger::Ledger as _;
            for limit in &policy.limits {
                for status in settlement.limits.iter().filter(|status| status.limit_id == limit.id) {
                    let bucket = policy::limit::Bucket { limit_id: limit.id.clone(), key: status.key.clone() };
                    let expected = naive.used(limit, &bucket, &BTreeSet::new(), now).unwrap();
                    let held = index.used(limit, &bucket, &BTreeSet::new(), now);
                    prop_assert_eq!((held.total, held.oldest), (expected.total, expected.oldest), "{}", limit.id);
                    prop_assert_eq!(held.indeterminate.is_some(), expected.indeterminate.is_some());
                }
            }
        }
    }
}

fn amount_of(quantity: &Quantity) -> u128 {
    let Quantity::Known(amount) = quantity else { panic!("{quantity:?}") };
    amount.to_string().parse().unwrap()
}

fn policy_intent() -> policy::intent::Intent {
    evaluate(&policy(), &transfer("x", "1"), &Prices::NONE, START).intent.unwrap()
}
