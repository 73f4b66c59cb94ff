use std::time::Duration;

use proto::decider::v1 as wire;
use proto::decider::v1::decision_service_client::DecisionServiceClient;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::support::{CONFIG, DEADLINE, Files, POLICY, call, connect, identity, transfer};

const SERVICE: &str = "countersign.decider.v1.DecisionService";

#[tokio::test]
async fn a_transfer_is_allowed_recorded_and_found_again() {
    let files = Files::new();
    let running = files.start().await;
    let mut client = files.client(&running).await;
    let request = transfer("r-1", "0.4");
    let first = client.decide(call(request.clone())).await.unwrap().into_inner();
    assert_eq!((first.verdict(), first.action()), (wire::Verdict::Allow, wire::Action::Approve));
    assert_eq!(first.callback_request_id, "r-1");
    assert_eq!((first.stage(), first.reason_code()), (wire::Stage::Approval, wire::ReasonCode::Allowed));
    assert_eq!(first.rules[0].rule_id, "sweep");
    assert_eq!(first.limits[0].headroom, "600000000000000000");
    assert_eq!(first.policy_hash.len(), 64);
    assert!(!first.recorded_earlier && first.decided_time.is_some());

    let again = client.decide(call(request.clone())).await.unwrap().into_inner();
    assert!(again.recorded_earlier);
    assert_eq!(wire::DecideResponse { recorded_earlier: false, ..again.clone() }, first);

    for (decision_id, callback_request_id) in [(first.decision_id.as_str(), ""), ("", "r-1")] {
        let found = client.get_decision(wire::GetDecisionRequest {
            tenant: "default".into(),
            decision_id: decision_id.into(),
            callback_request_id: callback_request_id.into(),
        });
        let record = found.await.unwrap().into_inner().decision.unwrap();
        assert_eq!(record.request, Some(wire::decision_record::Request::Transaction(request.clone())));
        assert_eq!(record.answer, Some(wire::decision_record::Answer::TransactionAnswer(again.clone())));
        assert_eq!(record.charges.len(), 1);
        let charge = &record.charges[0];
        assert_eq!((charge.charge_key.as_str(), charge.amount.as_str()), ("r-1", "400000000000000000"));
        assert_eq!(charge.signers[0].signer_id, "signer");
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_denial_is_an_answer_that_says_why() {
    let files = Files::new();
    let running = files.start().await;
    let mut client = files.client(&running).await;
    let denied = client.decide(call(transfer("r-1", "1.5"))).await.unwrap().into_inner();
    assert_eq!((denied.verdict(), denied.action()), (wire::Verdict::Deny, wire::Action::Reject));
    assert_eq!(denied.reason_code(), wire::ReasonCode::LimitExceeded);
    assert!(denied.limits[0].exceeded);
    assert_eq!(denied.limits[0].unit(), wire::limit_status::Unit::BaseUnits);
    assert_eq!((denied.limits[0].asset_id.as_str(), denied.limits[0].window_seconds), ("ETH", 3600));
    assert_eq!(denied.limits[0].key["source"], "VAULT:0");

    let content = client.decide(call(transfer("r-2", "1e5"))).await.unwrap().into_inner();
    assert_eq!(content.reason_code(), wire::ReasonCode::FieldInvalid);

    let mut ruled = transfer("r-3", "0.1");
    ruled.destinations[0].peer.as_mut().unwrap().id = Some("9".into());
    let ruled = client.decide(call(ruled)).await.unwrap().into_inner();
    assert_eq!((ruled.reason_code(), ruled.rules.len()), (wire::ReasonCode::DenyRule, 2));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_configuration_change_is_left_to_people() {
    let files = Files::new();
    let running = files.start().await;
    let mut client = files.client(&running).await;
    let request = wire::DecideConfigChangeRequest {
        tenant: "default".into(),
        callback_request_id: "c-1".into(),
        r#type: Some("ADD_USER".into()),
        extra_info_digest: vec![1; 32],
        ..Default::default()
    };
    let answer = client.decide_config_change(call(request.clone())).await.unwrap().into_inner();
    assert_eq!((answer.verdict(), answer.action()), (wire::Verdict::Hold, wire::Action::Ignore));
    let changed = wire::DecideConfigChangeRequest { extra_info_digest: vec![2; 32], ..request.clone() };
    let changed = client.decide_config_change(call(changed)).await.unwrap().into_inner();
    assert_eq!(changed.reason_code(), wire::ReasonCode::ContentChanged);
    let found = client.get_decision(wire::GetDecisionRequest {
        tenant: "default".into(),
        decision_id: answer.decision_id.clone(),
        ..Default::default()
    });
    let record = found.await.unwrap().into_inner().decision.unwrap();
    assert_eq!(record.request, Some(wire::decision_record::Request::ConfigChange(request)));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_configuration_change_is_approved_or_rejected_by_its_rule() {
    let files = Files::new();
    let rules = r#"lists: {payees: {chain: evm, addresses: ["0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"]}}
config_changes:
  - {id: payees, effect: approve, type: UNMANAGED_WALLET, address_list: payees}
  - {id: no-users, effect: reject, type: ADD_USER}
"#;
    std::fs::write(files.path("policy.yaml"), format!("{POLICY}{rules}")).unwrap();
    let running = files.start().await;
    let mut client = files.client(&running).await;
    let listed = r#"{"asset":"ETH","address":"0x5dc69b1fbb13bafd09af88a782f0f285772ad5f8"}"#;
    let other = r#"{"asset":"ETH","address":"0x0000000000000000000000000000000000000001"}"#;
    for (kind, details, action, code) in [
        ("UNMANAGED_WALLET", listed, wire::Action::Approve, wire::ReasonCode::ConfigChangeRule),
        ("UNMANAGED_WALLET", other, wire::Action::Ignore, wire::ReasonCode::ConfigChangeNoRule),
        ("UNMANAGED_WALLET", "{}", wire::Action::Ignore, wire::ReasonCode::ConfigChangeIndeterminate),
        ("ADD_USER", "{}", wire::Action::Reject, wire::ReasonCode::ConfigChangeRule),
    ] {
        let request = wire::DecideConfigChangeRequest {
            tenant: "default".into(),
            callback_request_id: format!("{kind} {details}"),
            r#type: Some(kind.into()),
            extra_info_json: Some(details.into()),
            extra_info_digest: vec![1; 32],
            ..Default::default()
        };
        let answer = client.decide_config_change(call(request)).await.unwrap().into_inner();
        assert_eq!((answer.action(), answer.reason_code()), (action, code), "{kind} {details}");
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn breaches_of_the_contract_are_errors_with_every_field() {
    let files = Files::new();
    let running = files.start().await;
    let mut client = files.client(&running).await;

    let hurried = client.decide(Request::new(transfer("r-1", "0.1"))).await.unwrap_err();
    assert_eq!(hurried.code(), Code::InvalidArgument);
    let info = hurried.get_details_error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("DEADLINE_REQUIRED", "countersign"));
    let change = client.decide_config_change(Request::new(wire::DecideConfigChangeRequest::default())).await;
    assert_eq!(change.unwrap_err().get_details_error_info().unwrap().reason, "DEADLINE_REQUIRED");

    let broken =
        wire::DecideRequest { tenant: "A".into(), note: Some("x".repeat(5000)), ..transfer("r-1", "1") };
    let broken = client.decide(call(broken)).await.unwrap_err();
    let fields = broken.get_details_bad_request().unwrap().field_violations;
    assert_eq!(fields.iter().map(|each| each.field.as_str()).collect::<Vec<_>>(), ["tenant", "note"]);

    let unknown =
        wire::GetDecisionRequest { tenant: "default".into(), decision_id: "x".into(), ..Default::default() };
    let unknown = client.get_decision(unknown).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    assert_eq!(unknown.get_details_error_info().unwrap().reason, "DECISION_NOT_FOUND");
    running.stop().await.unwrap();
}

/// Another tenant's ledger is another ledger.
#[tokio::test]
async fn a_record_belongs_to_its_tenant() {
    let files = Files::new();
    files.write("decider.yaml", &CONFIG.replace("[default]", "[default, other]"));
    let running = files.start().await;
    let mut client = files.client(&running).await;
    let mine = client.decide(call(transfer("r-1", "0.1"))).await.unwrap().into_inner();
    let other = wire::GetDecisionRequest {
        tenant: "other".into(),
        decision_id: mine.decision_id,
        callback_request_id: "r-1".into(),
    };
    assert_eq!(client.get_decision(other).await.unwrap_err().code(), Code::NotFound);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn only_clients_of_the_authority_get_in() {
    let files = Files::new();
    let running = files.start().await;
    let stranger = files.tls_without_identity().identity(identity(&files.path("tls"), "stranger"));
    for tls in [files.tls_without_identity(), stranger] {
        let refused = match connect(running.grpc.port(), tls).await {
            Err(_) => true,
            Ok(channel) => {
                DecisionServiceClient::new(channel).decide(call(transfer("r-1", "0.1"))).await.is_err()
            }
        };
        assert!(refused);
    }
    assert!(files.client(&running).await.decide(call(transfer("r-1", "0.1"))).await.is_ok());
    running.stop().await.unwrap();
}

#[tokio::test]
async fn health_is_told_per_service_and_ends_with_the_drain() {
    let files = Files::new();
    let running = files.start().await;
    let mut health = HealthClient::new(files.channel(running.grpc.port()).await);
    for service in [SERVICE, ""] {
        wait_for(&mut health, service, ServingStatus::Serving).await;
    }
    let unknown = health.check(HealthCheckRequest { service: "other".into() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);

    let watch = health.watch(HealthCheckRequest { service: SERVICE.into() }).await.unwrap();
    let mut watch = watch.into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    let port = running.grpc.port();
    let stopped = tokio::spawn(running.stop());
    let told = tokio::time::timeout(DEADLINE, watch.message()).await.expect("the drain is not told");
    assert_eq!(told.unwrap().unwrap().status(), ServingStatus::NotServing);
    drop((watch, health));
    tokio::time::timeout(DEADLINE, stopped).await.unwrap().unwrap().unwrap();
    assert!(connect(port, files.client_tls()).await.is_err());
}

async fn wait_for(
    health: &mut HealthClient<tonic::transport::Channel>,
    service: &str,
    wanted: ServingStatus,
) {
    for _ in 0..100 {
        let answer = health.check(HealthCheckRequest { service: service.into() }).await;
        if answer.unwrap().into_inner().status() == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{service} never became {wanted:?}");
}

/// Both versions tell the same services, and hand out the contract itself.
#[tokio::test]
async fn reflection_tells_the_services() {
    use tonic_reflection::pb::{v1, v1alpha};
    let files = Files::new();
    let running = files.start().await;
    let channel = files.channel(running.grpc.port()).await;

    let ask = v1::ServerReflectionRequest {
        message_request: Some(v1::server_reflection_request::MessageRequest::ListServices(String::new())),
        ..Default::default()
    };
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let mut told = client.server_reflection_info(tokio_stream::once(ask)).await.unwrap().into_inner();
    let told = told.message().await.unwrap().unwrap().message_response.unwrap();
    let v1::server_reflection_response::MessageResponse::ListServicesResponse(list) = told else { panic!() };
    let names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    assert!(
        names.contains(&SERVICE.to_owned()) && names.contains(&"grpc.health.v1.Health".to_owned()),
        "{names:?}"
    );

    let ask = v1alpha::ServerReflectionRequest {
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(
            SERVICE.into(),
        )),
        ..Default::default()
    };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let mut told = client.server_reflection_info(tokio_stream::once(ask)).await.unwrap().into_inner();
    let told = told.message().await.unwrap().unwrap().message_response.unwrap();
    let v1alpha::server_reflection_response::MessageResponse::FileDescriptorResponse(files_told) = told
    else {
        panic!()
    };
    assert!(!files_told.file_descriptor_proto.is_empty());
    running.stop().await.unwrap();
}
