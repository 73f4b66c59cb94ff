//! A decider that has the ledger of some tenants, and of no others.

use decider::app::Running;
use proto::decider::v1 as wire;
use proto::decider::v1::decision_service_client::DecisionServiceClient;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::program::output;
use crate::support::{CONFIG, Files, call, told, transfer, wait_for_metric};

const ALL_GRANTED: &str =
    "grants: [{spiffe: spiffe://example.org/client, tenants: all, verbs: [decide, read]}]\n";

fn config(more: &str) -> String {
    format!("{}{ALL_GRANTED}{more}", CONFIG.split_once("grants:").unwrap().0)
}

async fn start(more: &str) -> (Files, Running, DecisionServiceClient<Channel>) {
    let files = Files::new();
    files.write("decider.yaml", &config(more));
    let running = files.start().await;
    let client = files.client(&running).await;
    (files, running, client)
}

async fn decide(client: &mut DecisionServiceClient<Channel>, tenant: &str) -> Result<i32, Status> {
    let request = wire::DecideRequest { tenant: tenant.into(), ..transfer("r-1", "0.1") };
    client.decide(call(request)).await.map(|answer| answer.into_inner().verdict)
}

async fn every_call(client: &mut DecisionServiceClient<Channel>, tenant: &str) -> [Result<(), Status>; 3] {
    let change = wire::DecideConfigChangeRequest {
        tenant: tenant.into(),
        callback_request_id: "c-1".into(),
        ..Default::default()
    };
    let record = wire::GetDecisionRequest {
        tenant: tenant.into(),
        callback_request_id: "r-1".into(),
        ..Default::default()
    };
    [
        decide(client, tenant).await.map(drop),
        client.decide_config_change(call(change)).await.map(drop),
        client.get_decision(call(record)).await.map(drop),
    ]
}

#[tokio::test]
async fn a_tenant_of_another_ledger_is_refused_before_anything_happens() {
    let (_files, running, mut client) = start("tenants: [default, payroll]\n").await;
    for refused in every_call(&mut client, "treasury").await {
        let status = refused.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        let info = status.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("TENANT_ELSEWHERE", "countersign"));
        assert_eq!(info.metadata["tenant"], "treasury");
        assert_eq!(
            status.message(),
            "tenant treasury is not among this decider's tenants: ask the fleet that has its ledger"
        );
    }
    assert_eq!(told(running.admin, "countersign_decider_calls_elsewhere_total").await, 3);
    assert_eq!(
        told(running.admin, "countersign_decider_store_batch_size_count").await,
        0,
        "something was recorded"
    );
    for tenant in ["default", "payroll"] {
        assert_eq!(decide(&mut client, tenant).await.unwrap(), i32::from(wire::Verdict::Allow));
    }
    assert_eq!(told(running.admin, "countersign_decider_calls_elsewhere_total").await, 3);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn without_the_field_every_tenant_is_here() {
    let (_files, running, mut client) = start("").await;
    for tenant in ["default", "treasury"] {
        assert_eq!(decide(&mut client, tenant).await.unwrap(), i32::from(wire::Verdict::Allow));
    }
    running.stop().await.unwrap();
}

/// Whom a ledger is for is no news to somebody who may not ask for that tenant anyway.
#[tokio::test]
async fn what_is_not_granted_is_told_first() {
    let files = Files::new();
    files.write("decider.yaml", &format!("{CONFIG}tenants: [default]\n"));
    let running = files.start().await;
    let mut client = files.client(&running).await;
    assert_eq!(decide(&mut client, "treasury").await.unwrap_err().code(), Code::PermissionDenied);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn tenants_change_by_a_restart_and_grants_go_on_by_themselves() {
    let (files, running, mut client) = start("tenants: [default]\n").await;
    let own =
        "grants: [{spiffe: spiffe://example.org/client, tenants: [default, payroll], verbs: [decide]}]\n";
    let text = config("tenants: [default, payroll]\n").replace(ALL_GRANTED, own);
    files.write("decider.yaml", &text);
    running.looks().look_now();
    wait_for_metric(running.admin, "countersign_decider_access_adoptions_total 1").await;
    assert_eq!(decide(&mut client, "payroll").await.unwrap_err().code(), Code::FailedPrecondition);
    // A grant for a tenant that the file does not name changes nothing.
    files.write("decider.yaml", &text.replace("tenants: [default, payroll]\n", "tenants: [default]\n"));
    running.looks().look_now();
    wait_for_metric(running.admin, "countersign_decider_access_refused 1").await;
    assert_eq!(decide(&mut client, "default").await.unwrap(), i32::from(wire::Verdict::Allow));
    running.stop().await.unwrap();
}

/// Those that it has, or where it names none, those that somebody may ask for.
#[test]
fn check_warns_of_a_tenant_that_is_none_of_those_it_decides_for() {
    let check = |config: &str| {
        let files = Files::new();
        files.write("decider.yaml", config);
        let policy = std::fs::read_to_string(files.path("policy.yaml")).unwrap();
        let rule = "config_changes: [{id: theirs, effect: reject, type: ADD_USER, tenant: [defualt]}]\n";
        files.write("policy.yaml", &format!("{policy}{rule}"));
        let (code, out, err) = output(&files, &["check", "--config", "decider.yaml"]);
        assert_eq!((code, err.as_str()), (0, ""));
        out.lines().filter(|line| line.contains("tenant")).collect::<Vec<_>>().join("\n")
    };
    let told = "rule theirs asks for tenant defualt, which is none of those that are decided for here: did you mean default?";
    assert!(check(&config("tenants: [default, payroll]\n")).ends_with(told));
    assert!(check(CONFIG).ends_with(told));
    assert_eq!(check(&config("")), "", "it decides for all");
}
