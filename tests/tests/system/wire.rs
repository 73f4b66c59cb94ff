//! Every documented field of a callback arrives in the decider as it was written, and is kept there: random
//! callbacks go through the real edge, and the decider's record is held against what was sent.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use proto::decider::v1 as wire;
use proto::decider::v1::decision_record::Request as Recorded;
use serde_json::{Map, Value, json};
use system_tests::harness::{Options, System};
use system_tests::local::Store;
use system_tests::requests::fresh_id;
use system_tests::services::decisions::TENANT;
use tokio::runtime::Runtime;

/// Callbacks that are sent.
const CASES: u32 = 48;

/// A member of an object: absent, null, or text.
type Member = Option<Option<String>>;

/// The members of the top level that are texts, in the order of [`Callback::texts`].
const TEXTS: [&str; 15] = [
    "signerId",
    "txId",
    "externalTxId",
    "operation",
    "sourceType",
    "sourceId",
    "destType",
    "destId",
    "destAddress",
    "destAddressType",
    "asset",
    "amountStr",
    "requestedAmountStr",
    "fee",
    "note",
];
/// Those of a destination.
const DESTINATION_TEXTS: [&str; 8] = [
    "dstType",
    "dstId",
    "dstSubType",
    "amountNativeStr",
    "dstAddress",
    "displayDstAddress",
    "dstAddressType",
    "dstName",
];
/// Those of a raw transaction.
const RAW_TEXTS: [&str; 3] = ["keyDerivationPath", "rawTx", "payload"];

