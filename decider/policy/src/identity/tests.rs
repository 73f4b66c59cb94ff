use super::*;
use crate::request::{DeclaredDestination, DestinationText, RawTransactionText};

/// A request in which every field has a value of its own.
fn full() -> Request {
    let text = |text: &str| Some(text.to_owned());
    let account = |name: &str| AccountText {
        kind: Some(format!("{name} type")),
        id: Some(format!("{name} id")),
        subtype: Some(format!("{name} subtype")),
    };
    let destination = |name: &str| DestinationText {
        account: account(name),
        amount: Some(format!("{name} amount")),
        amount_usd: Some(format!("{name} usd")),
        address: Some(format!("{name} address")),
        display_address: Some(format!("{name} shown")),
        tag: Some(format!("{name} tag")),
        address_type: Some(format!("{name} address type")),
    };
    Request {
        tenant: "tenant".into(),
        caller_proof: Some(CallerProof::CosignerSignature),
        callback_request_id: "request".into(),
        signer: text("signer"),
        stage: Stage::Signing,
        tx_id: text("tx"),
        external_tx_id: text("external"),
        operation: text("operation"),
        source: account("source"),
        declared: DeclaredDestination {
            account: account("declared"),
            address: text("declared address"),
            address_type: text("declared address type"),
        },
        asset: text("asset"),
        amount: text("amount"),
        requested_amount: text("requested"),
        fee: text("fee"),
        destinations: vec![destination("first"), destination("second")],
        raw_transactions: vec![RawTransactionText { raw: text("raw"), payload: text("payload") }],
        note: text("note"),
        extra_parameters: text("extra"),
    }
}

type Slot = fn(&mut Request) -> &mut Option<String>;

/// Every text that is content.
const CONTENT: [(&str, Slot); 31] = [
    ("txId", |r| &mut r.tx_id),
    ("externalTxId", |r| &mut r.external_tx_id),
    ("operation", |r| &mut r.operation),
    ("sourceType", |r| &mut r.source.kind),
    ("sourceId", |r| &mut r.source.id),
    ("source subtype", |r| &mut r.source.subtype),
    ("destType", |r| &mut r.declared.account.kind),
    ("destId", |r| &mut r.declared.account.id),
    ("dest subtype", |r| &mut r.declared.account.subtype),
    ("destAddress", |r| &mut r.declared.address),
    ("destAddressType", |r| &mut r.declared.address_type),
    ("asset", |r| &mut r.asset),
    ("amountStr", |r| &mut r.amount),
    ("requestedAmountStr", |r| &mut r.requested_amount),
    ("fee", |r| &mut r.fee),
    ("note", |r| &mut r.note),
    ("extraParameters", |r| &mut r.extra_parameters),
    ("dstType", |r| &mut r.destinations[1].account.kind),
    ("dstId", |r| &mut r.destinations[1].account.id),
    ("dstSubType", |r| &mut r.destinations[1].account.subtype),
    ("amountNativeStr", |r| &mut r.destinations[1].amount),
    ("dstAddress", |r| &mut r.destinations[1].address),
    ("displayDstAddress", |r| &mut r.destinations[1].display_address),
    ("tag", |r| &mut r.destinations[1].tag),
    ("dstAddressType", |r| &mut r.destinations[1].address_type),
    ("[0].dstType", |r| &mut r.destinations[0].account.kind),
    ("[0].dstId", |r| &mut r.destinations[0].account.id),
    ("[0].amountNativeStr", |r| &mut r.destinations[0].amount),
    ("[0].dstAddress", |r| &mut r.destinations[0].address),
    ("rawTx", |r| &mut r.raw_transactions[0].raw),
    ("payload", |r| &mut r.raw_transactions[0].payload),
];

fn changed(change: impl Fn(&mut Request)) -> Request {
    let mut request = full();
    change(&mut request);
    request
}

#[test]
fn every_field_that_may_be_read_is_content() {
    for (name, slot) in CONTENT {
        for with in [None, Some(""), Some("other"), Some("  ")] {
            let other = changed(|request| *slot(request) = with.map(str::to_owned));
            assert_ne!(content_of_transaction(&other), content_of_transaction(&full()), "{name} {with:?}");
            assert_eq!(
                of_transaction(&other),
                of_transaction(&full()),
                "{name} is not what names the answer"
            );
        }
        let missing = changed(|request| *slot(request) = None);
        let empty = changed(|request| *slot(request) = Some(String::new()));
        assert_ne!(content_of_transaction(&missing), content_of_transaction(&empty), "{name}");
    }
}

