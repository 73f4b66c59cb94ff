//! The protocol vectors against the real services: what their README says must come of each.

use proto::decider::v1::ReasonCode;
use serde_json::{Value, json};
use system_tests::cosigner::jws::Verifier;
use system_tests::cosigner::{self, Action, Cosigner, Endpoint};
use system_tests::harness::scripted_decider::{ScriptedDecider, approval};
use system_tests::harness::{Options, System};
use system_tests::requests::{Destination, Transfer, fresh_id};
use system_tests::vectors;

use crate::on_record::{LedgerFile, Outcome, decisions_counted, outcome, total};

const ENDPOINTS: [Endpoint; 2] = [Endpoint::Transaction, Endpoint::ConfigChange];
/// The id in the synthetic requests.
const SYNTHETIC_TRANSACTION: &str = "48f6871c-0467-4b56-8c44-426f3d6487f5";
const SYNTHETIC_CHANGE: &str = "0b6a4b0e-6f0c-4c8e-9a55-6f5b7d0f1a11";
/// What the README lists as refused: six forgeries, five replies, the blanked official token.
const REFUSED_FILES: usize = 12;

/// An edge that knows the vectors' Co-signer beside that of the demo, and replies with the vectors' key.
fn with_the_vectors_keys(options: Options) -> Options {
    Options { edit_edge: use_the_vectors_keys, ..options }
}

fn use_the_vectors_keys(yaml: String) -> String {
    let at = |name| vectors::path(name).display().to_string();
    let cosigner = format!("[../cosigner/public.pem, {}]", at("synthetic_cosigner_public.pem"));
    let reply = at("synthetic_callback_rsa_private.pem");
    let edited = yaml
        .replace("[../cosigner/public.pem]", &cosigner)
        .replace("reply_private_key: reply_private.pem", &format!("reply_private_key: {reply}"));
    assert!(edited.contains(&cosigner) && edited.contains(&reply), "{edited}");
    edited
}

/// The demo's Co-signer, believing the vectors' reply key.
fn cosigner(system: &System) -> Cosigner {
    let reply_key = vectors::path("synthetic_callback_rsa_public.pem");
    Cosigner::new(&cosigner::Config { reply_key, ..system.cosigner_config() }).unwrap()
}

/// Every vector that is refused, and what is to be tried of them besides.
fn refused() -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(vectors::path("")).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| is_refused(name))
        .collect();
    names.sort();
    assert_eq!(names.len(), REFUSED_FILES, "{names:?}");
    let mut tokens: Vec<_> =
        names.into_iter().map(|name| (name.clone(), vectors::read(&name).unwrap())).collect();
    let mut undotted = vectors::read("synthetic_negative_alg_none.jwt").unwrap();
    assert_eq!(undotted.pop(), Some(b'.'));
    tokens.push(("alg none without its last dot".to_owned(), undotted));
    tokens.push(("a payload without a token".to_owned(), vectors::ETHEREUM_REQUEST.to_vec()));
    tokens.push(("nothing".to_owned(), Vec::new()));
    tokens
}

fn is_refused(name: &str) -> bool {
    let start = ["synthetic_negative_", "synthetic_response_", "eth_tx_sign_request_raw_obfuscated_sig"];
    name.ends_with(".jwt") && start.iter().any(|start| name.starts_with(start))
}

fn synthetic(name: &str) -> String {
    String::from_utf8(vectors::read(name).unwrap()).unwrap()
}

