//! Destinations as a multiset.

use std::cell::Cell;

use proptest::prelude::*;

use super::*;
use crate::charge::pairing::{Fit, MAX_COMPARISONS, pair};

#[test]
fn the_order_of_destinations_says_nothing() {
    let before = || vec![to("VAULT", "1", "-", "-", 5), to("VAULT", "1", "-", "-", 3)];
    let now = vec![to("VAULT", "1", "A", "-", 3), to("VAULT", "1", "B", "-", 5)];
    let filled = vec![to("VAULT", "1", "B", "-", 5), to("VAULT", "1", "A", "-", 3)];
    assert_eq!(join(before(), now), Ok(filled), "each address goes to its own amount");

    let twice = || vec![to("U", "w", "A", "-", 5), to("U", "w", "A", "-", 3)];
    let turned: Vec<_> = twice().into_iter().rev().collect();
    assert_eq!(join(twice(), turned), Ok(twice()));
}

/// It would count anew, and could be refused by a limit that it has room in.
#[test]
fn another_order_fills_nothing_in_and_dates_nothing_anew() {
    let one = vec![to("U", "w", "A", "-", 5), to("U", "w", "B", "-", 3)];
    let turned = one.iter().rev().cloned().collect();
    let first = charge(intent(Stage::Approval, one));
    let joined = first.joined_by(intent(Stage::Approval, turned), "other", at(9)).unwrap();
    assert_eq!((joined.at, &joined.intent), (at(1), &first.intent));
}

#[test]
fn a_destination_is_not_taken_twice() {
    let before = vec![to("VAULT", "1", "A", "-", 5), to("VAULT", "2", "B", "-", 5)];
    let now = vec![to("VAULT", "1", "A", "-", 5), to("VAULT", "1", "A", "-", 5)];
    assert_eq!(join(before, now), Err("a destination's id changed".into()));
    let one = vec![to("VAULT", "1", "A", "-", 5)];
    let two = vec![to("VAULT", "1", "A", "-", 2), to("VAULT", "1", "A", "-", 3)];
    assert_eq!(join(one, two), Err("the number of destinations changed".into()));
}

#[test]
fn amounts_do_not_move_from_one_receiver_to_another() {
    let before = vec![to("U", "w", "A", "-", 5), to("U", "w", "B", "-", 3)];
    let now = vec![to("U", "w", "A", "-", 3), to("U", "w", "B", "-", 5)];
    assert_eq!(join(before, now), Err("a destination's amount rose".into()));
}

#[test]
fn what_was_taken_is_given_back_where_another_needs_it() {
    // The first could fill in either gap; the second fits one of them alone.
    let before = vec![to("U", "w", "A", "-", 5), to("U", "w", "-", "7", 5)];
    let now = vec![to("U", "w", "A", "8", 5), to("U", "w", "A", "7", 5)];
    let turned: Vec<_> = now.iter().rev().cloned().collect();
    assert_eq!(join(before.clone(), now.clone()), Ok(now.clone()));
    assert_eq!(join(before, turned), Ok(now));
}

#[test]
fn a_thousand_destinations_pair_in_few_comparisons() {
    let before: Vec<_> = (0..1000).map(|number| to("VAULT", "1", "-", "-", 1000 + number)).collect();
    let now: Vec<_> =
        (0..1000).rev().map(|number| to("VAULT", "1", &format!("a{number}"), "-", 990 + number)).collect();
    let comparisons = Cell::new(0_usize);
    let fit = |before: &Destination, now: &Destination| {
        comparisons.set(comparisons.get() + 1);
        if now.amount <= before.amount { Fit::FillsIn } else { Fit::Never }
    };
    assert!(pair(&before, &now, fit).is_some());
    assert!(comparisons.get() <= 2_000_000, "{comparisons:?}");
}

#[test]
fn pairs_that_are_hard_to_find_are_not_looked_for_for_ever() {
    let many: Vec<_> = (0..2000).map(|number| to("VAULT", "1", "-", "-", number)).collect();
    let comparisons = Cell::new(0_usize);
    let fit = |_: &Destination, _: &Destination| {
        comparisons.set(comparisons.get() + 1);
        Fit::Never
    };
    assert!(pair(&many, &many, fit).is_none());
    comparisons.set(0);
    let chain = |before: &Destination, now: &Destination| {
        comparisons.set(comparisons.get() + 1);
        let (slot, place) = (before.amount, now.amount);
        let next = place.checked_add(Amount::from_u64(1)).unwrap();
        if slot == place || slot == next { Fit::FillsIn } else { Fit::Never }
    };
    let turned: Vec<_> = many.iter().rev().cloned().collect();
    assert!(pair(&many, &turned, chain).is_none(), "they pair, but it takes too long to tell");
    assert!(comparisons.get() <= MAX_COMPARISONS + many.len(), "{comparisons:?}");
}

fn some_destination() -> impl Strategy<Value = Destination> {
    let kind = prop_oneof![4 => Just("VAULT"), 1 => Just("UNMANAGED"), 1 => Just("-")];
    let id = prop_oneof![3 => Just("1"), 1 => Just("2"), 1 => Just("-")];
    let address = prop_oneof![Just("-"), Just("A"), Just("B")];
    let tag = prop_oneof![2 => Just("-"), 1 => Just(""), 1 => Just("7")];
    (kind, id, address, tag, 1..4_u64)
        .prop_map(|(kind, id, address, tag, amount)| to(kind, id, address, tag, amount))
}

/// A request of now that says what was charged, with more known, less moving, and in another order.
fn said_again() -> impl Strategy<Value = (Vec<Destination>, Vec<Destination>)> {
    let each = (some_destination(), 0..3_u64, any::<bool>(), any::<bool>());
    proptest::collection::vec(each, 1..7).prop_flat_map(|each| {
        let before: Vec<_> = each.iter().map(|(before, ..)| before.clone()).collect();
        let now = each.into_iter().map(|(before, less, address, tag)| Destination {
            account: account(
                before.account.kind.as_deref().unwrap_or("VAULT"),
                before.account.id.as_deref().unwrap_or("1"),
            ),
            address: before.address.or_else(|| address.then(|| Address::parse(Chain::Exact, "A").unwrap())),
            address_type: None,
            tag: before.tag.or_else(|| tag.then(|| "7".to_owned())),
            amount: before.amount.saturating_sub(Amount::from_u64(less)),
            usd: None,
        });
        (Just(before), Just(now.collect::<Vec<_>>()).prop_shuffle())
    })
}

/// Every way to pair them, tried one after the other.
fn some_permutation_fits(before: &[Destination], now: &[Destination]) -> bool {
    let Some((first, others)) = now.split_first() else { return true };
    (0..before.len()).any(|taken| {
        let mut left = before.to_vec();
        let one = left.remove(taken);
        join(vec![one], vec![first.clone()]).is_ok() && some_permutation_fits(&left, others)
    })
}

proptest! {
    #[test]
    fn what_is_said_again_joins((before, now) in said_again()) {
        let joined = join(before.clone(), now);
        prop_assert!(joined.is_ok(), "{joined:?}");
        let sum = |all: &[Destination]| Amount::checked_sum(all.iter().map(|each| each.amount));
        prop_assert_eq!(sum(&joined.unwrap()), sum(&before), "what was charged stays charged");
    }

    #[test]
    fn they_pair_exactly_where_some_permutation_fits(
        before in proptest::collection::vec(some_destination(), 5),
        now in proptest::collection::vec(some_destination(), 5),
    ) {
        prop_assert_eq!(join(before.clone(), now.clone()).is_ok(), some_permutation_fits(&before, &now));
    }
}
