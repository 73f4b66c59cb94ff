use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;

const NOW: Time = Time::from_micros(1_700_000_000_000_000);
use crate::address::{Address, Chain};
use crate::choice::Sense;
use crate::matcher::is_listed;
use crate::truth::Truth::{False, True};

fn account(kind: Option<&str>, id: Option<&str>) -> Account {
    Account { kind: kind.map(str::to_owned), id: id.map(str::to_owned), subtype: None }
}

fn matcher(kind: &str, id: Option<&str>) -> AccountMatcher {
    AccountMatcher { kind: kind.into(), id: id.map(str::to_owned) }
}

fn one_of<T>(alternatives: T) -> Option<Choice<T>> {
    Some(Choice::OneOf(alternatives))
}

fn unknown(truth: &Truth) -> bool {
    matches!(truth, Truth::Indeterminate(_))
}

fn transfer(destinations: Vec<Destination>) -> Intent {
    Intent {
        tenant: "t".into(),
        caller_proof: None,
        stage: Stage::Approval,
        operation: "TRANSFER".into(),
        signer: Some("alice".into()),
        source: account(Some("VAULT"), Some("0")),
        asset: "ETH".into(),
        decimals: None,
        chain: None,
        tag_required: false,
        amount: Amount::from_u64(10),
        net_amount: None,
        requested_amount: None,
        destinations,
        contract_data: BTreeMap::new(),
    }
}

fn to(kind: Option<&str>, id: Option<&str>, address: Option<&str>) -> Destination {
    let address = address.map(|text| Address::parse(Chain::Exact, text).unwrap());
    Destination {
        account: account(kind, id),
        address,
        tag: None,
        address_type: None,
        amount: Amount::ZERO,
        usd: None,
    }
}

fn listed(addresses: &[&str]) -> DestinationMatcher {
    let mut list = AddressList::new("list", Chain::Exact);
    for address in addresses {
        list.insert(Address::parse(Chain::Exact, address).unwrap(), None);
    }
    DestinationMatcher { list: Some(Arc::new(list)), ..DestinationMatcher::default() }
}

#[test]
fn a_source_is_matched_by_type_and_id_to_the_letter() {
    let hot = matcher("VAULT", Some("0"));
    let source = |kind, id| hot.matches_source(&account(kind, id), Sense::Is);
    assert_eq!(source(Some("VAULT"), Some("0")), True);
    for (kind, id) in [("VAULT", "1"), ("VAULT", "00"), ("VAULT", "0 "), ("vault", "1"), ("EXCHANGE", "0")] {
        assert_eq!(source(Some(kind), Some(id)), False, "{kind} {id}");
    }
    assert!(unknown(&source(None, Some("0"))));
    assert!(unknown(&source(Some("VAULT"), None)));
    assert_eq!(source(None, Some("1")), False, "the id settles it");
    for kind in ["vault", "VAULT_ACCOUNT", "VAULT "] {
        assert!(unknown(&source(Some(kind), Some("0"))), "{kind}");
        let ruled_out = hot.matches_source(&account(Some(kind), Some("1")), Sense::IsNot);
        assert!(unknown(&ruled_out), "{kind}: what its ids tell apart nobody knows");
    }
    assert_eq!(hot.matches_source(&account(Some("EXCHANGE"), Some("0")), Sense::IsNot), False);
    assert_eq!(matcher("VAULT", None).matches_source(&account(Some("VAULT"), None), Sense::Is), True);
}

#[test]
fn a_destination_is_matched_as_the_table_says() {
    let to_one =
        |kind, id| matcher("VAULT", Some("1")).matches_destination("TRANSFER", &account(kind, id), Sense::Is);
    assert_eq!(to_one(Some("VAULT"), Some("1")), True);
    assert_eq!(to_one(Some("VAULT"), Some("2")), False);
    assert!(unknown(&to_one(None, Some("1"))));
    assert!(unknown(&to_one(Some("VAULT"), None)));
    for kind in ["UNMANAGED", "ONE_TIME_ADDRESS"] {
        let wallet = account(Some(kind), Some("1"));
        assert_eq!(
            matcher(kind, Some("1")).matches_destination("TRANSFER", &wallet, Sense::Is),
            False,
            "by address alone"
        );
        assert_eq!(matcher(kind, None).matches_destination("TRANSFER", &wallet, Sense::Is), True);
    }
    for operation in ["RAW", "TYPED_MESSAGE"] {
        let vault = account(Some("VAULT"), Some("1"));
        assert_eq!(
            matcher("VAULT", Some("1")).matches_destination(operation, &vault, Sense::Is),
            False,
            "{operation}"
        );
    }
}

