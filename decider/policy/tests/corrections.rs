//! A policy that corrects an asset's decimals or chain changes no usage: limits are views over the one ledger (decision
//! model, section 4).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod support;

use std::collections::BTreeSet;

use policy::address::Chain;
use policy::amount::{Amount, Decimals};
use policy::condition::Conditions;
use policy::document::Policy;
use policy::limit::{Bucket, Cap, Key, KeyPart, Limit};
use policy::request::{DestinationText, Request, Stage};
use policy::settle::Settlement;
use policy::usage::UsageIndex;
use policy::verdict::{ReasonCode, Verdict};
use support::desk::Desk;
use support::*;

const DAY: u64 = 86_400;

/// Everybody may be paid, 4 of the asset a day.
fn four_a_day(decimals: u8) -> Policy {
    let max = Amount::parse("4", Decimals::new(decimals).unwrap()).unwrap();
    let cap = Cap::Amount([("ETH".to_owned(), max)].into());
    with_asset(Chain::Evm, decimals, vec![limit("four", Conditions::default(), &[], cap, DAY)])
}

/// And as many payments to each as it says.
fn each_paid(times: u64, chain: Chain) -> Policy {
    let to_each = limit("each", Conditions::default(), &[KeyPart::Destination], Cap::Count(times), DAY);
    with_asset(chain, 18, vec![to_each])
}

fn with_asset(chain: Chain, decimals: u8, limits: Vec<Limit>) -> Policy {
    let mut policy = Policy { limits, ..open() };
    // Its one list is of another chain then.
    policy.allow.truncate(1);
    policy.assets.insert("ETH".into(), asset(chain, decimals));
    policy
}

fn code(settlement: &Settlement) -> ReasonCode {
    settlement.reason.code
}

fn signing(request: Request) -> Request {
    let mut request = Request { stage: Stage::Signing, fee: text("0.001"), ..request };
    request.destinations.iter_mut().for_each(|each| each.display_address = text(ETH_ADDRESS));
    request
}

fn to_wallet(id: &str, address: &str) -> Request {
    let wallet = DestinationText {
        account: account("UNMANAGED", "w-1"),
        address: text(address),
        ..transfer(id, "1").destinations[0].clone()
    };
    Request { destinations: vec![wallet], ..transfer(id, "1") }
}

#[test]
fn corrected_decimals_leave_what_was_used() {
    for (before, after) in [(6, 18), (18, 6), (6, 2), (0, 70)] {
        let mut desk = Desk::new(four_a_day(before), START);
        assert_eq!(desk.decide(&transfer("first", "3")).verdict, Verdict::Allow);
        desk.adopt(four_a_day(after));
        let refused = desk.decide(&transfer("too much", "2"));
        assert_eq!(code(&refused), ReasonCode::LimitExceeded, "{before} {after}");
        let used = refused.limits[0].used.to_decimal(Decimals::new(after).unwrap());
        assert_eq!(used, "3", "{before} {after}");
        assert_eq!(desk.decide(&transfer("the rest", "1")).verdict, Verdict::Allow, "{before} {after}");
    }
}

#[test]
fn what_is_under_way_when_decimals_are_corrected_is_signed_and_counts_once() {
    for (before, after) in [(6, 18), (18, 6)] {
        let mut desk = Desk::new(four_a_day(before), START);
        let request = transfer("under way", "3.5");
        assert_eq!(desk.decide(&request).verdict, Verdict::Allow);
        desk.adopt(four_a_day(after));
        let signed = desk.decide(&signing(request.clone()));
        assert_eq!(code(&signed), ReasonCode::Allowed, "{}", signed.reason.text);
        assert_eq!(code(&desk.decide(&transfer("more", "1"))), ReasonCode::LimitExceeded);
        desk.adopt(four_a_day(before));
        assert_eq!(code(&desk.decide(&transfer("more", "1"))), ReasonCode::LimitExceeded, "and back again");
        let mut more = signing(request);
        (more.amount, more.requested_amount) = (text("3.6"), text("3.6"));
        more.destinations[0].amount = text("3.6");
        assert_eq!(code(&desk.decide(&more)), ReasonCode::IntentChanged);
    }
}

/// Another decider that has the policy already, while this one still goes by the one before.
#[test]
fn what_others_charge_by_other_decimals_counts_as_much() {
    let (old, new) = (four_a_day(6), four_a_day(18));
    let mut theirs = Desk::new(new, START);
    let charge = theirs.decide(&transfer("theirs", "3")).charge.unwrap().after;
    let mut index = UsageIndex::default();
    index.record(&old.limits, old.groups(), None, &charge);
    let bucket = Bucket { limit_id: "four".into(), key: Key::new() };
    let used = index.used(&old.limits[0], &bucket, &BTreeSet::new(), START);
    assert_eq!(used.total, Some(Amount::from_u64(3_000_000)));
}

#[test]
fn an_address_whose_text_is_known_is_the_same_on_its_right_chain() {
    let mut desk = Desk::new(each_paid(2, Chain::Exact), START);
    let under_way = to_wallet("under way", ETH_ADDRESS);
    assert_eq!(desk.decide(&under_way).verdict, Verdict::Allow);
    desk.adopt(each_paid(2, Chain::Evm));
    assert_eq!(code(&desk.decide(&signing(under_way))), ReasonCode::Allowed);
    let lower = ETH_ADDRESS.to_lowercase();
    assert_eq!(code(&desk.decide(&to_wallet("second", &lower))), ReasonCode::Allowed);
    assert_eq!(code(&desk.decide(&to_wallet("third", &lower))), ReasonCode::LimitExceeded);
}

/// In which case its letters were, nobody knows any more.
#[test]
fn an_address_that_cannot_be_compared_any_more_leaves_its_limits_in_doubt_until_it_is_corrected_back() {
    let mut desk = Desk::new(each_paid(2, Chain::Evm), START);
    let under_way = to_wallet("under way", ETH_ADDRESS);
    assert_eq!(desk.decide(&under_way).verdict, Verdict::Allow);
    desk.adopt(each_paid(2, Chain::Exact));
    let held = desk.decide(&to_wallet("second", ETH_ADDRESS));
    assert_eq!(code(&held), ReasonCode::LimitIndeterminate);
    let changed = desk.decide(&signing(under_way.clone()));
    insta::assert_snapshot!(changed.reason.text, @"another request of this transaction was allowed before: a destination's address was read as one of another chain");
    desk.adopt(each_paid(2, Chain::Evm));
    assert_eq!(code(&desk.decide(&signing(under_way))), ReasonCode::Allowed);
    assert_eq!(code(&desk.decide(&to_wallet("second", ETH_ADDRESS))), ReasonCode::Allowed);
    assert_eq!(code(&desk.decide(&to_wallet("third", ETH_ADDRESS))), ReasonCode::LimitExceeded);
}
