//! What logs and metrics must never hold: keys, tokens, payloads, addresses; and no line that somebody else has
//! written into them.

use std::path::Path;

use proto::decider::v1::DecideRequest;
use serde_json::{Value, json};
use system_tests::cosigner::{Action, Cosigner, Endpoint};
use system_tests::harness::{Options, System};
use system_tests::local::Local;
use system_tests::requests::{Destination, Transfer, fresh_id};
use system_tests::services::decisions::within_deadline;
use system_tests::vectors;

pub const TREASURY: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";
/// The same with a wrong checksum: what cannot be used is spoken of, and must not be repeated.
const WRONG_CHECKSUM: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5F8";
const BITCOIN: &str = "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC";

/// Each is in a request below. Compared without regard to case.
const PLANTED: [&str; 11] = [
    "5dc69b1fbb13bafd09af88a782f0f285772ad5f8",
    "1dpivpqjklxbrwm4gpxxsnpks29ou1nydc",
    "api-key-8d1f",
    "addresses-77aa",
    "note-41cc",
    "tag-52dd",
    "client-key-63ee",
    "typed-data-99ab",
    "\"amountstr\"",
    "\"destaddress\"",
    "\"requestid\"",
];
/// The beginning of every compact JWS: `{"` in base64url.
const TOKEN: &str = "eyJ";

#[tokio::test]
async fn nothing_secret_is_in_logs_or_metrics() {
    let environment = vec![("RUST_LOG".to_owned(), "trace".to_owned())];
    let mut system = System::with(Options { environment, ..Options::default() }).await;
    requests_of_all_kinds(&system).await;
    let metrics =
        [system.edge().admin("/metrics").await.unwrap(), system.decider().admin("/metrics").await.unwrap()];
    // The decider goes away: errors are logged, too.
    system.decider().kill().unwrap();
    let cosigner = system.cosigner();
    assert_eq!(cosigner.send(&transfer().payload()).await.unwrap().reply.action, Action::Retry);
    system.start_decider().await;
    system.stop().await;

    let logs = [system.local().log("edge"), system.local().log("decider")];
    let logs = logs.map(|path| std::fs::read(path).unwrap());
    let secrets = secrets(system.local());
    for (what, text) in [("the edge's log", &logs[0]), ("the decider's log", &logs[1])] {
        let text = std::str::from_utf8(text).unwrap_or_else(|_| panic!("{what} is not UTF-8"));
        holds_none(what, text, &secrets);
        is_json_lines(what, text);
    }
    for (what, (status, text)) in ["the edge's metrics", "the decider's metrics"].iter().zip(&metrics) {
        assert_eq!(*status, 200);
        holds_none(what, text, &secrets);
        assert!(!text.contains("request-"), "{what} hold ids of requests, which never end");
    }
}

/// Every line of every private key's body, and what the requests carry.
pub fn secrets(local: &Local) -> Vec<String> {
    let keys = [local.cosigner_private_key(), local.reply_private_key()];
    let identities =
        ["edge", "decider", "edge-client", "service"].map(|identity| local.private_key(identity));
    let mut secrets: Vec<_> = keys.iter().chain(&identities).flat_map(|path| body(path)).collect();
    assert!(secrets.len() > 40, "keys of this length have more lines");
    secrets.extend(PLANTED.map(str::to_owned));
    secrets.push("PRIVATE KEY".to_owned());
    secrets
}

fn body(pem: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(pem).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("-----") && line.len() > 20);
    lines.map(str::to_owned).collect()
}

pub fn holds_none(what: &str, text: &str, secrets: &[String]) {
    let lower = text.to_lowercase();
    for secret in secrets {
        if let Some(at) = lower.find(&secret.to_lowercase()) {
            let line = text.lines().find(|line| line.to_lowercase().contains(&secret.to_lowercase()));
            panic!("{what}: {secret:?} at byte {at}, in\n{}", line.unwrap_or_default());
        }
    }
    let token = text.lines().find(|line| line.contains(TOKEN));
    assert!(token.is_none(), "{what}: a token in\n{}", token.unwrap_or_default());
}

/// A line break or an escape in somebody's text stays inside its JSON string.
pub fn is_json_lines(what: &str, text: &str) {
    for line in text.lines() {
        let parsed: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{what}: {error} in\n{line}"));
        assert!(parsed.is_object(), "{what}: {line}");
        assert!(parsed["level"] != "FORGED", "{what}: {line}");
        assert!(!line.chars().any(char::is_control), "{what}: a control character in\n{line:?}");
    }
    assert!(text.lines().count() > 20, "{what} says too little to prove anything:\n{text}");
}

async fn requests_of_all_kinds(system: &System) {
    let cosigner = system.cosigner();
    assert_eq!(cosigner.send(&transfer().payload()).await.unwrap().reply.action, Action::Approve);
    cosigner.send(vectors::ETHEREUM_REQUEST).await.unwrap();
    cosigner.send(vectors::BITCOIN_REQUEST).await.unwrap();
    for fields in spoilt() {
        let answer = cosigner.send(fields.to_string().as_bytes()).await;
        answer.unwrap_or_else(|error| panic!("{error}: {fields}"));
    }
    for change in changes() {
        assert_eq!(cosigner.send(change.to_string().as_bytes()).await.unwrap().reply.action, Action::Ignore);
    }
    malformed(&cosigner).await;
    not_authentic(&cosigner).await;
    breach(system).await;
}

