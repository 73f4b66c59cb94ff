//! Who may ask what, over real connections.

use std::net::SocketAddr;

use proto::decider::v1 as wire;
use proto::decider::v1::decision_service_client::DecisionServiceClient;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::admin::get;
use crate::support::{CONFIG, Files, call, connect, transfer};

type Client = DecisionServiceClient<Channel>;

async fn start(grants: &str) -> (Files, decider::app::Running) {
    let files = Files::new();
    let (config, _) = CONFIG.split_once("grants:").unwrap();
    files.write("decider.yaml", &format!("{config}grants:\n{grants}\n"));
    let running = files.start().await;
    (files, running)
}

async fn decide(client: &mut Client, tenant: &str) -> Result<(), Status> {
    let request = wire::DecideRequest { tenant: tenant.into(), ..transfer("r-1", "0.1") };
    client.decide(call(request)).await.map(drop)
}

async fn change(client: &mut Client, tenant: &str) -> Result<(), Status> {
    let request = wire::DecideConfigChangeRequest {
        tenant: tenant.into(),
        callback_request_id: "c-1".into(),
        ..Default::default()
    };
    client.decide_config_change(call(request)).await.map(drop)
}

async fn read(client: &mut Client, tenant: &str) -> Result<(), Status> {
    let request = wire::GetDecisionRequest {
        tenant: tenant.into(),
        callback_request_id: "r-1".into(),
        ..Default::default()
    };
    match client.get_decision(call(request)).await {
        Err(status) if status.code() == Code::NotFound => Ok(()),
        found => found.map(drop),
    }
}

async fn counted(admin: SocketAddr, line: &str) {
    let metrics = get(admin, "/metrics").await;
    assert!(metrics.lines().any(|each| each == line), "{line} is not in\n{metrics}");
}

#[tokio::test]
async fn each_identity_may_what_is_granted_to_it_and_nothing_else() {
    let (files, running) = start(
        "  - {spiffe: spiffe://example.org/client, tenants: [default], verbs: [decide]}
  - {dns: service.internal, tenants: [payroll], verbs: [read]}
  - {subject: \"CN=service,O=Example\", tenants: all, verbs: [administer]}",
    )
    .await;
    let mut client = files.client(&running).await;
    decide(&mut client, "default").await.unwrap();
    change(&mut client, "default").await.unwrap();
    let mut service = files.client_of("service", &running).await;
    read(&mut service, "payroll").await.unwrap();

    let mut told = Vec::new();
    for refused in [
        decide(&mut client, "payroll").await,
        change(&mut client, "payroll").await,
        read(&mut client, "default").await,
        decide(&mut service, "payroll").await,
        // Who administers a tenant is not who decides or reads for it.
        decide(&mut service, "default").await,
        read(&mut service, "default").await,
    ] {
        let status = refused.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied);
        let info = status.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("NOT_GRANTED", "countersign"));
        told.push(format!("{} {} {}", info.metadata["verb"], info.metadata["tenant"], status.message()));
    }
    insta::assert_snapshot!(told.join("\n"), @"
    decide payroll spiffe://example.org/client or subject:CN=client,O=Example is granted nothing for tenant payroll
    decide payroll spiffe://example.org/client or subject:CN=client,O=Example is granted nothing for tenant payroll
    read default spiffe://example.org/client or subject:CN=client,O=Example is not granted read for tenant default
    decide payroll dns:service.internal or subject:CN=service,O=Example is not granted decide for tenant payroll
    decide default dns:service.internal or subject:CN=service,O=Example is not granted decide for tenant default
    read default dns:service.internal or subject:CN=service,O=Example is not granted read for tenant default
    ");
    counted(running.admin, "countersign_decider_calls_denied_total{verb=\"decide\"} 4").await;
    counted(running.admin, "countersign_decider_calls_denied_total{verb=\"read\"} 2").await;
    // The one decision and the one change, and nothing of what was refused.
    counted(running.admin, "countersign_decider_store_batch_size_count 2").await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn health_is_for_every_certificate_of_the_authority() {
    let (files, running) = start("  - {dns: nobody.internal, tenants: all, verbs: [decide]}").await;
    let channel = connect(running.grpc.port(), files.tls_of("service")).await.unwrap();
    HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await.unwrap();
    let refused = decide(&mut DecisionServiceClient::new(channel), "default").await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    running.stop().await.unwrap();
}

/// A breach of the contract is told as one: it names no tenant that could be granted.
#[tokio::test]
async fn a_call_without_a_tenant_is_a_breach_and_not_a_denial() {
    let (files, running) = start("  - {dns: nobody.internal, tenants: all, verbs: [decide]}").await;
    let mut client = files.client(&running).await;
    assert_eq!(decide(&mut client, "").await.unwrap_err().code(), Code::InvalidArgument);
    running.stop().await.unwrap();
}
