use proptest::prelude::*;

use super::*;
use crate::{bounds::MAX_REQUEST_ID_BYTES, request_id::RequestId, stage::Stage};

const MOST: Bounds = Bounds::LARGEST;

const ETH: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/eth_tx_sign_request.json"));
const BTC: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/btc_legacy_tx_sign_request.json"));

fn decode(json: &str) -> Transaction {
    decode_transaction(json.as_bytes(), &Bounds::default())
        .unwrap_or_else(|error| panic!("{error} in {json}"))
}

fn refusal(json: &str) -> DecodeError {
    decode_transaction(json.as_bytes(), &Bounds::default()).expect_err(json)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn reads_every_field_of_the_ethereum_example() {
    let transaction = decode(ETH);
    let unread = transaction.unread_fields_json.clone().expect("action and the deprecated amounts");
    let expected = Transaction {
        request_id: RequestId::try_from("9c794cee-7e27-46c9-9e9a-ed68295ff06b".to_owned()).expect("id"),
        stage: Stage::Signing,
        signer_id: None,
        tx_id: some("9c794cee-7e27-46c9-9e9a-ed68295ff06b"),
        external_tx_id: None,
        operation: some("TRANSFER"),
        source: Peer { kind: some("VAULT"), id: some("0"), subtype: None },
        declared_destination: DeclaredDestination {
            peer: Peer { kind: some("VAULT"), id: some("1"), subtype: None },
            address: some("0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"),
            address_type: some("WHITELISTED"),
        },
        asset_id: some("ETH"),
        amount: some("0.010000000000000000"),
        requested_amount: some("0.01"),
        fee: some("0.000597803762241000"),
        destinations: vec![Destination {
            peer: Peer { kind: some("VAULT"), id: some("1"), subtype: some("") },
            amount: some("0.01"),
            amount_usd: some("18.74292937"),
            address: None,
            display_address: some("0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"),
            address_type: some("WHITELISTED"),
            name: some("Network Deposits"),
        }],
        raw_transactions: vec![RawTransaction {
            key_derivation_path: some("[ 44, 60, 0, 0, 0 ]"),
            raw: some(concat!(
                "02ef0104843b9aca008506a0c1987d825208945dc69b1fbb13bafd09af88a782f0f285772ad5f8",
                "872386f26fc1000080c0"
            )),
            payload: some("77b4e74099ce90c08503c0e0bb6e672dbe1c5e3e127ce333bf22eb581cd3f6ce"),
        }],
        players: vec![
            "21926ecc-4a8a-4614-bbac-7c591aa7efdd".to_owned(),
            "27900737-46f6-4097-a169-d0ff45649ed5".to_owned(),
            "f89cac50-c656-4e74-879f-041aff8d01b5".to_owned(),
        ],
        note: None,
        extra_parameters_json: None,
        unread_fields_json: Some(unread.clone()),
    };
    assert_eq!(transaction, expected);
    let unread: serde_json::Value = serde_json::from_str(&unread).expect("one JSON object");
    let names = |value: &serde_json::Value| value.as_object().map(|object| object.keys().cloned().collect());
    assert_eq!(
        names(&unread),
        Some(vec!["amount".to_owned(), "destinations".into(), "requestedAmount".into()])
    );
    let kept: Option<Vec<String>> = names(&unread["destinations"][0]);
    assert_eq!(
        kept,
        Some(vec!["action".into(), "actionInfo".into(), "amountNative".into(), "dstWalletId".into()])
    );
}

#[test]
fn reads_one_raw_transaction_per_input() {
    let transaction = decode(BTC);
    let payloads: Vec<_> = transaction.raw_transactions.into_iter().filter_map(|raw| raw.payload).collect();
    assert_eq!(
        payloads,
        [
            "74bac76ffa277c14ba33ff1be302ed07e0a1e5dceebdc5f161df8d9d688b613c",
            "ea70ff4dd53c7e99948ee3a27e070fe4efea2e3d9dd793eadea86cb04c8103be"
        ]
    );
    assert_eq!(transaction.destinations[0].address, transaction.destinations[0].display_address);
}

#[test]
fn reads_what_the_examples_lack() {
    let transaction = decode(
        r#"{"requestId":"r-1","signerId":"s","externalTxId":"e","note":"n\n","extraParameters":{"contractCallData":"0x00", "n":1.50},
            "destinations":[{"dstSubType":"EXTERNAL"},{"dstAddress":"a","amountUSD":0.01000000}]}"#,
    );
    assert_eq!(transaction.signer_id, some("s"));
    assert_eq!(transaction.external_tx_id, some("e"));
    assert_eq!(transaction.note, some("n\n"));
    assert_eq!(transaction.extra_parameters_json, some(r#"{"contractCallData":"0x00", "n":1.50}"#));
    assert_eq!(transaction.destinations[0].peer.subtype, some("EXTERNAL"));
    assert_eq!(transaction.destinations[1].address, some("a"));
    // The digits as they came: a float would have lost the zeros.
    assert_eq!(transaction.destinations[1].amount_usd, some("0.01000000"));
    assert_eq!(transaction.unread_fields_json, None);
}

#[test]
fn writes_small_dollars_out() {
    let transaction = decode(r#"{"requestId":"r","destinations":[{"amountUSD":5e-7},{"amountUSD":1e200}]}"#);
    let dollars: Vec<_> = transaction.destinations.into_iter().map(|one| one.amount_usd).collect();
    assert_eq!(dollars, [some("0.0000005"), some("1e200")]);
}

#[test]
fn concludes_the_stage_from_evidence() {
    let cases = [
        (r#""fee":"0.1""#, Stage::Signing),
        (r#""fee":"""#, Stage::Signing),
        (r#""fee":null"#, Stage::Approval),
        (r#""rawTx":[]"#, Stage::Signing),
        (r#""rawTx":null"#, Stage::Approval),
        (r#""players":[]"#, Stage::Signing),
        (r#""players":null"#, Stage::Approval),
        (r#""destinations":[{},{"displayDstAddress":""}]"#, Stage::Signing),
        (r#""destinations":[{"displayDstAddress":null}]"#, Stage::Approval),
        (r#""displayDstAddress":"x""#, Stage::Signing),
        (r#""amountStr":"1""#, Stage::Approval),
    ];
    for (field, stage) in cases {
        assert_eq!(decode(&format!(r#"{{"requestId":"r",{field}}}"#)).stage, stage, "{field}");
    }
}

#[test]
fn an_address_that_the_top_level_shows_is_held_against_the_others() {
    let shown = |rest: &str| decode(&format!(r#"{{"requestId":"r","displayDstAddress":"A",{rest}}}"#));
    let addresses = |rest: &str| {
        let read = shown(rest);
        assert_eq!(read.unread_fields_json, None, "{rest}");
        let displays = read.destinations.into_iter().map(|each| each.display_address).collect::<Vec<_>>();
        (read.declared_destination.address, displays)
    };
    assert_eq!(addresses(r#""destinations":[{"dstAddress":"B"}]"#), (None, vec![some("A")]));
    assert_eq!(addresses(r#""destinations":[{"displayDstAddress":"A"}]"#), (None, vec![some("A")]));
    assert_eq!(addresses(r#""destinations":[{"displayDstAddress":"B"}]"#), (some("A"), vec![some("B")]));
    assert_eq!(addresses(r#""destinations":[{},{}]"#), (some("A"), vec![None, None]));
    assert_eq!(addresses(r#""destAddress":"A""#), (some("A"), vec![]));
    for rest in [
        r#""destAddress":"B""#,
        r#""destAddress":"B","destinations":[{},{}]"#,
        r#""destAddress":"B","destinations":[{"displayDstAddress":"C"}]"#,
    ] {
        let refused = refusal(&format!(r#"{{"requestId":"r","displayDstAddress":"A",{rest}}}"#));
        assert_eq!(
            refused.to_string(),
            "displayDstAddress: contradicts the address of the destination",
            "{rest}"
        );
    }
}

#[test]
fn null_is_missing() {
    let nulls = [
        "signerId",
        "txId",
        "externalTxId",
        "operation",
        "sourceType",
        "sourceId",
        "destType",
        "destId",
        "asset",
        "amountStr",
        "requestedAmountStr",
        "fee",
        "destAddressType",
        "destAddress",
        "destinations",
        "note",
        "players",
        "rawTx",
        "extraParameters",
    ];
    let members: String = nulls.iter().map(|name| format!(r#","{name}":null"#)).collect();
    assert_eq!(decode(&format!(r#"{{"requestId":"r"{members}}}"#)), decode(r#"{"requestId":"r"}"#));
}

#[test]
fn deprecated_amounts_never_become_a_value() {
    for value in ["1", "-0.1", "1e99", "\"7\"", "[]", "{}", "true"] {
        let transaction = decode(&format!(
            r#"{{"requestId":"r","amount":{value},"requestedAmount":{value},"destinations":[{{"amountNative":{value}}}]}}"#
        ));
        assert_eq!((transaction.amount, transaction.requested_amount), (None, None));
        assert_eq!(transaction.destinations, [Destination::default()]);
    }
}

#[test]
fn refuses_what_could_be_read_in_two_ways() {
    let cases = [
        // Wrong types in fields that are read.
        (r#""txId":1"#, "txId: must be text"),
        (r#""amountStr":0.5"#, "amountStr: must be text"),
        (r#""destAddress":["a"]"#, "destAddress: must be text"),
        (r#""signerId":false"#, "signerId: must be text"),
        (r#""fee":{}"#, "fee: must be text"),
        (r#""players":"p""#, "players: must be a list"),
        (r#""players":["p",1]"#, "players[1]: must be text"),
        (r#""players":[null]"#, "players[0]: must be text"),
        (r#""destinations":{}"#, "destinations: must be a list"),
        (r#""destinations":[{},null]"#, "destinations[1]: must be an object"),
        (r#""destinations":[{"amountUSD":"1"}]"#, "destinations[0].amountUSD: must be a number"),
        (r#""destinations":[{},{"dstAddress":5}]"#, "destinations[1].dstAddress: must be text"),
        (r#""rawTx":[{"keyDerivationPath":[44,60]}]"#, "rawTx[0].keyDerivationPath: must be text"),
        (r#""extraParameters":"{}""#, "extraParameters: must be an object"),
        // Duplicates, in unread fields as well.
        (r#""txId":"a","txId":"a""#, "txId: is given twice"),
        (r#""destinations":[{"dstId":"1","dstId":"1"}]"#, "destinations[0].dstId: is given twice"),
        (r#""amlInfo":{"x":[{"y":1,"y":1}]}"#, "amlInfo.x[0].y: is given twice"),
        (r#""destinations":[{"actionInfo":{"a":1,"a":1}}]"#, "destinations[0].actionInfo.a: is given twice"),
        (r#""extraParameters":{"a":1,"a":1}"#, "extraParameters.a: is given twice"),
        // What only some parsers take.
        (r#""note":"\ud800""#, "note: is not well-formed JSON"),
        (r#""x":NaN"#, "x: is not well-formed JSON"),
        (r#""x":1e999"#, "x: is a number that is too large to be read"),
    ];
    for (field, reason) in cases {
        let error = refusal(&format!(r#"{{"requestId":"r",{field}}}"#));
        assert_eq!(error.to_string(), reason, "{field}");
        // NaN and the like cannot be skipped over, so nothing after them can be trusted.
        assert_eq!(error.request_id.is_some(), !field.contains("NaN"), "{field}");
    }
}

/// As many as the contract takes, each with what real ones have beside what is read.
#[test]
fn reads_a_thousand_destinations_like_the_documented_one() {
    let mut json: serde_json::Value = serde_json::from_str(ETH).expect("the example is JSON");
    let destinations = json["destinations"].as_array_mut().expect("a list");
    *destinations = vec![destinations[0].clone(); MOST.max_destinations];
    assert_eq!(decode(&json.to_string()).destinations.len(), MOST.max_destinations);
}

/// A configuration change that came to the wrong path is refused and kept, and its secrets are not.
#[test]
fn keeps_no_secrets_among_what_is_not_read() {
    let kept =
        decode(r#"{"requestId":"r","type":"EXCHANGE","extraInfo":{"apiKey":"s","addresses":"{}","n":1}}"#);
    let json = kept.unread_fields_json.expect("it is not read");
    assert_eq!(json, r#"{"type":"EXCHANGE","extraInfo":{"apiKey":"","addresses":"","n":1}}"#);
}

#[test]
fn bounds_every_length() {
    let long = |bytes: usize| "x".repeat(bytes);
    let cases = [
        (r#""note":"@""#, MOST.max_note_bytes),
        (r#""txId":"@""#, MOST.max_id_bytes),
        (r#""operation":"@""#, MOST.max_word_bytes),
        (r#""amountStr":"@""#, MOST.max_number_bytes),
        (r#""destAddress":"@""#, MOST.max_address_bytes),
        (r#""externalTxId":"@""#, MOST.max_label_bytes),
        (r#""players":["@"]"#, MOST.max_player_bytes),
        (r#""rawTx":[{"rawTx":"@"}]"#, MOST.max_raw_transaction_bytes),
        (r#""extraParameters":{"k":"@"}"#, MOST.max_extra_bytes - r#"{"k":""}"#.len()),
        (r#""unknown":"@""#, MOST.max_unread_bytes - r#"{"unknown":""}"#.len()),
    ];
    for (field, most) in cases {
        let json = |bytes| format!(r#"{{"requestId":"r",{}}}"#, field.replace('@', &long(bytes)));
        decode(&json(most));
        let reason = refusal(&json(most + 1)).to_string();
        assert!(reason.contains("is longer than") || reason.contains("exceed"), "{reason}");
    }
    let list = |name: &str, item: &str, len: usize| {
        format!(r#"{{"requestId":"r","{name}":[{}]}}"#, vec![item; len].join(","))
    };
    for (name, item, most) in [
        ("destinations", "{}", MOST.max_destinations),
        ("rawTx", "{}", MOST.max_raw_transactions),
        ("players", "\"p\"", MOST.max_players),
    ] {
        decode(&list(name, item, most));
        assert_eq!(
            refusal(&list(name, item, most + 1)).to_string(),
            format!("{name}: has more than {most} entries")
        );
    }
}

#[test]
fn request_ids_are_any_text_and_nothing_else() {
    for id in ["r", "not-a-uuid_7", "48f6871c-…-☃", &"x".repeat(MAX_REQUEST_ID_BYTES)] {
        assert_eq!(decode(&format!(r#"{{"requestId":"{id}"}}"#)).request_id.as_str(), id);
    }
    let too_long = format!(r#"{{"requestId":"{}"}}"#, "x".repeat(MAX_REQUEST_ID_BYTES + 1));
    let unusable = [
        "",
        "null",
        "[]",
        "7",
        "{}",
        "{",
        r#"{"requestId":"r""#,
        r#"{"requestId":"r"}}"#,
        r#"{"requestId":""}"#,
        r#"{"requestId":null}"#,
        r#"{"requestId":7}"#,
        r#"{"requestId":"r","requestId":"s"}"#,
        r#"{"requestId":"r","\u0072equestId":"s"}"#,
        r#"{"requestId":"\ud800"}"#,
        &too_long,
    ];
    for json in unusable {
        assert_eq!(refusal(json).request_id, None, "{json}");
    }
}

proptest! {
    /// Whatever comes, decoding ends, and names no more than a short reason.
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0..ETH.len(), by in any::<u8>()) {
        let _ = decode_transaction(&bytes, &Bounds::default());
        let mut damaged = ETH.as_bytes().to_vec();
        damaged[at] = by;
        if let Err(error) = decode_transaction(&damaged, &Bounds::default()) {
            prop_assert!(error.to_string().len() < 512);
        }
    }

    /// A payload cut off anywhere is refused, and no requestId is concluded from what is left.
    #[test]
    fn refuses_every_truncation(at in 0..ETH.trim_end().len()) {
        let error = refusal(&ETH[..at]);
        prop_assert_eq!(error.request_id, None);
    }

    /// What another parser would read of an accepted payload is what we read.
    #[test]
    fn agrees_with_a_plain_parser(id in "\\PC{1,40}", amount in "\\PC{0,40}", usd in 0_u64..1_000_000_000) {
        let json = serde_json::json!({
            "requestId": id, "amountStr": amount, "destinations": [{"amountUSD": usd, "dstName": amount}],
        });
        let transaction = decode(&json.to_string());
        prop_assert_eq!(transaction.request_id.as_str(), &id);
        prop_assert_eq!(transaction.amount.as_deref(), Some(amount.as_str()));
        prop_assert_eq!(transaction.destinations[0].amount_usd.clone(), Some(usd.to_string()));
    }
}
