//! Certificates and grants that change while the decider serves.

use std::fs;

use decider::app::Running;
use proto::decider::v1::decision_service_client::DecisionServiceClient;
use tonic::Code;

use crate::load::Load;
use crate::support::{
    CONFIG, Files, SERVICE_TOO, call, connect, leaf_until, told, transfer, wait_for_metric,
};

const NOBODY: &str = "grants: [{dns: nobody.internal, tenants: all, verbs: [decide]}]\n";

fn without_grants() -> &'static str {
    CONFIG.split_once("grants:").unwrap().0
}

async fn look(running: &Running, line: &str) {
    running.looks().look_now();
    wait_for_metric(running.admin, line).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificate_and_grants_change_under_load_without_a_failed_call() {
    let files = Files::new();
    let running = files.start().await;
    let load = Load::on(files.client(&running).await, 4);
    let mut service = files.client_of("service", &running).await;
    let refused = service.decide(call(transfer("s-1", "0.001"))).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);

    leaf_until(&files, "decider", 2100);
    look(&running, "countersign_decider_access_adoptions_total 1").await;
    let end = told(
        running.admin,
        "countersign_decider_certificate_not_after_timestamp_seconds{certificate=\"listen\"}",
    )
    .await;
    assert_eq!(end, 4_102_444_800, "2100-01-01, in seconds since 1970");
    files.client(&running).await.decide(call(transfer("n-1", "0.001"))).await.unwrap();

    files.write("decider.yaml", &format!("{CONFIG}{SERVICE_TOO}"));
    look(&running, "countersign_decider_access_adoptions_total 2").await;
    service.decide(call(transfer("s-1", "0.001"))).await.unwrap();
    let (answered, failed) = load.end().await;
    assert!(failed.is_empty() && answered > 10, "{answered} answered; {failed:?}");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn who_is_not_granted_any_more_is_refused_on_the_same_connection() {
    let files = Files::new();
    let running = files.start().await;
    let mut client = files.client(&running).await;
    client.decide(call(transfer("r-1", "0.1"))).await.unwrap();
    files.write("decider.yaml", &format!("{}{NOBODY}", without_grants()));
    look(&running, "countersign_decider_access_adoptions_total 1").await;
    let refused = client.decide(call(transfer("r-1", "0.1"))).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(told(running.admin, "countersign_decider_connections_accepted_total").await, 1);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_used_replaces_nothing_and_is_told_once() {
    let files = Files::new();
    let running = files.start().await;
    let key = fs::read(files.path("tls/decider.key")).unwrap();
    let certificate = fs::read(files.path("tls/decider.crt")).unwrap();
    let works = async || {
        files.client(&running).await.decide(call(transfer("r-1", "0.1"))).await.unwrap();
    };

    files.write("tls/decider.key", "half a ");
    for _ in 0..3 {
        look(&running, "countersign_decider_access_refused 1").await;
    }
    works().await;
    fs::write(files.path("tls/decider.key"), &key).unwrap();
    look(&running, "countersign_decider_access_refused 0").await;

    files.write("decider.yaml", &format!("{}{}", without_grants(), NOBODY.replace("decide", "decyde")));
    look(&running, "countersign_decider_access_refused 1").await;
    works().await;
    files.write("decider.yaml", CONFIG);
    look(&running, "countersign_decider_access_refused 0").await;

    leaf_until(&files, "decider", 2001);
    look(&running, "countersign_decider_access_refused 1").await;
    works().await;
    fs::write(files.path("tls/decider.key"), &key).unwrap();
    fs::write(files.path("tls/decider.crt"), &certificate).unwrap();
    look(&running, "countersign_decider_access_refused 0").await;
    assert_eq!(told(running.admin, "countersign_decider_access_reload_failures_total").await, 3);
    assert_eq!(told(running.admin, "countersign_decider_access_adoptions_total").await, 0);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn connections_of_an_authority_that_is_taken_away_are_closed() {
    let files = Files::new();
    let running = files.start().await;
    let mut client = files.client(&running).await;
    client.decide(call(transfer("r-1", "0.1"))).await.unwrap();
    // What it believes of the server is read before the file changes.
    let stranger = files.tls_of("stranger");
    fs::copy(files.path("tls/other-ca.pem"), files.path("tls/ca.pem")).unwrap();
    look(&running, "countersign_decider_connections_disowned_total 1").await;
    assert!(client.decide(call(transfer("r-1", "0.1"))).await.is_err());
    wait_for_metric(running.admin, "countersign_decider_connections 0").await;

    // The other authority vouches for the same name, and its clients get in now.
    let channel = connect(running.grpc.port(), stranger).await.unwrap();
    let mut stranger = DecisionServiceClient::new(channel);
    stranger.decide(call(transfer("r-1", "0.1"))).await.unwrap();
    running.stop().await.unwrap();
}

/// Nobody says anything: it is noticed all the same, once it was the same in two looks.
#[tokio::test]
async fn a_change_is_noticed_by_itself() {
    let files = Files::new();
    let often = format!("{CONFIG}reload: 1s\n");
    files.write("decider.yaml", &often);
    let running = files.start().await;
    leaf_until(&files, "decider", 2100);
    wait_for_metric(running.admin, "countersign_decider_access_adoptions_total 1").await;
    files.client(&running).await.decide(call(transfer("r-1", "0.1"))).await.unwrap();
    running.stop().await.unwrap();
}
