//! Sums that go on under a policy whose limits count as they did.

use super::*;
use crate::address::Chain;
use crate::amount::Decimals;
use crate::asset::{Asset, TagRule};
use crate::caller::CallerConditions;
use crate::choice::Choice;

/// A limit that keeps sources apart, with charges of one of them.
fn counted() -> (Limit, UsageIndex) {
    let limit = limit("l", &[KeyPart::Source], 10);
    let index = UsageIndex::build(seen(std::slice::from_ref(&limit)), &[charge("a", "0", units(7), at(1))]);
    (limit, index)
}

/// Whether the sums of that limit go on as those of another.
fn goes_on(other: &Limit, groups: Groups<'_>) -> bool {
    let (limit, mut index) = counted();
    let went_on =
        index.go_on(seen(&[limit]), Limits { groups, ..seen(std::slice::from_ref(other)) }).is_some();
    assert!(!went_on || total(&mut index, other, "0", at(2)) == units(7), "{other:?}");
    went_on
}

#[test]
fn they_go_on_whatever_is_allowed_of_them() {
    let (limit, _) = counted();
    let cap = Cap::Amount([("ETH".to_owned(), units(1))].into());
    let (on_exceed, leave_to_console) = (OnExceed::Hold, true);
    assert!(goes_on(&limit, GROUPS));
    assert!(goes_on(&Limit { cap, on_exceed, leave_to_console, ..limit }, GROUPS));
}

#[test]
fn they_are_made_anew_where_anything_counts_in_another_way() {
    let (old, _) = counted();
    let tenants = Some(Choice::OneOf(["t".to_owned()].into()));
    let caller = CallerConditions { tenants, ..CallerConditions::default() };
    let others = [
        Limit { id: "other".into(), ..old.clone() },
        Limit { when: Conditions { caller, ..Conditions::default() }, ..old.clone() },
        Limit { key: [KeyPart::Source, KeyPart::Asset].into(), ..old.clone() },
        Limit { cap: Cap::Count(100), ..old.clone() },
        Limit { window: Window::from_seconds(11).unwrap(), ..old.clone() },
    ];
    for other in &others {
        assert!(!goes_on(other, GROUPS), "{other:?}");
    }
    let (chain, decimals, tag, fee_asset) = (Chain::Evm, Decimals::ZERO, TagRule::Optional, None);
    let assets = [("ETH".to_owned(), Asset { chain, decimals, tag, fee_asset })].into();
    assert!(!goes_on(&old, Groups { assets: &assets, ..GROUPS }), "an asset has become known");
}

#[test]
fn those_of_limits_that_are_no_more_are_handed_back() {
    let (kept, gone) = (limit("kept", &[], 10), limit("gone", &[], 10));
    let limits = [kept.clone(), gone];
    let mut index = UsageIndex::build(seen(&limits), &[charge("a", "0", units(7), at(1))]);
    let others = index.go_on(seen(&limits), seen(std::slice::from_ref(&kept))).unwrap();
    assert_eq!((index.len(), others.len()), (1, 1));
    assert_eq!(total(&mut index, &kept, "", at(2)), units(7));
}