/// A wallet's id does not apply, so that ruling one out is false; without the type it must not become true.
#[test]
fn without_a_type_nobody_can_tell_whether_an_id_applies() {
    let wallet = matcher("UNMANAGED", Some("w-9"));
    let is = |kind, sense| wallet.matches_destination("TRANSFER", &account(kind, Some("w-1")), sense);
    assert_eq!((is(Some("UNMANAGED"), Sense::Is), is(Some("UNMANAGED"), Sense::IsNot)), (False, True));
    assert_eq!(is(None, Sense::Is), False, "whether or not it applies");
    assert!(unknown(&is(None, Sense::IsNot)));
}

#[test]
fn a_missing_signer_is_unknown_where_it_is_asked_for() {
    let asked = Conditions { signers: one_of(["alice".to_owned()].into()), ..Conditions::default() };
    let by = |signer: Option<&str>| {
        let signer = signer.map(str::to_owned);
        asked.of_transaction(&Intent { signer, ..transfer(vec![]) })
    };
    assert_eq!(by(Some("alice")), True);
    assert_eq!(by(Some("Alice")), False);
    assert!(unknown(&by(None)));
    assert_eq!(Conditions::default().of_transaction(&Intent { signer: None, ..transfer(vec![]) }), True);
}

#[test]
fn every_condition_over_the_transaction_must_hold() {
    let holds = |when: Conditions| when.of_transaction(&transfer(vec![]));
    let set = |text: &str| Some(BTreeSet::from([text.to_owned()]));
    let any = Conditions::default;
    assert_eq!(holds(any()), True);
    let vault = |id| one_of(Accounts::from(vec![matcher("VAULT", Some(id))]));
    for (yes, no) in [
        (
            Conditions { assets: set("ETH").map(Arc::new), ..any() },
            Conditions { assets: set("eth").map(Arc::new), ..any() },
        ),
        (
            Conditions { operations: Some(Choice::OneOf(BTreeSet::from(["TRANSFER".to_owned()]))), ..any() },
            Conditions { operations: Some(Choice::OneOf(BTreeSet::from(["RAW".to_owned()]))), ..any() },
        ),
        (Conditions { sources: vault("0"), ..any() }, Conditions { sources: vault("1"), ..any() }),
        (
            Conditions { stages: Some([Stage::Approval].into()), ..any() },
            Conditions { stages: Some([Stage::Signing].into()), ..any() },
        ),
    ] {
        assert_eq!(holds(yes), True);
        assert_eq!(holds(no), False);
    }
}

#[test]
fn bounds_take_the_maximum_and_leave_what_must_be_passed() {
    let ten = Amount::from_u64(10);
    let nine = Amount::from_u64(9);
    let within = |max, over| {
        let amount = Range { max, over };
        Conditions { amount, ..Conditions::default() }.of_transaction(&transfer(vec![]))
    };
    assert_eq!(within(Some(ten), None), True);
    assert_eq!(within(Some(nine), None), False);
    assert_eq!(within(None, Some(nine)), True);
    assert_eq!(within(None, Some(ten)), False);
    assert_eq!(within(Some(ten), Some(nine)), True);
    assert_eq!(within(Some(ten), Some(ten)), False);
}

#[test]
fn amounts_that_say_nothing_are_inside_no_bounds() {
    let usd = Range { max: Some(Usd::from_micros(Amount::MAX)), over: None };
    let amount = Range { max: Some(Amount::MAX), over: None };
    for operation in ["CONTRACT_CALL", "RAW", "APPROVE", "UNHEARD_OF"] {
        let intent = Intent { operation: operation.into(), ..transfer(vec![to(None, None, None)]) };
        assert_eq!(
            Conditions { amount, ..Conditions::default() }.of_transaction(&intent),
            False,
            "{operation}"
        );
        assert_eq!(Conditions { usd, ..Conditions::default() }.of_usd(&intent, None), False, "{operation}");
    }
}