/// Posts everything that is refused to both endpoints. How many requests that were.
async fn post_what_is_refused(cosigner: &Cosigner) -> u64 {
    let reply_key = std::fs::read(vectors::path("synthetic_callback_rsa_public.pem")).unwrap();
    let reply_key = Verifier::from_pem(&reply_key).unwrap();
    let mut posted = 0;
    for (name, token) in refused() {
        for endpoint in ENDPOINTS {
            let response = cosigner.post(endpoint, token.clone()).await.unwrap();
            assert_eq!(response.status, 401, "{name} at {endpoint:?}: {}", response.excerpt());
            let body = String::from_utf8(response.body.to_vec()).unwrap();
            assert!(reply_key.verify(&body).is_err() && !body.contains("eyJ"), "{name}: a reply: {body}");
            assert!(!body.contains("requestId") && !body.contains("APPROVE"), "{name}: {body}");
            posted += 1;
        }
    }
    posted
}

#[tokio::test]
async fn what_is_refused_never_reaches_a_decider() {
    let options = Options { decider: false, edge: false, ..Options::default() };
    let mut system = System::with(with_the_vectors_keys(options)).await;
    let decider = ScriptedDecider::start(system.local(), |request| Ok(approval(&request))).await;
    system.start_edge().await;
    let cosigner = cosigner(&system);
    let posted = post_what_is_refused(&cosigner).await;
    assert_eq!(decider.calls(), 0);
    let (_, metrics) = system.edge().admin("/metrics").await.unwrap();
    assert_eq!(total(&metrics, "countersign_edge_verify_failures_total"), posted);

    let genuine = synthetic("synthetic_request_tx_sign.jwt");
    let answer = cosigner.send_token(Endpoint::Transaction, &genuine).await.unwrap();
    assert_eq!(answer.reply.action, Action::Approve);
    assert_eq!(decider.calls(), 1, "the genuine one does reach it");
}

#[tokio::test]
async fn what_is_refused_leaves_no_trace_in_the_ledger() {
    let mut system = System::with(with_the_vectors_keys(Options::default())).await;
    let cosigner = cosigner(&system);
    post_what_is_refused(&cosigner).await;
    assert_eq!(decisions_counted(&mut system).await, 0);
    let ledger = LedgerFile::open(system.local());
    assert_eq!((ledger.decision_count(), ledger.charges()), (0, vec![]));
    assert!(system.record(SYNTHETIC_TRANSACTION).await.is_none());

    let genuine = synthetic("synthetic_request_tx_sign.jwt");
    cosigner.send_token(Endpoint::Transaction, &genuine).await.unwrap();
    assert_eq!(decisions_counted(&mut system).await, 1);
    assert_eq!((ledger.decision_count(), ledger.charged()), (1, 10_u128.pow(16)));
}

#[tokio::test]
async fn the_synthetic_requests_get_signed_replies() {
    let system = System::with(with_the_vectors_keys(Options::default())).await;
    let cosigner = cosigner(&system);
    let sign = synthetic("synthetic_request_tx_sign.jwt");
    for _ in 0..2 {
        let reply = cosigner.send_token(Endpoint::Transaction, &sign).await.unwrap().reply;
        assert_eq!((reply.request_id.as_str(), reply.action), (SYNTHETIC_TRANSACTION, Action::Approve));
    }
    let change = synthetic("synthetic_request_config_change.jwt");
    let reply = cosigner.send_token(Endpoint::ConfigChange, &change).await.unwrap().reply;
    assert_eq!((reply.request_id.as_str(), reply.action), (SYNTHETIC_CHANGE, Action::Ignore));
    assert_eq!(LedgerFile::open(system.local()).charges().len(), 1);
}

#[tokio::test]
async fn a_request_at_the_wrong_path_approves_nothing() {
    let system = System::with(with_the_vectors_keys(Options::default())).await;
    let cosigner = cosigner(&system);
    let (sign, change) =
        (synthetic("synthetic_request_tx_sign.jwt"), synthetic("synthetic_request_config_change.jwt"));
    let reply = cosigner.send_token(Endpoint::Transaction, &change).await.unwrap().reply;
    assert_eq!((reply.request_id.as_str(), reply.action), (SYNTHETIC_CHANGE, Action::Reject));
    let reply = cosigner.send_token(Endpoint::ConfigChange, &sign).await.unwrap().reply;
    assert_eq!((reply.request_id.as_str(), reply.action), (SYNTHETIC_TRANSACTION, Action::Ignore));
    assert_eq!(LedgerFile::open(system.local()).charges(), vec![]);

    let reply = cosigner.send_token(Endpoint::Transaction, &sign).await.unwrap().reply;
    assert_eq!(reply.action, Action::Approve, "what came by the wrong path does not stand in the way");
}

