mod forgetting;
mod go_on;

use std::collections::BTreeMap;

use super::*;
use crate::charge::ChargeKey;
use crate::condition::Conditions;
use crate::group::Groups;
use crate::intent::{Account, Destination, Intent};
use crate::limit::{Cap, KeyPart, OnExceed};
use crate::request::Stage;
use crate::time::{Calendar, CalendarUnit, Window, Zone};
use crate::usd::Usd;

const GROUPS: Groups<'_> = Groups { assets: &BTreeMap::new(), sources: &[], counterparties: &[] };

fn seen(limits: &[Limit]) -> Limits<'_> {
    Limits { all: limits, groups: GROUPS, index: None }
}

fn at(seconds: i64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

fn units(count: u64) -> Amount {
    Amount::from_u64(count)
}

fn limit(id: &str, key: &[KeyPart], seconds: u64) -> Limit {
    Limit {
        id: id.into(),
        when: Conditions::default(),
        key: key.iter().copied().collect(),
        cap: Cap::Amount([("ETH".to_owned(), units(100))].into()),
        window: Window::from_seconds(seconds).unwrap(),
        on_exceed: OnExceed::Deny,
        leave_to_console: false,
    }
}

/// `source` `-` is missing.
fn charge(tx_id: &str, source: &str, amount: Amount, time: Time) -> Charge {
    let account = Account { kind: Some("VAULT".into()), id: Some("1".into()), subtype: None };
    let id = (source != "-").then(|| source.to_owned());
    let account_paid = account.clone();
    let to = Destination {
        account: account_paid,
        address: None,
        tag: None,
        address_type: None,
        amount,
        usd: None,
    };
    let intent = Intent {
        tenant: "t".into(),
        caller_proof: None,
        stage: Stage::Approval,
        operation: "TRANSFER".into(),
        signer: None,
        source: Account { id, ..account },
        asset: "ETH".into(),
        decimals: None,
        chain: None,
        tag_required: false,
        amount,
        net_amount: Some(amount),
        requested_amount: Some(amount),
        destinations: vec![to],
        contract_data: BTreeMap::new(),
    };
    let key = ChargeKey { tenant: "t".into(), tx_id: tx_id.into(), suffix: String::new() };
    Charge::first(key, intent, tx_id, time)
}

fn bucket(limit: &Limit, source: &str) -> Bucket {
    let key = limit.key.iter().map(|part| (*part, format!("VAULT:{source}"))).collect();
    Bucket { limit_id: limit.id.clone(), key }
}

fn total(index: &mut UsageIndex, limit: &Limit, source: &str, now: Time) -> Amount {
    index.used(limit, &bucket(limit, source), &BTreeSet::new(), now).total.unwrap()
}

#[test]
fn charges_may_come_in_any_order_of_time() {
    let limit = limit("l", &[], 10);
    let charges = [
        charge("c", "0", units(4), at(30)),
        charge("a", "0", units(1), at(21)),
        charge("b", "0", units(2), at(25)),
    ];
    let mut index = UsageIndex::build(seen(std::slice::from_ref(&limit)), &charges);
    let used = index.used(&limit, &bucket(&limit, ""), &BTreeSet::new(), at(30));
    assert_eq!((used.total, used.oldest, used.doubtful), (Some(units(7)), Some(at(21)), 0));
    assert_eq!(total(&mut index, &limit, "", at(31)), units(6));
    assert_eq!(total(&mut index, &limit, "", at(35)), units(4));
    assert_eq!(total(&mut index, &limit, "", at(40)), units(0));
}

#[test]
fn a_charge_of_the_future_counts_and_hides_nothing() {
    let limit = limit("l", &[], 10);
    let charges = [charge("later", "0", units(4), at(100)), charge("now", "0", units(1), at(1))];
    let mut index = UsageIndex::build(seen(std::slice::from_ref(&limit)), &charges);
    assert_eq!(total(&mut index, &limit, "", at(2)), units(5));
    assert_eq!(total(&mut index, &limit, "", at(11)), units(4));
}

#[test]
fn each_limit_forgets_by_its_own_window() {
    let limits = [limit("short", &[], 10), limit("long", &[], 100)];
    let mut index = UsageIndex::build(seen(&limits), &[charge("a", "0", units(1), at(1))]);
    assert_eq!(total(&mut index, &limits[0], "", at(50)), units(0));
    assert_eq!(total(&mut index, &limits[1], "", at(50)), units(1));
}

#[test]
fn a_charge_that_is_dated_anew_is_in_one_place() {
    let limit = limit("l", &[KeyPart::Source], 10);
    let limits = std::slice::from_ref(&limit);
    let first = charge("a", "0", units(3), at(1));
    let mut index = UsageIndex::build(seen(limits), [&first, &charge("b", "0", units(1), at(2))]);
    let after = Charge { at: at(8), ..first.clone() };
    index.record(seen(limits), Some(&first), &after);
    assert_eq!(total(&mut index, &limit, "0", at(8)), units(4));
    assert_eq!(index.len(), 2);
    assert_eq!(total(&mut index, &limit, "0", at(12)), units(3));
    let moved = Charge { intent: charge("a", "7", units(3), at(8)).intent, ..after.clone() };
    index.record(seen(limits), Some(&after), &moved);
    assert_eq!(total(&mut index, &limit, "0", at(12)), units(0));
    assert_eq!(total(&mut index, &limit, "7", at(12)), units(3));
}

#[test]
fn recording_the_same_charge_twice_counts_it_once() {
    let limit = limit("l", &[], 10);
    let one = charge("a", "0", units(3), at(1));
    let mut index = UsageIndex::build(seen(std::slice::from_ref(&limit)), [&one, &one]);
    assert_eq!(total(&mut index, &limit, "", at(1)), units(3));
    assert_eq!(index.len(), 1);
}

#[test]
fn what_cannot_be_placed_is_in_doubt_for_every_sum_until_it_leaves() {
    let limit = limit("l", &[KeyPart::Source], 10);
    let charges = [charge("a", "-", units(1), at(1)), charge("b", "-", units(1), at(3))];
    let mut index = UsageIndex::build(seen(std::slice::from_ref(&limit)), &charges);
    let mut used = |now| index.used(&limit, &bucket(&limit, "0"), &BTreeSet::new(), now);
    assert_eq!((used(at(10)).doubtful, used(at(10)).indeterminate.is_some()), (2, true));
    assert_eq!(used(at(11)).doubtful, 1);
    assert_eq!((used(at(13)).doubtful, used(at(13)).indeterminate), (0, None));
    assert!(index.views.values().all(|view| view.unplaced.is_empty()));
}

#[test]
fn what_is_known_of_a_key_keeps_a_doubt_out_of_other_sums() {
    let limit = limit("l", &[KeyPart::Source, KeyPart::Asset], 10);
    let charges = [charge("a", "-", units(1), at(1)), charge("b", "-", units(1), at(3))];
    let mut index = UsageIndex::build(seen(std::slice::from_ref(&limit)), &charges);
    let mut used = |asset: &str, now| {
        let mut bucket = bucket(&limit, "0");
        bucket.key.insert(KeyPart::Asset, asset.into());
        index.used(&limit, &bucket, &BTreeSet::new(), now)
    };
    assert_eq!((used("ETH", at(10)).doubtful, used("ETH", at(10)).indeterminate.is_some()), (2, true));
    assert_eq!((used("BTC", at(10)).doubtful, used("BTC", at(10)).indeterminate), (0, None));
    assert_eq!(used("ETH", at(11)).doubtful, 1);
    assert_eq!(used("ETH", at(13)).doubtful, 0);
    index.record(seen(std::slice::from_ref(&limit)), None, &charges[1]);
    index.record(seen(std::slice::from_ref(&limit)), Some(&charges[1]), &charge("b", "0", units(1), at(3)));
    assert!(index.views.values().all(|view| view.unplaced.is_empty()));
}

#[test]
fn what_has_no_price_is_in_doubt_for_its_sum_alone() {
    let limit = Limit { cap: Cap::Usd(Usd::ZERO), ..limit("l", &[KeyPart::Source], 10) };
    let mut priced = charge("b", "1", units(1), at(1));
    priced.intent.destinations[0].usd = Some(Usd::from_micros(units(7)));
    let charges = [charge("a", "0", units(1), at(1)), priced];
    let mut index = UsageIndex::build(seen(std::slice::from_ref(&limit)), &charges);
    let used = index.used(&limit, &bucket(&limit, "0"), &BTreeSet::new(), at(2));
    assert_eq!((used.doubtful, used.indeterminate.is_some()), (1, true));
    let used = index.used(&limit, &bucket(&limit, "1"), &BTreeSet::new(), at(2));
    assert_eq!((used.total, used.doubtful, used.indeterminate), (Some(units(7)), 0, None));
    let used = index.used(&limit, &bucket(&limit, "0"), &BTreeSet::new(), at(11));
    assert_eq!((used.doubtful, used.indeterminate), (0, None));
}

#[test]
fn a_sum_past_256_bits_is_known_to_be_and_comes_back() {
    let limit = limit("l", &[], 10);
    let limits = std::slice::from_ref(&limit);
    let half = Amount::MAX.checked_sub(units(5)).unwrap();
    let huge = charge("huge", "0", half, at(1));
    let mut index = UsageIndex::build(seen(limits), [&huge, &charge("b", "0", units(6), at(2))]);
    assert_eq!(index.used(&limit, &bucket(&limit, ""), &BTreeSet::new(), at(2)).total, None);
    index.record(seen(limits), None, &charge("c", "0", units(1), at(3)));
    assert_eq!(index.used(&limit, &bucket(&limit, ""), &BTreeSet::new(), at(3)).total, None);
    assert_eq!(total(&mut index, &limit, "", at(11)), units(7));
}

/// Sums that nobody asks for again, and charges that are dated anew again and again, must not stay for ever.
#[test]
fn what_has_left_its_window_leaves_the_memory() {
    let limit = limit("l", &[KeyPart::Source], 10);
    let limits = std::slice::from_ref(&limit);
    let mut index = UsageIndex::default();
    for number in 0..100 {
        let source = number.to_string();
        let first = charge(&source, &source, units(1), at(number));
        index.record(seen(limits), None, &first);
        index.record(seen(limits), Some(&first), &Charge { at: at(number + 1), ..first.clone() });
        index.record(seen(limits), None, &charge(&format!("?{source}"), "-", units(1), at(number)));
    }
    index.used(&limit, &bucket(&limit, "none"), &BTreeSet::new(), at(105));
    assert!(index.len() <= 10, "{}", index.len());
    index.used(&limit, &bucket(&limit, "none"), &BTreeSet::new(), at(110));
    let view = &index.views["l"];
    assert_eq!((view.sums.len(), view.unplaced.len(), view.leaving.len()), (0, 0, 0));
    assert!(index.is_empty());
}

#[test]
fn of_a_limit_it_was_not_made_for_it_knows_nothing() {
    let limit = limit("l", &[], 10);
    let mut index = UsageIndex::default();
    assert_eq!(total(&mut index, &limit, "", at(1)), units(0), "nothing was ever charged");
    index.record(seen(std::slice::from_ref(&limit)), None, &charge("a", "0", units(1), at(1)));
    let others = [
        Limit { id: "new".into(), ..limit.clone() },
        Limit { window: Window::from_seconds(11).unwrap(), ..limit.clone() },
        Limit { key: [KeyPart::Source].into(), ..limit.clone() },
    ];
    for other in others {
        let used = index.used(&other, &bucket(&other, "0"), &BTreeSet::new(), at(1));
        assert!(used.indeterminate.is_some() && used.doubtful == usize::MAX, "{other:?}");
        assert_eq!(used.total, Some(units(0)), "what nobody knows is in doubt, and not too much");
    }
}

fn destinations(id: &str, key: &[KeyPart], seconds: u64) -> Limit {
    Limit { cap: Cap::Destinations(3), ..limit(id, key, seconds) }
}

fn paying(tx_id: &str, vaults: &[&str], time: Time) -> Charge {
    let mut charge = charge(tx_id, "0", units(1), time);
    let one = charge.intent.destinations.remove(0);
    charge.intent.destinations = vaults
        .iter()
        .map(|vault| {
            let id = (*vault != "-").then(|| (*vault).to_owned());
            Destination { account: Account { id, ..one.account.clone() }, ..one.clone() }
        })
        .collect();
    charge
}

#[test]
fn a_destination_counts_once_until_its_last_charge_has_left() {
    let limit = destinations("l", &[], 10);
    let charges =
        [paying("a", &["1", "2", "1"], at(1)), paying("b", &["2"], at(3)), paying("c", &["3"], at(5))];
    let mut index = UsageIndex::build(seen(std::slice::from_ref(&limit)), &charges);
    assert_eq!(total(&mut index, &limit, "", at(5)), units(3));
    let asked = ["VAULT:1", "VAULT:2", "VAULT:9"].map(str::to_owned).into();
    let used = index.used(&limit, &bucket(&limit, ""), &asked, at(5));
    assert_eq!(used.destinations, [("VAULT:1".to_owned(), 1), ("VAULT:2".to_owned(), 2)].into());
    assert_eq!(total(&mut index, &limit, "", at(11)), units(2), "2 was paid once more");
    assert_eq!(total(&mut index, &limit, "", at(13)), units(1));
    assert_eq!(total(&mut index, &limit, "", at(15)), units(0));
}

#[test]
fn a_destination_that_has_no_name_is_in_doubt() {
    let limit = destinations("l", &[], 10);
    let charges = [paying("a", &["-", "2"], at(1))];
    let mut index = UsageIndex::build(seen(std::slice::from_ref(&limit)), &charges);
    let used = index.used(&limit, &bucket(&limit, ""), &BTreeSet::new(), at(2));
    assert_eq!((used.total, used.doubtful, used.indeterminate.is_some()), (Some(units(1)), 1, true));
}

#[test]
fn destinations_move_with_their_charge() {
    let limit = destinations("l", &[KeyPart::Source], 10);
    let limits = std::slice::from_ref(&limit);
    let first = paying("a", &["1", "2"], at(1));
    let mut index = UsageIndex::build(seen(limits), [&first, &paying("b", &["2"], at(2))]);
    let after = paying("a", &["2", "3", "4"], at(4));
    index.record(seen(limits), Some(&first), &after);
    assert_eq!(total(&mut index, &limit, "0", at(4)), units(3));
    assert_eq!(total(&mut index, &limit, "0", at(12)), units(3));
    assert_eq!(total(&mut index, &limit, "0", at(14)), units(0));
    assert!(index.is_empty());
}

/// Each is in doubt for the sums that it may be in: these are looked up, and the others are not looked at.
#[test]
fn what_cannot_be_placed_costs_no_more_where_there_is_much_of_it() {
    let limit = limit("l", &[KeyPart::Source, KeyPart::Signer], 10);
    let limits = std::slice::from_ref(&limit);
    let mut index = UsageIndex::default();
    let started = std::time::Instant::now();
    for number in 0..10_000 {
        let name = number.to_string();
        index.record(seen(limits), None, &charge(&name, &name, units(1), at(1)));
    }
    let recorded = started.elapsed();
    let mut bucket = bucket(&limit, "7");
    bucket.key.insert(KeyPart::Signer, "signer".into());
    let started = std::time::Instant::now();
    for _ in 0..1_000 {
        assert_eq!(index.used(&limit, &bucket, &BTreeSet::new(), at(2)).doubtful, 1);
    }
    assert!(started.elapsed() < recorded, "{:?} after {recorded:?}", started.elapsed());
}

#[test]
fn every_sum_that_something_counts_in_is_listed_with_its_max() {
    let limit = limit("l", &[KeyPart::Source], 10);
    let charges = [
        charge("tx-1", "b", units(1), at(100)),
        charge("tx-2", "a", units(2), at(105)),
        charge("tx-3", "a", units(3), at(106)),
    ];
    let mut index = UsageIndex::build(seen(std::slice::from_ref(&limit)), &charges);
    let listed = |index: &mut UsageIndex, now| {
        let sums = index.sums(&limit, at(now)).into_iter();
        sums.map(|(bucket, used)| (bucket, used.total.unwrap())).collect::<Vec<_>>()
    };
    let (a, b) = (bucket(&limit, "a"), bucket(&limit, "b"));
    assert_eq!(listed(&mut index, 109), [(a.clone(), units(5)), (b, units(1))]);
    assert_eq!(listed(&mut index, 110), [(a.clone(), units(5))], "what left its window is not listed");
    assert_eq!(listed(&mut index, 116), []);
    assert_eq!(limit.most_in(&a), Some((crate::limit::Unit::BaseUnits("ETH".into()), units(100))));
    let of_bitcoin = Bucket { key: [(KeyPart::Asset, "BTC".to_owned())].into(), ..a };
    assert_eq!(limit.most_in(&of_bitcoin), None);
}

/// A key without the asset is that of the only one there is; of several nobody can tell.
#[test]
fn a_sum_that_names_no_asset_has_a_max_where_there_is_one_asset() {
    let nameless = Bucket { key: BTreeMap::new(), ..bucket(&limit("l", &[], 10), "a") };
    let of = |caps: &[(&str, u64)]| {
        let caps = caps.iter().map(|(asset, max)| ((*asset).to_owned(), units(*max)));
        Limit { cap: Cap::Amount(caps.collect()), ..limit("l", &[], 10) }.most_in(&nameless)
    };
    assert_eq!(of(&[("ETH", 100)]), Some((crate::limit::Unit::BaseUnits("ETH".into()), units(100))));
    assert_eq!(of(&[("BTC", 1), ("ETH", 100)]), None);
}
