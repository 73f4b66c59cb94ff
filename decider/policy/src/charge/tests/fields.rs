//! A further request of a charged transaction, field by field.

use super::*;

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
    let net = unpriced.joined_by(priced(9, "6", Stage::Signing), "tx", at(2)).unwrap();
    assert_eq!(net.intent.usd(), Usd::parse_exact("6").ok(), "the fee has its share in the value");
    let less = Intent { amount: Amount::from_u64(9), ..priced(9, "6", Stage::Signing) };
    let less = unpriced.joined_by(less, "tx", at(2)).unwrap();
    assert_eq!(less.intent.usd(), None, "the value of 9 is not that of 10");
}

#[test]
fn of_several_destinations_a_value_is_filled_in_where_the_amount_is_the_same() {
    let priced = |amount: u64, dollars: &str, to_id: &str| Destination {
        usd: Usd::parse_exact(dollars).ok(),
        ..to("VAULT", to_id, "A", "-", amount)
    };
    let total = Amount::from_u64(10);
    let of = |stage, each| Intent { amount: total, requested_amount: Some(total), ..intent(stage, each) };
    let before = of(Stage::Approval, vec![priced(5, "", "1"), priced(5, "", "2")]);
    let now = of(Stage::Signing, vec![priced(5, "3", "1"), priced(4, "2", "2")]);
    let joined = charge(before).joined_by(now, "tx", at(2)).unwrap().intent.destinations;
    assert_eq!(joined.iter().map(|each| each.usd).collect::<Vec<_>>(), [Usd::parse_exact("3").ok(), None]);
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
    let filled = now.iter().rev().cloned().collect();
    assert_eq!(join(before, now), Ok(filled));
}