#[test]
fn a_value_is_known_only_with_every_part_of_it() {
    let usd = Range { max: Some(Usd::from_micros(Amount::from_u64(5))), over: None };
    let worth = |values: &[Option<u64>]| {
        let micros = |micros: &u64| Usd::from_micros(Amount::from_u64(*micros));
        let each = values
            .iter()
            .map(|value| Destination { usd: value.as_ref().map(micros), ..to(None, None, None) });
        Conditions { usd, ..Conditions::default() }.of_usd(&transfer(each.collect()), None)
    };
    assert_eq!(worth(&[Some(2), Some(3)]), True);
    assert_eq!(worth(&[Some(3), Some(3)]), False);
    assert!(unknown(&worth(&[Some(1), None])));
    assert!(unknown(&worth(&[])), "nothing is worth an unknown amount");
}

#[test]
fn all_destinations_for_allowing_and_any_for_denying() {
    let when = Conditions { destinations: one_of(vec![listed(&["A"])]), ..Conditions::default() };
    let wallet = |address| to(Some("UNMANAGED"), None, address);
    let both = |one, other| {
        let intent = transfer(vec![wallet(one), wallet(other)]);
        (
            when.of_every_destination(&intent, Reading::Narrow, NOW),
            when.of_any_destination(&intent, Reading::Wide, NOW),
        )
    };
    assert_eq!(both(Some("A"), Some("A")), (True, True));
    assert_eq!(both(Some("A"), Some("B")), (False, True));
    assert_eq!(both(Some("B"), Some("B")), (False, False));
    let (every, any) = both(Some("A"), None);
    assert!(unknown(&every) && any == True);
    let (every, any) = both(Some("B"), None);
    assert!(every == False && unknown(&any));
}

#[test]
fn no_destination_is_unknown_where_somebody_is_paid_and_none_where_nobody_is() {
    let when = Conditions { destinations: one_of(vec![listed(&["A"])]), ..Conditions::default() };
    let of = |operation: &str| Intent { operation: operation.into(), ..transfer(vec![]) };
    for reading in [Reading::Narrow, Reading::Wide] {
        assert!(unknown(&when.of_every_destination(&of("CONTRACT_CALL"), reading, NOW)));
        assert!(unknown(&when.of_any_destination(&of("CONTRACT_CALL"), reading, NOW)));
        assert_eq!(when.of_every_destination(&of("RAW"), reading, NOW), False);
        assert_eq!(Conditions::default().of_every_destination(&of("RAW"), reading, NOW), True);
        let raw = Intent { destinations: vec![to(None, None, Some("A"))], ..of("RAW") };
        assert_eq!(when.of_any_destination(&raw, reading, NOW), False, "a message pays nobody");
    }
}

#[test]
fn a_missing_address_is_unknown_where_it_applies() {
    let list = listed(&["A"]).list.unwrap();
    let asking = Asking { sense: Sense::Is, reading: Reading::Wide };
    let is = |stage, kind| {
        let intent = Intent { stage, ..transfer(vec![]) };
        is_listed(&list, &intent, &to(kind, Some("1"), None), asking)
    };
    assert_eq!(is(Stage::Approval, Some("VAULT")), False);
    assert!(unknown(&is(Stage::Signing, Some("VAULT"))));
    assert!(unknown(&is(Stage::Approval, Some("UNMANAGED"))));
    assert!(unknown(&is(Stage::Approval, None)));
}

#[test]
fn an_empty_choice_is_nobody() {
    let none = Conditions {
        destinations: one_of(vec![]),
        sources: one_of(Accounts::default()),
        ..Conditions::default()
    };
    let intent = transfer(vec![to(Some("VAULT"), Some("1"), None)]);
    assert_eq!(none.of_source(&intent.source), False);
    assert_eq!(none.of_every_destination(&intent, Reading::Narrow, NOW), False);
    assert_eq!(none.of_any_destination(&intent, Reading::Wide, NOW), False);
}