#[tokio::test]
async fn the_official_examples_are_approved_and_stand() {
    let system = System::start().await;
    let cosigner = system.cosigner();
    for example in [vectors::ETHEREUM_REQUEST, vectors::BITCOIN_REQUEST] {
        assert_eq!(outcome(&system, &cosigner, example).await, Outcome::APPROVED);
        let mut altered = parsed(example);
        altered["amountStr"] = json!("0.000001");
        let altered = outcome(&system, &cosigner, altered.to_string().as_bytes()).await;
        assert_eq!(altered, Outcome::rejected(ReasonCode::ContentChanged));
        assert_eq!(cosigner.send(example).await.unwrap().reply.action, Action::Approve);
    }
    let charged: Vec<_> =
        LedgerFile::open(system.local()).charges().into_iter().map(|line| line.amount).collect();
    assert_eq!(charged, [10_u128.pow(16), 87_600]);
}

#[tokio::test]
async fn changed_copies_of_the_official_examples_are_rejected_with_their_reason() {
    let system = System::start().await;
    let cosigner = system.cosigner();
    let mut wrong = Vec::new();
    for (example, copies) in
        [(vectors::ETHEREUM_REQUEST, ETHEREUM_COPIES), (vectors::BITCOIN_REQUEST, BITCOIN_COPIES)]
    {
        for (what, change, reason) in copies {
            let mut copy = parsed(example);
            let id = json!(fresh_id());
            (copy["txId"], copy["requestId"]) = (id.clone(), id);
            change(&mut copy);
            let found = outcome(&system, &cosigner, copy.to_string().as_bytes()).await;
            if found != Outcome::rejected(*reason) {
                wrong.push(format!("{what}: {found:?} instead of {reason:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(LedgerFile::open(system.local()).charges(), vec![], "a refusal consumes nothing");
}

fn parsed(payload: &[u8]) -> Value {
    serde_json::from_slice(payload).unwrap()
}

type Copy = (&'static str, fn(&mut Value), ReasonCode);

const OTHER_ADDRESS: &str = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045";
const OTHER_BITCOIN_ADDRESS: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

const ETHEREUM_COPIES: &[Copy] = &[
    ("another account", |copy| set_account(copy, "2"), ReasonCode::NoAllowRule),
    ("another account, declared alone", |copy| copy["destId"] = json!("2"), ReasonCode::FieldsDisagree),
    ("totals that no destination has", |copy| set_totals(copy, "0.02"), ReasonCode::FieldsDisagree),
    ("above the maximum for one", |copy| set_amounts(copy, "2.5"), ReasonCode::DenyRule),
    ("above the hour's limit", |copy| set_amounts(copy, "1.5"), ReasonCode::LimitExceeded),
    ("an exponent", |copy| set_amounts(copy, "1e-2"), ReasonCode::FieldInvalid),
    ("an asset nobody knows", |copy| copy["asset"] = json!("ETH_TEST5"), ReasonCode::AssetUnknown),
    (
        "one digit of rawTx",
        |copy| change_digit(&mut copy["rawTx"][0]["rawTx"]),
        ReasonCode::RawTransactionMismatch,
    ),
    (
        "one digit of the payload",
        |copy| change_digit(&mut copy["rawTx"][0]["payload"]),
        ReasonCode::RawTransactionMismatch,
    ),
    ("a payload alone", |copy| drop(take(&mut copy["rawTx"][0], "rawTx")), ReasonCode::FieldInvalid),
    (
        "a checksum that fails",
        |copy| show(copy, "0x5DC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"),
        ReasonCode::FieldInvalid,
    ),
    ("another address shown", |copy| show(copy, OTHER_ADDRESS), ReasonCode::FieldsDisagree),
    ("no destinations", |copy| copy["destinations"] = json!([]), ReasonCode::NoDestination),
    ("no destinations at all", |copy| drop(take(copy, "destinations")), ReasonCode::NoDestination),
    ("no txId", |copy| drop(take(copy, "txId")), ReasonCode::FieldMissing),
    ("no amount", |copy| copy["amountStr"] = Value::Null, ReasonCode::FieldMissing),
    (
        "no source, which a limit counts by",
        |copy| drop(take(copy, "sourceId")),
        ReasonCode::LimitIndeterminate,
    ),
    (
        "an operation no rule names",
        |copy| copy["operation"] = json!("CONTRACT_CALL"),
        ReasonCode::NoAllowRule,
    ),
    ("an operation nobody knows", |copy| copy["operation"] = json!("transfer"), ReasonCode::NoAllowRule),
];

const BITCOIN_COPIES: &[Copy] = &[
    ("another address", pay_a_stranger, ReasonCode::NoAllowRule),
    (
        "another address, declared alone",
        |copy| copy["destAddress"] = json!(OTHER_BITCOIN_ADDRESS),
        ReasonCode::FieldsDisagree,
    ),
    ("above the rule's maximum", |copy| set_amounts(copy, "0.02"), ReasonCode::NoAllowRule),
    (
        "one digit of the second input",
        |copy| change_digit(&mut copy["rawTx"][1]["rawTx"]),
        ReasonCode::RawTransactionMismatch,
    ),
    (
        "the first input's payload twice",
        |copy| copy["rawTx"][1]["payload"] = copy["rawTx"][0]["payload"].clone(),
        ReasonCode::RawTransactionMismatch,
    ),
    ("nine decimals", |copy| set_amounts(copy, "0.000876001"), ReasonCode::FieldInvalid),
    ("another vault", |copy| copy["sourceId"] = json!("1"), ReasonCode::NoAllowRule),
];

fn take(object: &mut Value, name: &str) -> Option<Value> {
    object.as_object_mut().unwrap().remove(name)
}

fn set_account(copy: &mut Value, id: &str) {
    copy["destId"] = json!(id);
    copy["destinations"][0]["dstId"] = json!(id);
}

fn set_totals(copy: &mut Value, amount: &str) {
    copy["amountStr"] = json!(amount);
    copy["requestedAmountStr"] = json!(amount);
}

fn set_amounts(copy: &mut Value, amount: &str) {
    set_totals(copy, amount);
    copy["destinations"][0]["amountNativeStr"] = json!(amount);
}

fn show(copy: &mut Value, address: &str) {
    copy["destinations"][0]["displayDstAddress"] = json!(address);
}

fn pay_a_stranger(copy: &mut Value) {
    copy["destAddress"] = json!(OTHER_BITCOIN_ADDRESS);
    copy["destinations"][0]["dstAddress"] = json!(OTHER_BITCOIN_ADDRESS);
    show(copy, OTHER_BITCOIN_ADDRESS);
}

fn change_digit(text: &mut Value) {
    let mut digits = text.as_str().unwrap().to_owned();
    let last = digits.pop().unwrap();
    digits.push(if last == '0' { '1' } else { '0' });
    *text = json!(digits);
}

/// The edge's several keys are all in use: the demo's Co-signer is still believed.
#[tokio::test]
async fn every_key_of_a_path_is_believed() {
    let system = System::with(with_the_vectors_keys(Options::default())).await;
    let treasury = Destination::vault("1", "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8", "0.1");
    let payload = Transfer::new("ETH", treasury).payload();
    assert_eq!(cosigner(&system).send(&payload).await.unwrap().reply.action, Action::Approve);
}