/// Numbers as they are written, and as they arrive: byte for byte, but for exponents, which are written out.
const NUMBERS: [(&str, &str); 7] = [
    ("0", "0"),
    ("18.74292937", "18.74292937"),
    ("25.6427168300", "25.6427168300"),
    ("1e3", "1000"),
    ("5E-7", "0.0000005"),
    ("-0.5", "-0.5"),
    ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
];
/// JSON texts that must arrive byte for byte: writing them anew would change them.
const OBJECTS: [&str; 3] =
    ["{}", r#"{"contractCallData":"0xa9059cbb"}"#, r#"{"b": [1, 2.50, {"a":null}], "a" :1e2}"#];

#[derive(Debug, Clone)]
struct Destination {
    texts: Vec<Member>,
    usd: Option<(&'static str, &'static str)>,
}

#[derive(Debug, Clone)]
struct Callback {
    /// Follows an id that no other callback has: the id is any text, and is echoed as it came.
    request_id_end: String,
    texts: Vec<Member>,
    destinations: Vec<Destination>,
    raw_transactions: Vec<Vec<Member>>,
    players: Option<Vec<String>>,
    extra_parameters: Option<&'static str>,
    unread: Member,
}

/// At most 16 characters, and so at most 64 bytes: the least that any field may have.
fn member() -> impl Strategy<Value = Member> {
    prop_oneof![1 => Just(None), 1 => Just(Some(None)), 6 => "\\PC{0,16}".prop_map(|text| Some(Some(text)))]
}

fn members(count: usize) -> impl Strategy<Value = Vec<Member>> {
    proptest::collection::vec(member(), count)
}

fn destination() -> impl Strategy<Value = Destination> {
    let usd = proptest::option::of(proptest::sample::select(&NUMBERS[..]));
    (members(DESTINATION_TEXTS.len()), usd).prop_map(|(texts, usd)| Destination { texts, usd })
}

fn callback() -> impl Strategy<Value = Callback> {
    let parts = (
        "\\PC{0,32}",
        members(TEXTS.len()),
        proptest::collection::vec(destination(), 0..4),
        proptest::collection::vec(members(RAW_TEXTS.len()), 0..3),
        proptest::option::of(proptest::collection::vec("\\PC{0,16}", 0..4)),
        proptest::option::of(proptest::sample::select(&OBJECTS[..])),
        member(),
    );
    parts.prop_map(
        |(request_id_end, texts, destinations, raw_transactions, players, extra_parameters, unread)| {
            Callback {
                request_id_end,
                texts,
                destinations,
                raw_transactions,
                players,
                extra_parameters,
                unread,
            }
        },
    )
}

/// JSON text in which some members are written as they are given.
#[derive(Default)]
struct Json {
    verbatim: Vec<(String, &'static str)>,
}

impl Json {
    fn of(callback: &Callback, request_id: &str) -> String {
        let mut json = Self::default();
        let mut object = members_of(&TEXTS, &callback.texts);
        object.insert("requestId".to_owned(), json!(request_id));
        let destinations: Vec<Value> =
            callback.destinations.iter().map(|each| json.destination(each)).collect();
        object.insert("destinations".to_owned(), destinations.into());
        if !callback.raw_transactions.is_empty() {
            let raw =
                callback.raw_transactions.iter().map(|texts| Value::Object(members_of(&RAW_TEXTS, texts)));
            object.insert("rawTx".to_owned(), raw.collect());
        }
        if let Some(players) = &callback.players {
            object.insert("players".to_owned(), json!(players));
        }
        if let Some(extra) = callback.extra_parameters {
            object.insert("extraParameters".to_owned(), json.verbatim(extra));
        }
        object.extend(members_of(&["amlInfo"], std::slice::from_ref(&callback.unread)));
        json.written(&Value::Object(object))
    }

    fn destination(&mut self, destination: &Destination) -> Value {
        let mut object = members_of(&DESTINATION_TEXTS, &destination.texts);
        if let Some((usd, _)) = destination.usd {
            object.insert("amountUSD".to_owned(), self.verbatim(usd));
        }
        Value::Object(object)
    }

    fn verbatim(&mut self, text: &'static str) -> Value {
        let mark = format!("<verbatim {}>", fresh_id());
        self.verbatim.push((format!("\"{mark}\""), text));
        Value::String(mark)
    }

    fn written(&self, object: &Value) -> String {
        self.verbatim.iter().fold(object.to_string(), |json, (mark, text)| json.replace(mark, text))
    }
}

fn members_of(names: &[&str], members: &[Member]) -> Map<String, Value> {
    let given = names.iter().zip(members).filter_map(|(name, member)| Some((name, member.as_ref()?)));
    given.map(|(name, member)| ((*name).to_owned(), json!(member))).collect()
}

/// What the decider must have got: texts as they are, null as missing, and an account where anything of it is there.
fn expected(callback: &Callback, request_id: &str) -> wire::DecideRequest {
    let text = |name: &str| text_of(&TEXTS, &callback.texts, name);
    let declared = wire::DeclaredDestination {
        peer: peer(text("destType"), text("destId"), None),
        address: text("destAddress"),
        address_type: text("destAddressType"),
    };
    wire::DecideRequest {
        tenant: TENANT.to_owned(),
        callback_request_id: request_id.to_owned(),
        signer_id: text("signerId"),
        stage: stage(callback).into(),
        tx_id: text("txId"),
        external_tx_id: text("externalTxId"),
        operation: text("operation"),
        source: peer(text("sourceType"), text("sourceId"), None),
        declared_destination: (declared != wire::DeclaredDestination::default()).then_some(declared),
        asset_id: text("asset"),
        amount: text("amountStr"),
        requested_amount: text("requestedAmountStr"),
        fee: text("fee"),
        destinations: callback.destinations.iter().map(expected_destination).collect(),
        raw_transactions: callback.raw_transactions.iter().map(|texts| expected_raw(texts)).collect(),
        players: callback.players.clone().unwrap_or_default(),
        note: text("note"),
        extra_parameters_json: callback.extra_parameters.map(str::to_owned),
        unread_fields_json: callback.unread.as_ref().map(|unread| json!({"amlInfo": unread}).to_string()),
        caller_proof: wire::CallerProof::CosignerSignature.into(),
    }
}

fn text_of(names: &[&str], members: &[Member], name: &str) -> Option<String> {
    let place = names.iter().position(|each| *each == name).unwrap();
    members[place].clone().flatten()
}

fn peer(kind: Option<String>, id: Option<String>, subtype: Option<String>) -> Option<wire::Peer> {
    let peer = wire::Peer { r#type: kind, id, subtype };
    (peer != wire::Peer::default()).then_some(peer)
}

fn expected_destination(destination: &Destination) -> wire::Destination {
    let text = |name: &str| text_of(&DESTINATION_TEXTS, &destination.texts, name);
    wire::Destination {
        peer: peer(text("dstType"), text("dstId"), text("dstSubType")),
        amount: text("amountNativeStr"),
        amount_usd: destination.usd.map(|(_, usd)| usd.to_owned()),
        address: text("dstAddress"),
        display_address: text("displayDstAddress"),
        tag: None,
        address_type: text("dstAddressType"),
        name: text("dstName"),
    }
}

fn expected_raw(texts: &[Member]) -> wire::RawTransaction {
    let text = |name: &str| text_of(&RAW_TEXTS, texts, name);
    wire::RawTransaction {
        key_derivation_path: text("keyDerivationPath"),
        raw: text("rawTx"),
        payload: text("payload"),
    }
}

/// Any sign of signing, an empty list included, makes it that (decision model, the table of words).
fn stage(callback: &Callback) -> wire::Stage {
    let shows = |each: &Destination| text_of(&DESTINATION_TEXTS, &each.texts, "displayDstAddress").is_some();
    let signing = text_of(&TEXTS, &callback.texts, "fee").is_some()
        || callback.players.is_some()
        || !callback.raw_transactions.is_empty()
        || callback.destinations.iter().any(shows);
    if signing { wire::Stage::Signing } else { wire::Stage::Approval }
}

async fn recorded(system: &System, payload: &str, request_id: &str) -> wire::DecideRequest {
    system.send(payload.as_bytes()).await;
    let record = system.record(request_id).await.unwrap_or_else(|| panic!("not on record: {payload}"));
    match record.request.unwrap() {
        Recorded::Transaction(request) => request,
        Recorded::ConfigChange(change) => panic!("a configuration change: {change:?}"),
    }
}

#[test]
fn every_field_of_a_callback_is_on_the_deciders_record_as_it_was_written() {
    let runtime = Runtime::new().unwrap();
    let system = runtime.block_on(System::with(Options { store: Store::Memory, ..Options::default() }));
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let run = runner.run(&callback(), |callback| {
        let request_id = fresh_id() + &callback.request_id_end;
        let payload = Json::of(&callback, &request_id);
        let found = runtime.block_on(recorded(&system, &payload, &request_id));
        prop_assert_eq!(found, expected(&callback, &request_id), "{}", payload);
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
}
