//! A policy that corrects an asset's decimals or chain, or takes the asset out, frees no headroom: limits are views over the one ledger (decision
//! model, section 4).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::support::desk::Desk;
use crate::support::*;
use policy::address::Chain;
use policy::amount::{Amount, Decimals};
use policy::condition::{Conditions, Unlisted};
use policy::document::Policy;
use policy::limit::{Bucket, Cap, Key, KeyPart, Limit};
use policy::request::{AccountText, DestinationText, Request, Stage};
use policy::settle::Settlement;
use policy::usage::UsageIndex;
use policy::verdict::{ReasonCode, Verdict};

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
    index.record(old.limits(), None, &charge);
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

const COIN: &str = "ETH";
const OTHER: &str = "BTC";

/// One transaction a day of every asset that `when` asks for, by a policy that knows these.
fn one_a_day(assets: &[&str], unlisted: Option<Unlisted>, cap: Cap, key: &[KeyPart]) -> Policy {
    let covered = assets.iter().map(|id| (*id).to_owned()).collect();
    let when = Conditions { assets: Some(Arc::new(covered)), unlisted, ..Conditions::default() };
    let mut policy = Policy { limits: vec![limit("one", when, key, cap, DAY)], ..open() };
    policy.assets.retain(|id, _| assets.contains(&id.as_str()));
    policy
}

fn unlisted(known: &[&str], by_kind: bool) -> Option<Unlisted> {
    Some(Unlisted { known: Arc::new(known.iter().map(|id| (*id).to_owned()).collect()), by_kind })
}

/// Of the other asset, to a wallet that is listed.
fn other_coin(id: &str) -> Request {
    let wallet = DestinationText {
        address: text(BTC_ADDRESS),
        ..account_of(account("UNMANAGED", "w-1"), transfer(id, "1"))
    };
    Request { asset: text(OTHER), destinations: vec![wallet], ..transfer(id, "1") }
}

fn account_of(account: AccountText, request: Request) -> DestinationText {
    DestinationText { account, ..request.destinations[0].clone() }
}

/// What one coin and then, by a policy that does not know it any more, the other one comes to.
fn after_it_was_taken_out(by_kind: bool, cap: impl Fn() -> Cap, key: &[KeyPart]) -> Settlement {
    let both = [COIN, OTHER];
    let mut desk = Desk::new(one_a_day(&both, unlisted(&both, by_kind), cap(), key), START);
    assert_eq!(desk.decide(&transfer("first", "1")).verdict, Verdict::Allow);
    desk.adopt(one_a_day(&[OTHER], unlisted(&[OTHER], by_kind), cap(), key));
    desk.decide(&other_coin("second"))
}

#[test]
fn a_charge_of_an_asset_that_is_taken_out_of_the_policy_counts_where_others_are_ruled_out_by_id() {
    let refused = after_it_was_taken_out(false, || Cap::Count(1), &[]);
    assert_eq!(code(&refused), ReasonCode::LimitExceeded);
    assert_eq!(refused.limits[0].used, Amount::from_u64(1));
}

#[test]
fn what_nobody_can_tell_of_an_asset_that_was_taken_out_holds_its_limits_until_it_has_left() {
    let held = after_it_was_taken_out(true, || Cap::Count(5), &[]);
    insta::assert_snapshot!(held.reason.text, @"limit one: of an earlier charge, the policy does not know asset ETH any more");
    assert_eq!((held.verdict, code(&held)), (Verdict::Hold, ReasonCode::LimitIndeterminate));

    let many = || Cap::Amount([COIN, OTHER].map(|id| (id.to_owned(), Amount::MAX)).into());
    let held = after_it_was_taken_out(false, many, &[]);
    assert_eq!(code(&held), ReasonCode::LimitIndeterminate, "units of two assets do not add up");
    let apart = after_it_was_taken_out(false, many, &[KeyPart::Asset]);
    assert_eq!(code(&apart), ReasonCode::Allowed, "each has a sum of its own");

    let both = [COIN, OTHER];
    let by_kind = |assets| one_a_day(assets, unlisted(assets, true), Cap::Count(1), &[]);
    let mut desk = Desk::new(by_kind(&both), START);
    desk.decide(&transfer("first", "1"));
    desk.adopt(by_kind(&[OTHER]));
    desk.step(DAY as i64 * SECOND - 1);
    assert_eq!(code(&desk.decide(&other_coin("second"))), ReasonCode::LimitIndeterminate);
    desk.step(1);
    assert_eq!(code(&desk.decide(&other_coin("second"))), ReasonCode::Allowed);
}

#[test]
fn a_limit_over_assets_by_id_asks_for_no_other() {
    let mut desk = Desk::new(one_a_day(&[COIN, OTHER], None, Cap::Count(1), &[]), START);
    assert_eq!(desk.decide(&transfer("first", "1")).verdict, Verdict::Allow);
    desk.adopt(one_a_day(&[OTHER], None, Cap::Count(1), &[]));
    assert_eq!(code(&desk.decide(&other_coin("second"))), ReasonCode::Allowed);
}
