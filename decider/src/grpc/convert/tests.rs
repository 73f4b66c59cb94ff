use proptest::prelude::*;

use super::*;
use crate::grpc::bounds::{
    MAX_AMOUNT_BYTES, MAX_DESTINATIONS, MAX_LABEL_BYTES, MAX_NOTE_BYTES, MAX_PLAYERS, MAX_RAW_TRANSACTIONS,
    MAX_UNREAD_BYTES,
};

/// A text field with its bound and how to set it.
type Field = (&'static str, usize, fn(&mut wire::DecideRequest, String));

/// Every bounded text field of a transaction.
const FIELDS: [Field; 32] = [
    ("callback_request_id", MAX_ID_BYTES, |request, text| request.callback_request_id = text),
    ("signer_id", MAX_ID_BYTES, |request, text| request.signer_id = Some(text)),
    ("tx_id", MAX_ID_BYTES, |request, text| request.tx_id = Some(text)),
    ("external_tx_id", MAX_LABEL_BYTES, |request, text| request.external_tx_id = Some(text)),
    ("operation", MAX_WORD_BYTES, |request, text| request.operation = Some(text)),
    ("source.type", MAX_WORD_BYTES, |request, text| source(request).r#type = Some(text)),
    ("source.id", MAX_ID_BYTES, |request, text| source(request).id = Some(text)),
    ("source.subtype", MAX_WORD_BYTES, |request, text| source(request).subtype = Some(text)),
    ("declared_destination.peer.type", MAX_WORD_BYTES, |request, text| {
        beside_peer(request).r#type = Some(text)
    }),
    ("declared_destination.peer.id", MAX_ID_BYTES, |request, text| beside_peer(request).id = Some(text)),
    ("declared_destination.peer.subtype", MAX_WORD_BYTES, |request, text| {
        beside_peer(request).subtype = Some(text);
    }),
    ("declared_destination.address", MAX_ID_BYTES, |request, text| beside(request).address = Some(text)),
    ("declared_destination.address_type", MAX_WORD_BYTES, |request, text| {
        beside(request).address_type = Some(text);
    }),
    ("asset_id", MAX_WORD_BYTES, |request, text| request.asset_id = Some(text)),
    ("amount", MAX_AMOUNT_BYTES, |request, text| request.amount = Some(text)),
    ("requested_amount", MAX_AMOUNT_BYTES, |request, text| request.requested_amount = Some(text)),
    ("fee", MAX_AMOUNT_BYTES, |request, text| request.fee = Some(text)),
    ("destinations[1].peer.type", MAX_WORD_BYTES, |request, text| {
        listed(request).peer.get_or_insert_default().r#type = Some(text);
    }),
    ("destinations[1].amount", MAX_AMOUNT_BYTES, |request, text| listed(request).amount = Some(text)),
    ("destinations[1].amount_usd", MAX_AMOUNT_BYTES, |request, text| listed(request).amount_usd = Some(text)),
    ("destinations[1].address", MAX_ID_BYTES, |request, text| listed(request).address = Some(text)),
    ("destinations[1].display_address", MAX_ID_BYTES, |request, text| {
        listed(request).display_address = Some(text);
    }),
    ("destinations[1].tag", MAX_ID_BYTES, |request, text| listed(request).tag = Some(text)),
    ("destinations[1].address_type", MAX_WORD_BYTES, |request, text| {
        listed(request).address_type = Some(text)
    }),
    ("destinations[1].name", MAX_LABEL_BYTES, |request, text| listed(request).name = Some(text)),
    ("raw_transactions[0].key_derivation_path", MAX_ID_BYTES, |request, text| {
        raw(request).key_derivation_path = Some(text);
    }),
    ("raw_transactions[0].raw", MAX_DATA_BYTES, |request, text| raw(request).raw = Some(text)),
    ("raw_transactions[0].payload", MAX_DATA_BYTES, |request, text| raw(request).payload = Some(text)),
    ("players[0]", MAX_WORD_BYTES, |request, text| request.players = vec![text]),
    ("note", MAX_NOTE_BYTES, |request, text| request.note = Some(text)),
    ("extra_parameters_json", MAX_DATA_BYTES, |request, text| request.extra_parameters_json = Some(text)),
    ("unread_fields_json", MAX_UNREAD_BYTES, |request, text| request.unread_fields_json = Some(text)),
];

fn source(request: &mut wire::DecideRequest) -> &mut wire::Peer {
    request.source.get_or_insert_default()
}

fn beside(request: &mut wire::DecideRequest) -> &mut wire::DeclaredDestination {
    request.declared_destination.get_or_insert_default()
}

fn beside_peer(request: &mut wire::DecideRequest) -> &mut wire::Peer {
    beside(request).peer.get_or_insert_default()
}

fn listed(request: &mut wire::DecideRequest) -> &mut wire::Destination {
    request.destinations.resize(2, wire::Destination::default());
    &mut request.destinations[1]
}

fn raw(request: &mut wire::DecideRequest) -> &mut wire::RawTransaction {
    request.raw_transactions.resize(1, wire::RawTransaction::default());
    &mut request.raw_transactions[0]
}

fn plain() -> wire::DecideRequest {
    wire::DecideRequest { tenant: "default".into(), callback_request_id: "r-1".into(), ..Default::default() }
}

fn breaches(request: wire::DecideRequest) -> Vec<String> {
    let fields = |violations: Violations| violations.into_list().into_iter().map(|each| each.field).collect();
    transaction(request).err().map(fields).unwrap_or_default()
}

#[test]
fn every_bound_is_the_last_that_passes() {
    for (field, max_bytes, set) in FIELDS {
        let mut request = plain();
        set(&mut request, "x".repeat(max_bytes));
        assert_eq!(breaches(request.clone()), Vec::<String>::new(), "{field}");
        set(&mut request, "x".repeat(max_bytes + 1));
        assert_eq!(breaches(request), [field]);
    }
}

#[test]
fn lists_are_bounded() {
    let many =
        |count| wire::DecideRequest { destinations: vec![wire::Destination::default(); count], ..plain() };
    assert_eq!(breaches(many(MAX_DESTINATIONS)), Vec::<String>::new());
    assert_eq!(breaches(many(MAX_DESTINATIONS + 1)), ["destinations"]);
    let raw = vec![wire::RawTransaction::default(); MAX_RAW_TRANSACTIONS + 1];
    assert_eq!(breaches(wire::DecideRequest { raw_transactions: raw, ..plain() }), ["raw_transactions"]);
    let players = vec![String::new(); MAX_PLAYERS + 1];
    assert_eq!(breaches(wire::DecideRequest { players, ..plain() }), ["players"]);
}

#[test]
fn tenant_and_request_id_are_required_and_the_tenant_is_plain() {
    assert_eq!(breaches(wire::DecideRequest::default()), ["tenant", "callback_request_id"]);
    for tenant in ["Acme", "a b", "a/b", "é", "a.b", "a\0"] {
        assert_eq!(
            breaches(wire::DecideRequest { tenant: tenant.into(), ..plain() }),
            ["tenant"],
            "{tenant}"
        );
    }
    let longest = "a-_9".repeat(16);
    assert_eq!(breaches(wire::DecideRequest { tenant: longest.clone(), ..plain() }), Vec::<String>::new());
    assert_eq!(breaches(wire::DecideRequest { tenant: longest + "a", ..plain() }), ["tenant"]);
}

proptest! {
    /// Whatever is wrong at once is reported at once.
    #[test]
    fn every_breach_is_reported(broken in proptest::collection::btree_set(0..FIELDS.len(), 0..5)) {
        let mut request = plain();
        for index in &broken {
            let (_, max_bytes, set) = FIELDS[*index];
            set(&mut request, "x".repeat(max_bytes + 1));
        }
        let mut reported = breaches(request);
        reported.sort_unstable();
        let mut wanted: Vec<&str> = broken.iter().map(|index| FIELDS[*index].0).collect();
        wanted.sort_unstable();
        prop_assert_eq!(reported, wanted);
    }

    /// A value within the bounds is content, however bad: it arrives as it was written.
    #[test]
    fn bad_values_are_content(amount in ".{0,32}", address in ".{0,64}") {
        let mut request = plain();
        request.amount = Some(amount.clone());
        listed(&mut request).address = Some(address.clone());
        let Ok(read) = transaction(request) else { return Err(TestCaseError::fail("refused")) };
        prop_assert_eq!(read.amount, Some(amount));
        prop_assert_eq!(&read.destinations[1].address, &Some(address));
    }
}

#[test]
fn every_field_has_its_place() {
    let mut request = plain();
    for (field, _, set) in FIELDS {
        set(&mut request, format!("<{field}>"));
    }
    let read = transaction(request).unwrap_or_else(|violations| panic!("{violations:?}"));
    let text = |field: &str| Some(format!("<{field}>"));
    assert_eq!(read.callback_request_id, "<callback_request_id>");
    assert_eq!((read.signer, read.tx_id), (text("signer_id"), text("tx_id")));
    assert_eq!((read.external_tx_id, read.operation), (text("external_tx_id"), text("operation")));
    assert_eq!((read.asset, read.fee), (text("asset_id"), text("fee")));
    assert_eq!((read.amount, read.requested_amount), (text("amount"), text("requested_amount")));
    assert_eq!((read.note, read.extra_parameters), (text("note"), text("extra_parameters_json")));
    let account = |place: &str| AccountText {
        kind: text(&format!("{place}.type")),
        id: text(&format!("{place}.id")),
        subtype: text(&format!("{place}.subtype")),
    };
    assert_eq!(read.source, account("source"));
    assert_eq!(read.declared.account, account("declared_destination.peer"));
    assert_eq!(read.declared.address, text("declared_destination.address"));
    assert_eq!(read.declared.address_type, text("declared_destination.address_type"));
    let listed = &read.destinations[1];
    let field = |name: &str| text(&format!("destinations[1].{name}"));
    assert_eq!(listed.account.kind, field("peer.type"));
    assert_eq!((&listed.amount, &listed.amount_usd), (&field("amount"), &field("amount_usd")));
    assert_eq!((&listed.address, &listed.display_address), (&field("address"), &field("display_address")));
    assert_eq!((&listed.tag, &listed.address_type), (&field("tag"), &field("address_type")));
    assert_eq!(read.raw_transactions[0].raw, text("raw_transactions[0].raw"));
    assert_eq!(read.raw_transactions[0].payload, text("raw_transactions[0].payload"));
}

#[test]
fn evidence_of_signing_wins() {
    let evidence: [fn(&mut wire::DecideRequest); 4] = [
        |request| request.players = vec![String::new()],
        |request| request.fee = Some(String::new()),
        |request| listed(request).display_address = Some(String::new()),
        |request| request.raw_transactions = vec![wire::RawTransaction::default()],
    ];
    for said in [wire::Stage::Unspecified, wire::Stage::Approval, wire::Stage::Signing] {
        let request = wire::DecideRequest { stage: said.into(), ..plain() };
        let without = if said == wire::Stage::Signing { Stage::Signing } else { Stage::Approval };
        assert_eq!(transaction(request.clone()).map(|read| read.stage).ok(), Some(without), "{said:?}");
        for add in evidence {
            let mut request = request.clone();
            add(&mut request);
            assert_eq!(transaction(request).map(|read| read.stage).ok(), Some(Stage::Signing), "{said:?}");
        }
    }
    assert_eq!(breaches(wire::DecideRequest { stage: 7, ..plain() }), ["stage"]);
}

#[test]
fn what_was_proven_of_the_caller_is_a_word_of_the_contract() {
    for (number, proof) in
        [(0, None), (1, Some(CallerProof::CosignerSignature)), (2, Some(CallerProof::Unproven))]
    {
        let request = wire::DecideRequest { caller_proof: number, ..plain() };
        assert_eq!(transaction(request).map(|read| read.caller_proof).ok(), Some(proof));
    }
    // It would be recorded as what it is not.
    assert_eq!(breaches(wire::DecideRequest { caller_proof: 3, ..plain() }), ["caller_proof"]);
}

#[test]
fn configuration_changes_are_bounded() {
    let plain = wire::DecideConfigChangeRequest {
        tenant: "default".into(),
        callback_request_id: "c-1".into(),
        extra_info_digest: vec![7; DIGEST_BYTES],
        ..Default::default()
    };
    let read = config_change(plain.clone()).unwrap_or_else(|violations| panic!("{violations:?}"));
    assert_eq!(read.details, vec![7; DIGEST_BYTES]);
    let broken = wire::DecideConfigChangeRequest {
        tenant: String::new(),
        path: "x".repeat(MAX_ID_BYTES + 1),
        callback_request_id: String::new(),
        r#type: Some("x".repeat(MAX_WORD_BYTES + 1)),
        extra_info_json: Some("x".repeat(MAX_DATA_BYTES + 1)),
        extra_info_digest: vec![7; DIGEST_BYTES - 1],
        caller_proof: 3,
        unread_fields_json: Some("x".repeat(MAX_UNREAD_BYTES + 1)),
    };
    let fields: Vec<String> =
        config_change(broken).unwrap_err().into_list().into_iter().map(|each| each.field).collect();
    let wanted = [
        "tenant",
        "path",
        "callback_request_id",
        "type",
        "extra_info_json",
        "unread_fields_json",
        "caller_proof",
        "extra_info_digest",
    ];
    assert_eq!(fields, wanted);
    let none = wire::DecideConfigChangeRequest { extra_info_digest: Vec::new(), ..plain };
    assert!(config_change(none).is_ok());
}

#[test]
fn a_record_is_named_by_one_of_two_ids() {
    let request = |decision_id: &str, callback_request_id: &str| wire::GetDecisionRequest {
        tenant: "default".into(),
        decision_id: decision_id.into(),
        callback_request_id: callback_request_id.into(),
    };
    let read = |request| lookup(request).map(|(_, lookup)| lookup).ok();
    assert_eq!(read(request("d-1", "r-1")), Some(Lookup::Id("d-1".into())));
    assert_eq!(read(request("", "r-1")), Some(Lookup::RequestId("r-1".into())));
    assert_eq!(read(request("", "")), None);
}
