use std::collections::BTreeMap;

use super::*;
use crate::address::Chain;
use crate::asset::{Asset, Assets, TagRule};

const CHECKSUMMED: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";

fn decimals(count: u8) -> Decimals {
    Decimals::new(count).unwrap()
}

fn units(count: u64) -> Amount {
    Amount::from_u64(count)
}

fn assets(chain: Chain, places: u8) -> Assets {
    let asset = Asset { chain, decimals: decimals(places), tag: TagRule::Optional, fee_asset: None };
    [("X".to_owned(), asset)].into()
}

fn to(chain: Chain, address: &str, amount: u64) -> Destination {
    let account = Account { kind: Some("VAULT".into()), id: Some("1".into()), subtype: None };
    let address = Some(Address::parse(chain, address).unwrap());
    Destination { account, address, tag: None, address_type: None, amount: units(amount), usd: None }
}

fn paying(places: Option<u8>, amount: u64, destinations: Vec<Destination>) -> Intent {
    Intent {
        tenant: "t".into(),
        caller_proof: None,
        stage: Stage::Approval,
        operation: "TRANSFER".into(),
        signer: None,
        source: Account::default(),
        asset: "X".into(),
        decimals: places.map(decimals),
        chain: None,
        tag_required: false,
        amount: units(amount),
        net_amount: None,
        requested_amount: Some(units(amount)),
        destinations,
        contract_data: BTreeMap::new(),
    }
}

/// Total, requested amount, and what each destination gets.
fn amounts(intent: &Intent) -> (Amount, Option<Amount>, Vec<Amount>) {
    let each = intent.destinations.iter().map(|destination| destination.amount).collect();
    (intent.amount, intent.requested_amount, each)
}

#[test]
fn amounts_stay_what_they_are_in_whole_units() {
    let intent = paying(Some(6), 1_500_000, vec![to(Chain::Exact, "a", 1_000_000)]);
    let (finer, coarser) = (assets(Chain::Exact, 8), assets(Chain::Exact, 2));
    let stated = |assets: &Assets| amounts(&intent.restated(assets).intent);
    assert_eq!(stated(&finer), (units(150_000_000), Some(units(150_000_000)), vec![units(100_000_000)]));
    assert_eq!(stated(&coarser), (units(150), Some(units(150)), vec![units(100)]));
    assert_eq!(intent.restated(&assets(Chain::Exact, 6)).intent.as_ref(), &intent);
    assert_eq!(intent.restated(&Assets::new()).intent.as_ref(), &intent, "an asset that was dropped");
    let older = Intent { decimals: None, ..intent.clone() };
    assert_eq!(older.restated(&finer).intent.as_ref(), &older);
}

/// Each destination, and what is above them, by itself: no sum of some of them may become less than it was.
#[test]
fn amounts_are_rounded_up_part_by_part() {
    let intent = paying(Some(1), 19, vec![to(Chain::Exact, "a", 5), to(Chain::Exact, "b", 11)]);
    let restated = intent.restated(&assets(Chain::Exact, 0)).intent.into_owned();
    assert_eq!(amounts(&restated), (units(4), Some(units(2)), vec![units(1), units(2)]));
    assert_eq!(restated.excess(), units(1));
    let huge = paying(Some(0), u64::MAX, vec![to(Chain::Exact, "a", u64::MAX)]);
    let restated = huge.restated(&assets(Chain::Exact, 77)).intent.into_owned();
    assert_eq!(amounts(&restated).0, Amount::MAX);
}

#[test]
fn addresses_are_read_again_where_their_text_is_known() {
    let read = |chain, text: &str, now| {
        let intent = paying(None, 1, vec![to(chain, text, 1)]);
        let assets = assets(now, 0);
        let Restated { intent, lost } = intent.restated(&assets);
        (intent.destinations[0].address.clone().map(String::from), lost)
    };
    let lower = CHECKSUMMED.to_lowercase();
    assert_eq!(read(Chain::Exact, CHECKSUMMED, Chain::Evm), (Some(format!("evm:{lower}")), false));
    assert_eq!(read(Chain::Evm, CHECKSUMMED, Chain::Evm), (Some(format!("evm:{lower}")), false));
    assert_eq!(read(Chain::Evm, CHECKSUMMED, Chain::Exact), (None, true), "it was of either case");
    assert_eq!(read(Chain::Exact, "rAlice", Chain::Evm), (None, true));
}

#[test]
fn of_who_cannot_be_told_any_more_not_even_the_type_is_known() {
    let intent = paying(Some(0), 3, vec![to(Chain::Evm, CHECKSUMMED, 3)]);
    let restated = intent.restated(&assets(Chain::Exact, 1)).intent.into_owned();
    assert_eq!(restated.destinations[0].account, Account::default());
    assert_eq!(restated.destinations[0].amount, units(30));
}
