//! JSON mode through the whole system: real binaries, plain JSON, and a record that says that nobody was proven.

use std::process::Stdio;

use proto::decider::v1::CallerProof;
use proto::decider::v1::decision_record::{Answer, Request};
use system_tests::cosigner::{Action, Endpoint, Error, Trust};
use system_tests::harness::{Options, System};
use system_tests::requests::{Destination, Transfer, address_book_change};
use system_tests::vectors;

const TREASURY: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";

async fn start() -> System {
    System::with(Options { json: true, ..Options::default() }).await
}

fn transfer(amount: &str) -> Transfer {
    Transfer::new("ETH", Destination::vault("1", TREASURY, amount).usd("468.57"))
}

fn authority(system: &System) -> Trust {
    Trust::Authority(system.local().ca())
}

#[tokio::test]
async fn both_modes_are_decided_each_for_its_tenant_and_the_record_says_what_was_proven() {
    let system = start().await;
    let plain = system.plain_cosigner(authority(&system));
    // The demo's limit has no tenant in its key, so both count for it.
    let transfer = transfer("0.5");
    let payload = transfer.payload();
    for cosigner in [plain.send(&payload).await.unwrap(), system.send(&payload).await] {
        assert_eq!(cosigner.reply.action, Action::Approve, "{}", system.logs());
        assert_eq!(cosigner.reply.request_id, transfer.request_id);
    }
    let unproven = system.json_record(&transfer.request_id).await.unwrap();
    let proven = system.record(&transfer.request_id).await.unwrap();
    assert_eq!(unproven.caller_proof(), CallerProof::Unproven);
    assert_eq!(proven.caller_proof(), CallerProof::CosignerSignature);
    for (record, tenant, proof) in
        [(&unproven, "json", CallerProof::Unproven), (&proven, "default", CallerProof::CosignerSignature)]
    {
        let Some(Request::Transaction(request)) = &record.request else { panic!("{record:?}") };
        assert_eq!((request.tenant.as_str(), request.caller_proof()), (tenant, proof));
        assert_eq!(record.charges.len(), 1);
    }
    let logs = system.logs();
    let line = |proof: &str| {
        let proof = format!("\"caller_proof\":\"{proof}\"");
        logs.lines().filter(|line| line.contains(&transfer.request_id) && line.contains(&proof)).count()
    };
    assert_eq!(
        (line("UNPROVEN"), line("COSIGNER_SIGNATURE")),
        (2, 2),
        "the edge's and the decider's: {logs}"
    );
}

/// The same transfer for both, by a policy that narrows whoever is not proven.
const NARROWED: &str = r#"version: 1
assets: {ETH: {chain: evm, decimals: 18}}
deny:
  - {id: unproven-is-small, when: {caller_proof: [UNPROVEN], assets: [ETH], amount: {over: "0.1"}}}
allow:
  - {id: proven, when: {caller_proof: [COSIGNER_SIGNATURE], tenant: [default]}}
  - {id: small, when: {caller_proof: [UNPROVEN], tenant: [json]}}
limits:
  - {id: unproven-once, when: {caller_proof: [UNPROVEN]}, max: {count: 1}, window: 24h}
"#;

#[tokio::test]
async fn rules_tell_who_is_proven_from_who_is_not() {
    let system = System::with(Options { json: true, ..Options::policy(NARROWED) }).await;
    let plain = system.plain_cosigner(authority(&system));
    for amount in ["0.5", "0.1", "0.1"] {
        let reply = system.send(&transfer(amount).payload()).await.reply;
        assert_eq!(reply.action, Action::Approve, "{}", system.logs());
    }
    for (amount, refused_by) in
        [("0.5", Some("unproven-is-small")), ("0.1", None), ("0.1", Some("unproven-once"))]
    {
        let reply = plain.send(&transfer(amount).payload()).await.unwrap().reply;
        let why = reply.rejection_reason.clone().unwrap_or_default();
        assert_eq!(reply.action == Action::Approve, refused_by.is_none(), "{reply:?}");
        assert!(why.contains(refused_by.unwrap_or_default()), "{why}");
    }
}