/// Another Co-signer may write what it was given in another order.
#[test]
fn how_extra_parameters_are_spelled_is_no_content() {
    let content = |extra: &str| {
        content_of_transaction(&changed(|request| request.extra_parameters = Some(extra.into())))
    };
    assert_eq!(content(r#"{"memo":"a","nonce":1}"#), content(r#"{ "nonce": 1, "m\u0065mo": "a" }"#));
    assert_ne!(content(r#"{"memo":"a","nonce":1}"#), content(r#"{"memo":"a","nonce":1.0}"#));
}

#[test]
fn the_number_and_order_of_entries_is_content() {
    type Change = fn(&mut Request);
    let changes: [Change; 5] = [
        |r| r.destinations.reverse(),
        |r| r.destinations.truncate(1),
        |r| r.destinations.push(DestinationText::default()),
        |r| r.raw_transactions.clear(),
        |r| r.raw_transactions.push(RawTransactionText::default()),
    ];
    for change in changes {
        assert_ne!(content_of_transaction(&changed(change)), content_of_transaction(&full()));
    }
}

/// An approval for a Co-signer is none for whoever is in an allowed network.
#[test]
fn what_was_proven_of_the_caller_is_content() {
    let proofs = [None, Some(CallerProof::CosignerSignature), Some(CallerProof::Unproven)];
    let of_change = |proof| content_of_config_change(&Some("TYPE".into()), b"details", proof);
    for (one, other) in [(0, 1), (0, 2), (1, 2)].map(|(one, other)| (proofs[one], proofs[other])) {
        let content = |proof| content_of_transaction(&changed(|request| request.caller_proof = proof));
        assert_ne!(content(one), content(other), "{one:?} {other:?}");
        assert_ne!(of_change(one), of_change(other), "{one:?} {other:?}");
        assert_eq!(of_transaction(&changed(|request| request.caller_proof = one)), of_transaction(&full()));
    }
}

#[test]
fn text_does_not_move_from_one_field_into_the_next() {
    let split = |one: &str, other: &str| {
        let other = changed(|request| {
            request.amount = Some(one.into());
            request.requested_amount = Some(other.into());
        });
        content_of_transaction(&other)
    };
    assert_ne!(split("ab", "c"), split("a", "bc"));
    assert_ne!(split("", "abc"), split("abc", ""));
    assert_ne!(of_config_change("t", "ab", "c"), of_config_change("t", "a", "bc"));
    assert_ne!(of_config_change("t", "p", "c"), of_config_change("u", "p", "c"));
}

#[test]
fn what_may_drift_between_repeats_is_no_content() {
    for with in [None, Some("0"), Some("999")] {
        let drifted = changed(|request| {
            request.destinations.iter_mut().for_each(|each| each.amount_usd = with.map(str::to_owned));
        });
        assert_eq!(content_of_transaction(&drifted), content_of_transaction(&full()));
    }
}

#[test]
fn an_answer_is_named_by_tenant_request_signer_and_stage() {
    type Change = fn(&mut Request);
    let changes: [(&str, Change); 5] = [
        ("tenant", |r| r.tenant = "other".into()),
        ("requestId", |r| r.callback_request_id = "other".into()),
        ("signerId", |r| r.signer = Some("other".into())),
        ("no signerId", |r| r.signer = None),
        ("stage", |r| r.stage = Stage::Approval),
    ];
    for (name, change) in changes {
        assert_ne!(of_transaction(&changed(change)), of_transaction(&full()), "{name}");
        assert_eq!(content_of_transaction(&changed(change)), content_of_transaction(&full()), "{name}");
    }
    let missing = of_transaction(&changed(|r| r.signer = None));
    assert_eq!(of_transaction(&changed(|r| r.signer = Some(String::new()))), missing, "empty is missing");
    assert_ne!(of_transaction(&full()), of_config_change("tenant", "request", "signer"));
}

/// What is on record is found by these: a change of the encoding would answer old requests anew. Give it another
/// name and a way to find the old ones first.
#[test]
fn the_encoding_is_frozen() {
    let hex = |digest: Digest| hex::encode(digest.0);
    let proven = Some(CallerProof::CosignerSignature);
    insta::assert_snapshot!(hex(of_transaction(&full())), @"768e1b0d5ab0e8ca679eed78ff1984c11f74c1f00c89d14efaf2b310f0388c4c");
    insta::assert_snapshot!(hex(content_of_transaction(&full())), @"c3b9e7b91530a15443c2295e85e3fbb36181e2b7888f96c13a9af7b90558e2eb");
    insta::assert_snapshot!(hex(of_config_change("tenant", "/path", "request")), @"414738beb036471ba7f53f12374fe7793b5855a71113a1fd6726a022e21dcf1f");
    insta::assert_snapshot!(hex(content_of_config_change(&Some("TYPE".into()), b"details", proven)), @"4fcf10b57a1f6b172f87a41d498344c36391049e6735986275f64994f8d9d34f");
}
