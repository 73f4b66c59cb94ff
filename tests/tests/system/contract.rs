//! Another service at the decider: the published contract by reflection, mutual TLS, deadlines, errors.

use std::time::Duration;

use serde_json::{Value, json};
use system_tests::harness::{Options, System};
use system_tests::local::{Local, Settings};
use system_tests::services::{decisions, ports};
use tonic::Code;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::reflected::{Reflected, services};

const SERVICE: &str = "countersign.decider.v1.DecisionService";
/// What the READMEs show.
const EXAMPLE: &str = include_str!("../../examples/decide.json");
const DEADLINE: Option<Duration> = Some(Duration::from_secs(10));

async fn decider() -> System {
    System::with(Options { edge: false, ..Options::default() }).await
}

async fn learned(system: &System) -> Reflected {
    Reflected::learn(decisions::channel(system.local()).unwrap(), SERVICE).await
}

#[tokio::test]
async fn another_service_learns_the_contract_and_is_answered_in_json() {
    let system = decider().await;
    let client = learned(&system).await;
    let answer = client.call("Decide", EXAMPLE, DEADLINE).await.unwrap();
    let asked: Value = serde_json::from_str(EXAMPLE).unwrap();
    assert_eq!(answer["verdict"], "VERDICT_ALLOW", "{answer}");
    assert_eq!(answer["action"], "ACTION_APPROVE");
    assert_eq!(answer["reasonCode"], "REASON_CODE_ALLOWED");
    assert_eq!(answer["callbackRequestId"], asked["callbackRequestId"]);
    assert_eq!(answer["rules"][0]["ruleId"], "eth-to-treasury");
    let limit = &answer["limits"][0];
    assert_eq!(limit["limitId"], "eth-per-vault-and-hour");
    assert_eq!(limit["key"], json!({"asset": "ETH", "source": "VAULT:7"}));
    assert_eq!(
        (&limit["requested"], &limit["max"]),
        (&json!("250000000000000000"), &json!("1000000000000000000"))
    );
    assert_eq!(limit["headroom"], "750000000000000000");

    let again = client.call("Decide", EXAMPLE, DEADLINE).await.unwrap();
    assert_eq!((&again["recordedEarlier"], &again["decisionId"]), (&json!(true), &answer["decisionId"]));
    check_record(&client, &asked, &answer).await;
}

async fn check_record(client: &Reflected, asked: &Value, answer: &Value) {
    let lookup = json!({"tenant": "default", "decisionId": answer["decisionId"]}).to_string();
    let found = client.call("GetDecision", &lookup, DEADLINE).await.unwrap();
    let record = &found["decision"];
    assert_eq!(record["transaction"], *asked, "the record holds the request as it came");
    assert_eq!(record["transactionAnswer"]["decisionId"], answer["decisionId"]);
    assert_eq!(record["charges"].as_array().unwrap().len(), 1);
    assert_eq!(record["charges"][0]["amount"], "250000000000000000");
    assert_eq!(record["charges"][0]["usdMicros"], "468570000");
    let unknown = json!({"tenant": "default", "decisionId": "nobody"}).to_string();
    assert_eq!(client.call("GetDecision", &unknown, DEADLINE).await.unwrap_err().code(), Code::NotFound);
    let foreign = json!({"tenant": "other", "decisionId": answer["decisionId"]}).to_string();
    let refused = client.call("GetDecision", &foreign, DEADLINE).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "a tenant that is not granted");
}

