use std::cell::Cell;

use proptest::prelude::*;

use super::pairing::{Fit, MAX_COMPARISONS, pair};
use super::*;
use crate::address::{Address, Chain};
use crate::amount::Amount;
use crate::intent::{Account, Destination};
use crate::request::{AccountText, DeclaredDestination};
use crate::usd::Usd;

fn request(tx_id: Option<&str>, callback_request_id: &str) -> Request {
    Request {
        tenant: "t".into(),
        callback_request_id: callback_request_id.into(),
        signer: None,
        stage: Stage::Approval,
        tx_id: tx_id.map(str::to_owned),
        external_tx_id: None,
        operation: None,
        source: AccountText::default(),
        declared: DeclaredDestination::default(),
        asset: None,
        amount: None,
        requested_amount: None,
        fee: None,
        destinations: Vec::new(),
        raw_transactions: Vec::new(),
        note: None,
        extra_parameters: None,
    }
}

fn key(tx_id: &str, callback_request_id: &str) -> ChargeKey {
    ChargeKey::of(&request(Some(tx_id), callback_request_id)).unwrap()
}

fn at(seconds: i64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

fn account(kind: &str, id: &str) -> Account {
    let given = |text: &str| (text != "-").then(|| text.to_owned());
    Account { kind: given(kind), id: given(id), subtype: None }
}

/// `-` is missing.
fn to(kind: &str, id: &str, address: &str, tag: &str, amount: u64) -> Destination {
    Destination {
        account: account(kind, id),
        address: (address != "-").then(|| Address::parse(Chain::Exact, address).unwrap()),
        tag: (tag != "-").then(|| tag.to_owned()),
        address_type: None,
        amount: Amount::from_u64(amount),
        usd: None,
    }
}

fn intent(stage: Stage, destinations: Vec<Destination>) -> Intent {
    let amount = Amount::checked_sum(destinations.iter().map(|each| each.amount)).unwrap();
    Intent {
        tenant: "t".into(),
        stage,
        operation: "TRANSFER".into(),
        signer: Some("s".into()),
        source: account("VAULT", "0"),
        asset: "ETH".into(),
        tag_required: false,
        amount,
        net_amount: Some(amount),
        requested_amount: Some(amount),
        destinations,
        contract_data: [("extraParameters".to_owned(), "d1".to_owned())].into(),
    }
}

fn charge(intent: Intent) -> Charge {
    Charge::first(key("tx", "tx"), intent, "tx", at(1))
}

fn join(before: Vec<Destination>, now: Vec<Destination>) -> Result<Vec<Destination>, String> {
    let mut second = intent(Stage::Signing, now);
    let first = intent(Stage::Approval, before);
    second.requested_amount = first.requested_amount;
    let joined = charge(first).joined_by(second, "tx", at(2));
    joined.map(|joined| joined.intent.destinations).map_err(|changed| changed.to_string())
}

// Identity.

#[test]
fn a_key_is_tenant_transaction_and_what_follows_it() {
    assert_eq!(key("tx", "tx").suffix, "");
    assert_eq!(key("tx", "tx-7").suffix, "-7");
    assert_eq!(key("tx", "something-else").suffix, "");
    assert_eq!(key("tx", "TX-7").suffix, "", "case is kept apart");
    assert_ne!(key("tx", "tx-7"), key("tx-7", "tx-7"));
    assert_ne!(key("tx", "tx"), ChargeKey { tenant: "u".into(), ..key("tx", "tx") });
    assert_eq!(ChargeKey::of(&request(None, "tx")), None);
    assert_eq!(ChargeKey::of(&request(Some(""), "tx")), None);
}

#[test]
fn no_request_id_names_the_charge_of_another() {
    let again = key("tx", "tx").again("other");
    assert_ne!(key("tx", "tx\u{1f}again other"), again);
    assert_ne!(key("tx", "tx\u{1f}\u{1f}again other"), key("tx", "tx\u{1f}again other"));
    assert_ne!(again, key("tx", "tx").again("others"));
    assert_eq!(key("tx", "tx-7").again("other").tx_id, "tx");
}

#[test]
fn as_text_no_two_keys_look_alike() {
    insta::assert_snapshot!(key("tx", "tx-7").as_text(), @r#"t/"tx"/"-7""#);
    assert_ne!(key("tx", "tx-7").as_text(), key("tx-7", "tx-7").as_text());
    assert_ne!(key("tx\"/\"", "tx\"/\"").as_text(), key("tx", "tx\"/\"").as_text());
}

proptest! {
    #[test]
    fn ids_of_one_transaction_share_a_charge_only_where_neither_says_more(
        one in "(tx)?[\u{1f}a-]{0,3}", other in "(tx)?[\u{1f}a-]{0,3}",
    ) {
        let plain = |id: &str| id == "tx" || !id.starts_with("tx");
        let shared = one == other || plain(&one) && plain(&other);
        prop_assert_eq!(key("tx", &one) == key("tx", &other), shared);
        prop_assert_ne!(key("tx", &one), key("tx", &other).again(&one));
        prop_assert_eq!(key("tx", "tx").again(&one) == key("tx", "tx").again(&other), one == other);
    }
}

#[test]
fn the_same_signer_and_stage_under_another_id_is_another_charge() {
    let charge = charge(intent(Stage::Approval, vec![]));
    let signer = |name: &str| Some(name.to_owned());
    assert!(charge.is_taken_by_another(&signer("s"), Stage::Approval, "other"));
    assert!(!charge.is_taken_by_another(&signer("s"), Stage::Approval, "tx"));
    assert!(!charge.is_taken_by_another(&signer("s"), Stage::Signing, "other"));
    assert!(!charge.is_taken_by_another(&signer("s2"), Stage::Approval, "other"));
    assert!(!charge.is_taken_by_another(&None, Stage::Approval, "other"));
    assert!(charge.is_only_of("tx") && !charge.is_only_of("other"));
    let joined = charge.joined_by(intent(Stage::Signing, vec![]), "other", at(2)).unwrap();
    assert!(!joined.is_only_of("tx") && !joined.is_only_of("other"));
}

// Time.

#[test]
fn signing_dates_all_of_it_anew_and_an_approval_only_itself() {
    let first = charge(intent(Stage::Approval, vec![]));
    let by = |signer: &str, stage| Intent { signer: Some(signer.into()), ..intent(stage, vec![]) };
    let approved = first.joined_by(by("s2", Stage::Approval), "tx", at(5)).unwrap();
    assert_eq!(approved.at, at(1));
    assert_eq!(approved.parts.iter().map(|part| part.at).collect::<Vec<_>>(), [at(1), at(5)]);
    let signed = approved.joined_by(by("s3", Stage::Signing), "tx", at(9)).unwrap();
    assert_eq!(signed.at, at(9));
    assert!(signed.parts.iter().all(|part| part.at == at(9)));
    let late = signed.joined_by(by("s4", Stage::Signing), "tx", at(7)).unwrap();
    assert_eq!(late.at, at(9), "a step back frees nothing");
    assert!(late.parts.iter().take(3).all(|part| part.at == at(9)));
    assert_eq!(
        late.parts.iter().map(|part| part.signer.as_deref().unwrap()).collect::<Vec<_>>(),
        ["s", "s2", "s3", "s4"]
    );
}

// Field by field.

#[test]
fn each_field_of_the_intent_is_compared() {
    type Change = fn(&mut Intent);
    let changes: [(&str, Change, &str); 19] = [
        ("operation", |i| i.operation = "BURN".into(), "the operation changed"),
        ("asset", |i| i.asset = "BTC".into(), "the asset changed"),
        ("amount", |i| i.amount = Amount::from_u64(11), "the amount rose"),
        ("net", |i| i.net_amount = Some(Amount::from_u64(10)), "the net amount rose"),
        ("requested", |i| i.requested_amount = Some(Amount::from_u64(9)), "the requested amount changed"),
        ("no requested", |i| i.requested_amount = None, "the requested amount is missing now"),
        ("source type", |i| i.source.kind = Some("EXCHANGE".into()), "the source's type changed"),
        ("no source type", |i| i.source.kind = None, "the source's type is missing now"),
        ("source id", |i| i.source.id = Some("1".into()), "the source's id changed"),
        ("no source id", |i| i.source.id = None, "the source's id is missing now"),
        (
            "data",
            |i| i.contract_data = [("extraParameters".into(), "d2".into())].into(),
            "what the operation carries changed",
        ),
        ("no data", |i| i.contract_data.clear(), "what the operation carries is missing now"),
        ("to type", |i| i.destinations[0].account.kind = Some("X".into()), "a destination's type changed"),
        ("no to type", |i| i.destinations[0].account.kind = None, "a destination's type is missing now"),
        ("to id", |i| i.destinations[0].account.id = Some("2".into()), "a destination's id changed"),
        ("no to id", |i| i.destinations[0].account.id = None, "a destination's id is missing now"),
        ("no address", |i| i.destinations[0].address = None, "a destination's address is missing now"),
        ("no tag", |i| i.destinations[0].tag = None, "a destination's tag is missing now"),
        ("other tag", |i| i.destinations[0].tag = Some(String::new()), "a destination's tag changed"),
    ];
    let before = Intent {
        net_amount: Some(Amount::from_u64(9)),
        ..intent(Stage::Approval, vec![to("VAULT", "1", "A", "7", 10)])
    };
    let signing = Intent { stage: Stage::Signing, ..before.clone() };
    assert!(charge(before.clone()).joined_by(signing.clone(), "tx", at(2)).is_ok());
    for (name, change, expected) in changes {
        let mut now = signing.clone();
        change(&mut now);
        let changed =
            charge(before.clone()).joined_by(now, "tx", at(2)).map_err(|changed| changed.to_string());
        assert_eq!(changed.unwrap_err(), expected, "{name}");
    }
}

#[test]
fn what_was_missing_is_filled_in_and_pinned() {
    let mut before = intent(Stage::Approval, vec![to("-", "-", "-", "-", 10)]);
    before.source = Account::default();
    before.contract_data.clear();
    before.requested_amount = None;
    before.net_amount = None;
    let now = intent(Stage::Signing, vec![to("VAULT", "1", "A", "7", 10)]);
    let joined = charge(before).joined_by(now.clone(), "tx", at(2)).unwrap();
    assert_eq!(joined.intent, now);
    for address in ["B", "-"] {
        let other = intent(Stage::Signing, vec![to("VAULT", "1", address, "7", 10)]);
        assert!(joined.joined_by(other, "tx", at(3)).is_err(), "{address}");
    }
}

#[test]
fn what_does_not_apply_may_be_left_out_and_stays_pinned() {
    let before = intent(Stage::Approval, vec![to("VAULT", "1", "A", "7", 10)]);
    let without = |stage| intent(stage, vec![to("VAULT", "1", "-", "-", 10)]);
    let joined = charge(before.clone()).joined_by(without(Stage::Approval), "tx", at(2)).unwrap();
    assert_eq!(joined.intent.destinations, before.destinations);
    assert!(joined.joined_by(without(Stage::Signing), "tx", at(3)).is_err());
    let other = intent(Stage::Approval, vec![to("VAULT", "1", "B", "7", 10)]);
    assert!(joined.joined_by(other, "tx", at(3)).is_err());
}

#[test]
fn what_is_charged_for_stays_although_less_moves() {
    let priced = |amount: u64, dollars: &str, stage| {
        let usd = Usd::parse_exact(dollars).ok();
        let one = Destination { usd, ..to("VAULT", "1", "A", "-", amount) };
        Intent {
            amount: Amount::from_u64(10),
            requested_amount: Some(Amount::from_u64(10)),
            ..intent(stage, vec![one])
        }
    };
    let joined =
        charge(priced(10, "5", Stage::Approval)).joined_by(priced(9, "6", Stage::Signing), "tx", at(2));
    let joined = joined.unwrap().intent;
    assert_eq!((joined.amount, joined.net_amount), (Amount::from_u64(10), Some(Amount::from_u64(10))));
    assert_eq!(joined.destinations[0].amount, Amount::from_u64(10));
    assert_eq!(joined.usd(), Usd::parse_exact("5").ok(), "pinned at the first");

    let unpriced = charge(priced(10, "", Stage::Approval));
    let late = unpriced.joined_by(priced(10, "6", Stage::Signing), "tx", at(2)).unwrap();
    assert_eq!(late.intent.usd(), Usd::parse_exact("6").ok(), "filled in");
    let less = unpriced.joined_by(priced(9, "6", Stage::Signing), "tx", at(2)).unwrap();
    assert_eq!(less.intent.usd(), None, "the value of 9 is not that of 10");
}

/// As a pair of what was charged and what is said now, at a later stage.
fn relabelled(
    kind: &str,
    label: fn(&mut Destination) -> &mut Option<String>,
    before: Option<&str>,
    now: Option<&str>,
) -> Result<Option<String>, String> {
    let with = |text: Option<&str>, stage| {
        let mut intent = intent(stage, vec![to(kind, "1", "A", "-", 10)]);
        *label(&mut intent.destinations[0]) = text.map(str::to_owned);
        intent
    };
    let joined = charge(with(before, Stage::Approval)).joined_by(with(now, Stage::Signing), "tx", at(2));
    joined
        .map(|mut joined| label(&mut joined.intent.destinations[0]).take())
        .map_err(|error| error.to_string())
}

/// Limits can ask for both: what was charged as the one must not come back as the other, or as neither.
#[test]
fn subtype_and_address_type_fill_in_and_are_pinned() {
    let subtype: fn(&mut Destination) -> &mut Option<String> = |each| &mut each.account.subtype;
    let address_type: fn(&mut Destination) -> &mut Option<String> = |each| &mut each.address_type;
    for (label, name) in
        [(subtype, "a destination's subtype"), (address_type, "a destination's address type")]
    {
        let now = |before, now| relabelled("UNMANAGED", label, before, now);
        assert_eq!(now(None, None), Ok(None));
        assert_eq!(now(Some("X"), Some("X")), Ok(Some("X".into())));
        assert_eq!(now(None, Some("X")), Ok(Some("X".into())));
        assert_eq!(now(Some("X"), Some("Y")), Err(format!("{name} changed")));
        assert_eq!(now(Some("X"), None), Err(format!("{name} is missing now")));
    }
}

#[test]
fn a_subtype_that_says_nothing_is_a_label() {
    for subtype in [None, Some("INTERNAL"), Some("EXTERNAL")] {
        let now = relabelled("VAULT", |each| &mut each.account.subtype, Some("EXTERNAL"), subtype);
        assert_eq!(now, Ok(Some("EXTERNAL".into())));
    }
}

#[test]
fn a_subtype_that_is_filled_in_goes_to_its_own_destination() {
    let of = |subtype: Option<&str>, address: &str| {
        let mut one = to("UNMANAGED", "1", address, "-", 5);
        one.account.subtype = subtype.map(str::to_owned);
        one
    };
    let before = vec![of(None, "-"), of(Some("EXTERNAL"), "-")];
    let now = vec![of(Some("EXTERNAL"), "A"), of(Some("INTERNAL"), "B")];
    assert_eq!(join(before, now.clone()), Ok(now));
}

// Destinations as a multiset.

#[test]
fn the_order_of_destinations_says_nothing() {
    let before = || vec![to("VAULT", "1", "-", "-", 5), to("VAULT", "1", "-", "-", 3)];
    let now = vec![to("VAULT", "1", "A", "-", 3), to("VAULT", "1", "B", "-", 5)];
    assert_eq!(join(before(), now.clone()), Ok(now), "each address goes to its own amount");

    let twice = || vec![to("U", "w", "A", "-", 5), to("U", "w", "A", "-", 3)];
    let turned: Vec<_> = twice().into_iter().rev().collect();
    assert_eq!(join(twice(), turned.clone()), Ok(turned));
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
    assert_eq!(join(before.clone(), now.clone()), Ok(now));
    assert_eq!(join(before, turned.clone()), Ok(turned));
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
