//! Who may ask the decider, with real processes: a microservice of its own beside the edge.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use prost_reflect::{DescriptorPool, DynamicMessage};
use proto::decider::v1::decision_service_client::DecisionServiceClient;
use proto::decider::v1::{Action as Decided, DecideRequest, DecideResponse};
use system_tests::cosigner::Action;
use system_tests::harness::{Options, System, eventually};
use system_tests::local::{Local, Settings};
use system_tests::requests::{Destination, Transfer};
use system_tests::services::Signal;
use system_tests::services::decisions::within_deadline;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Status};

const EXAMPLE: &str = include_str!("../../examples/decide.json");
const TREASURY: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";
const NOTICED: Duration = Duration::from_secs(20);

async fn service(local: &Local) -> DecisionServiceClient<Channel> {
    let read = |path: std::path::PathBuf| std::fs::read(path).unwrap();
    let identity = Identity::from_pem(read(local.certificate("service")), read(local.private_key("service")));
    let tls = ClientTlsConfig::new()
        .domain_name("localhost")
        .ca_certificate(Certificate::from_pem(read(local.ca())))
        .identity(identity);
    let address = format!("https://{}", local.addresses().unwrap().decider);
    let channel = Endpoint::from_shared(address).unwrap().tls_config(tls).unwrap().connect().await.unwrap();
    DecisionServiceClient::new(channel)
}

/// The published example, for a tenant and by an id of its own.
fn example(tenant: &str, id: &str) -> DecideRequest {
    let pool = DescriptorPool::decode(proto::DESCRIPTORS).unwrap();
    let kind = pool.get_message_by_name("countersign.decider.v1.DecideRequest").unwrap();
    let message =
        DynamicMessage::deserialize(kind, &mut serde_json::Deserializer::from_str(EXAMPLE)).unwrap();
    let (tenant, id) = (tenant.to_owned(), id.to_owned());
    let request: DecideRequest = message.transcode_to().unwrap();
    DecideRequest { tenant, callback_request_id: id.clone(), tx_id: Some(id), ..request }
}

async fn ask(
    client: &mut DecisionServiceClient<Channel>,
    tenant: &str,
    id: &str,
) -> Result<DecideResponse, Status> {
    client.decide(within_deadline(example(tenant, id))).await.map(tonic::Response::into_inner)
}

/// One payment by the edge: what the Co-signer is told.
async fn pay(system: &System, vault: usize) -> Action {
    let destination = Destination::vault("1", TREASURY, "0.0001").usd("0.2");
    let transfer = Transfer::new("ETH", destination).from_vault(&vault.to_string());
    system.send(&transfer.payload()).await.reply.action
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} is not in {}", path.display());
    std::fs::write(path, text.replace(from, to)).unwrap();
}

async fn adopted(system: &mut System, times: usize) {
    system.decider().signal(Signal::Hangup).unwrap();
    let line = format!("countersign_decider_access_adoptions_total {times}");
    eventually("the change counts", NOTICED, async || {
        system.decider().admin("/metrics").await.unwrap().1.lines().any(|each| each == line)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_microservice_asks_for_what_is_granted_to_it() {
    let mut system = System::with(Options { edge: false, ..Options::default() }).await;
    let mut client = service(system.local()).await;
    assert_eq!(ask(&mut client, "default", "s-1").await.unwrap().action(), Decided::Approve);
    let denied = ask(&mut client, "payroll", "s-1").await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied);
    assert!(denied.message().contains("spiffe://countersign.demo/service"), "{denied}");
    assert!(system.logs().contains("refused: the call is not granted"), "{}", system.logs());

    edit(
        &system.local().decider_config(),
        "spiffe://countersign.demo/service",
        "spiffe://countersign.demo/other",
    );
    adopted(&mut system, 1).await;
    let denied = ask(&mut client, "default", "s-2").await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied, "on the same connection");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_is_not_granted_its_tenant_answers_retry() {
    let mut system = System::start().await;
    assert_eq!(pay(&system, 0).await, Action::Approve);
    edit(
        &system.local().decider_config(),
        "spiffe://countersign.demo/edge",
        "spiffe://countersign.demo/other",
    );
    adopted(&mut system, 1).await;
    assert_eq!(pay(&system, 1).await, Action::Retry);
    edit(
        &system.local().decider_config(),
        "spiffe://countersign.demo/other",
        "spiffe://countersign.demo/edge",
    );
    adopted(&mut system, 2).await;
    assert_eq!(pay(&system, 1).await, Action::Approve);
    system.stop().await;
}

/// Everything at once: connections that grow old every second, a new certificate, new grants.
#[tokio::test(flavor = "multi_thread")]
async fn certificates_and_grants_change_under_load_and_every_payment_is_approved() {
    let edit_decider =
        |yaml: String| yaml.replace("  client_ca:", "  connection_age: 1s\n  client_ca:") + "reload: 1s\n";
    let mut system = System::with(Options { edit_decider, ..Options::default() }).await;
    let (done, cosigner) = (Arc::new(AtomicBool::new(false)), system.cosigner());
    let load = {
        let done = Arc::clone(&done);
        tokio::spawn(async move {
            let mut told = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let destination = Destination::vault("1", TREASURY, "0.0001").usd("0.2");
                let transfer = Transfer::new("ETH", destination).from_vault(&told.len().to_string());
                told.push(cosigner.send(&transfer.payload()).await.map(|answer| answer.reply.action));
            }
            told
        })
    };
    tokio::time::sleep(Duration::from_secs(2)).await;
    renew(system.local(), "decider");
    adopted(&mut system, 1).await;
    edit(&system.local().decider_config(), "tenants: [default]", "tenants: all");
    adopted(&mut system, 2).await;
    let mut client = service(system.local()).await;
    assert_eq!(ask(&mut client, "payroll", "s-1").await.unwrap().callback_request_id, "s-1");
    tokio::time::sleep(Duration::from_secs(2)).await;
    done.store(true, Ordering::Relaxed);
    let told = load.await.unwrap();
    assert!(told.len() > 10);
    for action in told {
        assert_eq!(action.unwrap(), Action::Approve, "{}", system.logs());
    }
    system.stop().await;
}

/// Another certificate of the same authority, with another key.
fn renew(local: &Local, identity: &str) {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::create_dir(scratch.path().join("tls")).unwrap();
    for name in ["ca.pem", "ca.key"] {
        let from = local.ca().with_file_name(name);
        std::fs::copy(from, scratch.path().join("tls").join(name)).unwrap();
    }
    let settings = Settings { addresses: local.addresses().unwrap(), ..Settings::default() };
    let renewed = Local::create(scratch.path(), &settings).unwrap();
    std::fs::copy(renewed.private_key(identity), local.private_key(identity)).unwrap();
    std::fs::copy(renewed.certificate(identity), local.certificate(identity)).unwrap();
}