#[tokio::test]
async fn a_denial_in_json_is_an_answer() {
    let system = decider().await;
    let client = learned(&system).await;
    let mut request: Value = serde_json::from_str(EXAMPLE).unwrap();
    request["amount"] = json!("2.5e-1");
    let answer = client.call("Decide", &request.to_string(), DEADLINE).await.unwrap();
    assert_eq!(answer["verdict"], "VERDICT_DENY");
    assert_eq!(answer["action"], "ACTION_REJECT");
    assert_eq!(answer["reasonCode"], "REASON_CODE_FIELD_INVALID");
    assert!(
        answer["reason"].as_str().unwrap().starts_with("amountStr: the amount is not decimal text"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_configuration_change_is_left_to_people() {
    let system = decider().await;
    let client = learned(&system).await;
    let change =
        json!({"tenant": "default", "callbackRequestId": "c-1", "type": "UNMANAGED_WALLET"}).to_string();
    let answer = client.call("DecideConfigChange", &change, DEADLINE).await.unwrap();
    assert_eq!((&answer["verdict"], &answer["action"]), (&json!("VERDICT_HOLD"), &json!("ACTION_IGNORE")));
}

#[tokio::test]
async fn a_call_without_a_deadline_breaks_the_contract() {
    let system = decider().await;
    let client = learned(&system).await;
    for method in ["Decide", "DecideConfigChange"] {
        let call = json!({"tenant": "default", "callbackRequestId": "r-1"}).to_string();
        let refused = client.call(method, &call, None).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let info = refused.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("DEADLINE_REQUIRED", "countersign"));
    }
    assert!(system.record("r-1").await.is_none(), "nothing was decided");
}

#[tokio::test]
async fn a_broken_call_names_every_field() {
    let system = decider().await;
    let client = learned(&system).await;
    let broken = json!({
        "tenant": "No Tenant",
        "stage": 9,
        "note": "x".repeat(4097),
        "assetId": "x".repeat(65),
        "source": {"type": "x".repeat(65)},
        "destinations": [{}, {"amount": "1".repeat(129), "tag": "x".repeat(257)}],
        "players": ["", "x".repeat(65)],
    });
    let refused = client.call("Decide", &broken.to_string(), DEADLINE).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.get_details_error_info().unwrap().reason, "INVALID_ARGUMENT");
    let mut fields: Vec<_> = refused
        .get_details_bad_request()
        .unwrap()
        .field_violations
        .into_iter()
        .map(|each| each.field)
        .collect();
    fields.sort();
    assert_eq!(
        fields,
        [
            "asset_id",
            "callback_request_id",
            "destinations[1].amount",
            "destinations[1].tag",
            "note",
            "players[1]",
            "source.type",
            "stage",
            "tenant"
        ]
    );
}

/// A channel that trusts the decider and shows this identity, or none.
async fn channel(local: &Local, identity: Option<Identity>) -> Result<Channel, tonic::transport::Error> {
    let ca = Certificate::from_pem(std::fs::read(local.ca()).unwrap());
    let tls = ClientTlsConfig::new().domain_name("localhost").ca_certificate(ca);
    let tls = match identity {
        Some(identity) => tls.identity(identity),
        None => tls,
    };
    let address = format!("https://{}", local.addresses().unwrap().decider);
    Endpoint::from_shared(address)?.tls_config(tls)?.connect().await
}

fn identity(local: &Local, name: &str) -> Identity {
    let read = |path| std::fs::read(path).unwrap();
    Identity::from_pem(read(local.certificate(name)), read(local.private_key(name)))
}

/// Whether a client gets an answer. With TLS 1.3 a client may learn of its refusal only when it calls.
async fn is_served(local: &Local, identity: Option<Identity>) -> bool {
    let Ok(channel) = channel(local, identity).await else { return false };
    let request = HealthCheckRequest { service: String::new() };
    HealthClient::new(channel).check(request).await.is_ok()
}

#[tokio::test]
async fn who_shows_no_certificate_of_the_authority_is_not_served() {
    let system = decider().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { addresses: ports::free_addresses(), ..Settings::default() };
    let stranger = Local::create(directory.path(), &settings).unwrap();
    let local = system.local();
    assert!(!is_served(local, None).await, "no certificate");
    assert!(!is_served(local, Some(identity(&stranger, "edge-client"))).await, "of another authority");
    assert!(!is_served(local, Some(identity(local, "edge"))).await, "a server's certificate is no client's");
    assert!(is_served(local, Some(identity(local, "edge-client"))).await, "the edge's own");
}

#[tokio::test]
async fn health_and_everything_served_can_be_asked_for() {
    let system = decider().await;
    let channel = decisions::channel(system.local()).unwrap();
    let mut client = HealthClient::new(channel.clone());
    for service in ["", SERVICE] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let status = client.check(request).await.unwrap().into_inner().status();
        assert_eq!(status, ServingStatus::Serving, "{service:?}");
    }
    let served = services(&channel).await;
    for service in [SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"] {
        assert!(served.iter().any(|each| each == service), "{service} is not among {served:?}");
    }
}