fn transfer() -> Transfer {
    let mut transfer = Transfer::new("ETH", Destination::vault("1", TREASURY, "0.01")).signed_by("signer-1");
    transfer.request_id = format!("request-{}", fresh_id());
    transfer
}

/// A request with something in each place that people or contracts write into.
fn talkative() -> Value {
    let mut fields = transfer().fields();
    fields["note"] = "note-41cc".into();
    fields["destinations"][0]["dstTag"] = "tag-52dd".into();
    fields["extraParameters"] = json!({
        "contractCallData": "typed-data-99ab",
        "rawMessageData": {"messages": [{"content": "typed-data-99ab", "note": "client-key-63ee"}]},
    });
    fields
}

/// Requests of which most are refused, each for another reason, with control characters and addresses where a log
/// line may repeat them.
fn spoilt() -> Vec<Value> {
    const FORGED: &str = "x\n{\"level\":\"FORGED\"}\r\n\u{1b}[2J\u{7f}\u{0}";
    let changed = |name: &str, value: Value| {
        let mut fields = talkative();
        fields[name] = value;
        fields
    };
    let mut address = talkative();
    address["destinations"][0]["displayDstAddress"] = WRONG_CHECKSUM.into();
    address["destAddress"] = WRONG_CHECKSUM.into();
    let mut disagreeing = talkative();
    disagreeing["destAddress"] = "0x000000000000000000000000000000000000dEaD".into();
    let mut one_time = Transfer::new("BTC", Destination::one_time(BITCOIN, "0.5")).fields();
    one_time["note"] = "note-41cc".into();
    vec![
        changed("asset", FORGED.into()),
        changed("asset", TREASURY.into()),
        changed("operation", FORGED.into()),
        changed("sourceType", FORGED.into()),
        changed("sourceId", TREASURY.into()),
        changed("signerId", format!("{FORGED}{TREASURY}").into()),
        changed("txId", FORGED.into()),
        changed("amountStr", TREASURY.into()),
        changed("amountStr", FORGED.into()),
        changed("destId", FORGED.into()),
        changed("requestId", format!("request-{FORGED}").into()),
        changed("rawTx", json!([{"keyDerivationPath": "[ 44 ]", "rawTx": TREASURY, "payload": "zz"}])),
        address,
        disagreeing,
        one_time,
    ]
}

fn changes() -> Vec<Value> {
    let change = |kind: &str, extra: Value| json!({"type": kind, "requestId": format!("request-{}", fresh_id()), "extraInfo": extra});
    vec![
        change("EXCHANGE", json!({"apiKey": "api-key-8d1f", "addresses": "{\"BTC\":\"addresses-77aa\"}"})),
        change(
            "UNMANAGED_WALLET",
            json!({"walletName": "note-41cc", "address": TREASURY, "tag": "tag-52dd"}),
        ),
        change("x\n{\"level\":\"FORGED\"}\u{1b}[2J", json!({"address": BITCOIN})),
        json!({"type": "EXCHANGE", "requestId": "request-1", "extraInfo": "api-key-8d1f"}),
    ]
}

/// Proven, and not to be decoded.
async fn malformed(cosigner: &Cosigner) {
    for payload in [
        r#"{"requestId":"request-2","note":"note-41cc","note":"note-41cc"}"#.to_owned(),
        format!(r#"{{"requestId":"request-3","destinations":"{TREASURY}"}}"#),
        format!(r#"{{"requestId":"request-4","destAddress":["{TREASURY}"],"api-key-8d1f":1}}"#),
        format!(r#"{{"requestId":7,"note":"{TREASURY}"}}"#),
        format!("{TREASURY} is not JSON"),
        r#"{"requestId":"request-5","note":"note-41cc""#.to_owned(),
    ] {
        let token = cosigner.sign(payload.as_bytes()).unwrap();
        let status = cosigner.post(Endpoint::Transaction, token).await.unwrap().status.as_u16();
        assert!([200, 400].contains(&status), "{status}: {payload}");
    }
}

async fn not_authentic(cosigner: &Cosigner) {
    for vector in ["synthetic_negative_zero_signature.jwt", "synthetic_request_tx_sign.jwt"] {
        let refused = cosigner.post(Endpoint::Transaction, vectors::read(vector).unwrap()).await.unwrap();
        assert_eq!(refused.status, 401);
    }
    let header = cosigner.sign(&transfer().payload()).unwrap();
    let token = format!("e30{}", header.trim_start_matches(|c| c != '.'));
    assert_eq!(cosigner.post(Endpoint::Transaction, token).await.unwrap().status, 401);
}

/// A caller of the decider that breaks the contract with somebody's text.
async fn breach(system: &System) {
    let request = DecideRequest {
        tenant: format!("{TREASURY}\n\u{1b}[2J"),
        callback_request_id: "request-6".into(),
        note: Some("note-41cc".into()),
        ..DecideRequest::default()
    };
    let refused = system.decisions().decide(within_deadline(request)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{refused}");
}