#[tokio::test]
async fn refusals_are_told_in_plain_json_and_recorded() {
    let system = start().await;
    let plain = system.plain_cosigner(authority(&system));
    let too_much = transfer("2.5");
    let refused = plain.send(&too_much.payload()).await.unwrap().reply;
    assert_eq!((refused.action, refused.request_id.as_str()), (Action::Reject, too_much.request_id.as_str()));
    assert!(refused.rejection_reason.unwrap().contains("over-2-eth-at-once"));
    let record = system.json_record(&too_much.request_id).await.unwrap();
    assert!(matches!(record.answer, Some(Answer::TransactionAnswer(_))) && record.charges.is_empty());
    assert_eq!(record.caller_proof(), CallerProof::Unproven);
    assert_eq!(plain.send(&address_book_change()).await.unwrap().reply.action, Action::Ignore);
    assert_eq!(plain.send(vectors::BITCOIN_REQUEST).await.unwrap().reply.action, Action::Approve);
    let malformed = plain.send(br#"{"requestId":"m-1","txId":7}"#).await.unwrap().reply;
    assert_eq!((malformed.action, malformed.request_id.as_str()), (Action::Reject, "m-1"));
    assert!(system.json_record("m-1").await.is_none());
    let token = vectors::read("synthetic_request_tx_sign.jwt").unwrap();
    let response = plain.post(Endpoint::Transaction, token).await.unwrap();
    assert_eq!(response.status, 400);
}

#[tokio::test]
async fn the_request_id_comes_back_byte_for_byte() {
    let system = start().await;
    let plain = system.plain_cosigner(authority(&system));
    for id in ["x", " \u{7}\n\"\\", "日本☃", "48f6871c-0467-4b56-8c44-426f3d6487f5-3", &"i".repeat(256)] {
        let payload = serde_json::json!({ "requestId": id, "txId": "t" }).to_string();
        // Anything else than the id that was asked is no reply to it.
        let reply = plain.send(payload.as_bytes()).await.unwrap().reply;
        assert_eq!((reply.request_id.as_str(), reply.action), (id, Action::Reject));
        assert!(system.json_record(id).await.is_some(), "{id:?}");
    }
}

#[tokio::test]
async fn without_a_decider_it_is_retry_and_then_the_same_request_is_approved_once() {
    let mut system = start().await;
    let plain = system.plain_cosigner(authority(&system));
    let payload = transfer("1");
    system.decider().kill().unwrap();
    for _ in 0..2 {
        assert_eq!(plain.send(&payload.payload()).await.unwrap().reply.action, Action::Retry);
    }
    system.start_decider().await;
    for _ in 0..2 {
        assert_eq!(plain.send(&payload.payload()).await.unwrap().reply.action, Action::Approve);
    }
    assert_eq!(system.json_record(&payload.request_id).await.unwrap().charges.len(), 1);
    system.stop().await;
}

#[tokio::test]
async fn a_pinned_certificate_is_known_by_its_key() {
    let mut system = start().await;
    let (edge, other) = (system.local().certificate("edge"), system.local().certificate("decider"));
    let send =
        async |system: &System, trust| system.plain_cosigner(trust).send(&transfer("0.1").payload()).await;
    assert_eq!(send(&system, Trust::Pin(edge.clone())).await.unwrap().reply.action, Action::Approve);
    let refused = send(&system, Trust::Pin(other)).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Connect { why, .. } if why.contains("not the pinned one")),
        "{refused}"
    );

    // Renewed under the same key: the old certificate still pins it. Under another key it does not.
    let pinned = system.local().root().join("pinned.crt");
    std::fs::copy(&edge, &pinned).unwrap();
    for (same_key, believed) in [(true, true), (false, false)] {
        renew(&system, same_key);
        system.kill_and_restart_edge().await;
        assert_eq!(send(&system, Trust::Pin(pinned.clone())).await.is_ok(), believed);
    }
}

/// A self-signed certificate in the place of the edge's.
fn renew(system: &System, same_key: bool) {
    let (certificate, key) = (system.local().certificate("edge"), system.local().private_key("edge"));
    let old = std::fs::read_to_string(&key).unwrap();
    let pair = if same_key { rcgen::KeyPair::from_pem(&old) } else { rcgen::KeyPair::generate() }.unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(certificate, params.self_signed(&pair).unwrap().pem()).unwrap();
    std::fs::write(key, pair.serialize_pem()).unwrap();
}

#[tokio::test]
async fn the_simulated_cosigner_sends_it_from_the_command_line() {
    let system = start().await;
    let root = system.local().root();
    let payload = transfer("0.1");
    std::fs::write(root.join("request.json"), payload.payload()).unwrap();
    let url = system.local().json_url().unwrap().unwrap();
    let run = async |trust: [&str; 2]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_cosigner"));
        command.args(["send", "--json", "--file", "request.json", "--url", &url]).args(trust);
        let output = command.current_dir(root).stdin(Stdio::null()).output().await.unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let approved = format!("APPROVE  {}  after ", payload.request_id);
    for trust in [["--pin", "tls/edge.crt"], ["--ca", "tls/ca.pem"]] {
        let (code, text) = run(trust).await;
        assert!(code == Some(0) && text.starts_with(&approved), "{code:?} {text}");
    }
    assert_eq!(run(["--pin", "tls/decider.crt"]).await.0, Some(1));
    assert_eq!(run(["--pin", "tls/ca.key"]).await.0, Some(64));
}
