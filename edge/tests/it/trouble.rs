//! A decider that is down, slow or mad never becomes an approval, and never silence.

use std::time::{Duration, Instant};

use proto::decider::v1::{Action, DecideResponse, Verdict};
use tonic::Code;

use crate::support::{
    Bench, CONFIG, Decider, Files, Manner, Reply, TX, TX_ID, impatient, start_edge, vector,
};

/// The configured deadline, and room for a busy machine.
const DEADLINE: Duration = Duration::from_secs(1);
const ROOM: Duration = Duration::from_secs(5);

async fn ask(bench: &Bench) -> Reply {
    bench.caller().post(TX, vector("synthetic_request_tx_sign.jwt")).await
}

#[tokio::test]
async fn a_silent_decider_means_retry_within_the_budget() {
    let bench = Bench::with(Manner::Silent, impatient).await;
    let begun = Instant::now();
    assert_eq!(ask(&bench).await.told(), ("RETRY".to_owned(), TX_ID.to_owned()));
    assert!(begun.elapsed() >= DEADLINE && begun.elapsed() < DEADLINE + ROOM, "{:?}", begun.elapsed());
    // And it was told how long it had.
    assert!(bench.decider.metadata().contains_key("grpc-timeout"));
}

#[tokio::test]
async fn an_error_of_the_decider_means_retry() {
    for code in [
        Code::Unavailable,
        Code::FailedPrecondition,
        Code::ResourceExhausted,
        Code::DeadlineExceeded,
        Code::Internal,
        Code::Unknown,
        Code::Cancelled,
        Code::PermissionDenied,
        Code::Unauthenticated,
        Code::Unimplemented,
        Code::NotFound,
        Code::DataLoss,
    ] {
        let bench = Bench::with(Manner::Failing(code), impatient).await;
        assert_eq!(ask(&bench).await.told(), ("RETRY".to_owned(), TX_ID.to_owned()), "{code:?}");
        let config = bench.caller().post(CONFIG, vector("synthetic_request_config_change.jwt")).await;
        assert_eq!(config.action(), "RETRY", "{code:?}");
    }
}

#[tokio::test]
async fn a_breach_of_the_contract_is_our_bug_and_never_approves() {
    let bench = Bench::with(Manner::Failing(Code::InvalidArgument), impatient).await;
    assert_eq!(ask(&bench).await.action(), "REJECT");
    assert_eq!(bench.decider.asked().len(), 1);
    let config = bench.caller().post(CONFIG, vector("synthetic_request_config_change.jwt")).await;
    assert_eq!(config.action(), "IGNORE");
    assert!(
        bench
            .admin("/metrics")
            .await
            .1
            .contains(r#"decider_errors_total{code="INVALID_ARGUMENT",fleet="default"} 2"#)
    );
}

#[tokio::test]
async fn garbage_means_retry() {
    let spoils: [fn(&mut DecideResponse); 9] = [
        |answer| answer.verdict = Verdict::Unspecified.into(),
        |answer| answer.verdict = Verdict::Deny.into(),
        |answer| answer.verdict = Verdict::Hold.into(),
        |answer| answer.verdict = 99,
        |answer| answer.action = Action::Unspecified.into(),
        |answer| answer.action = 99,
        |answer| answer.action = Action::Ignore.into(),
        |answer| answer.callback_request_id.push(' '),
        |answer| *answer = DecideResponse::default(),
    ];
    for spoil in spoils {
        let bench = Bench::with(Manner::Garbage(spoil), impatient).await;
        assert_eq!(ask(&bench).await.told(), ("RETRY".to_owned(), TX_ID.to_owned()));
        assert!(
            bench
                .admin("/metrics")
                .await
                .1
                .contains(r#"decider_errors_total{code="GARBAGE",fleet="default"} 1"#)
        );
    }
}

#[tokio::test]
async fn a_decider_that_comes_back_is_reached_soon() {
    let mut bench = Bench::with(Manner::Allowing, impatient).await;
    assert_eq!(ask(&bench).await.action(), "APPROVE");
    let port = bench.decider.port;
    bench.decider = Decider::start(&bench.files, Manner::Allowing).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    assert_eq!(ask(&bench).await.action(), "RETRY");
    assert!(begun.elapsed() < DEADLINE + ROOM, "{:?}", begun.elapsed());
    bench.decider = Decider::start_at(&bench.files, Manner::Allowing, port).await;
    let returned = Instant::now();
    while ask(&bench).await.action() != "APPROVE" {
        assert!(returned.elapsed() < ROOM, "{:?}", returned.elapsed());
    }
}

#[tokio::test]
async fn a_restart_under_a_call_is_bridged() {
    let mut bench = Bench::new(Manner::Silent).await;
    let port = bench.decider.port;
    let caller = bench.caller();
    let asking = tokio::spawn(async move { caller.post(TX, vector("synthetic_request_tx_sign.jwt")).await });
    while bench.decider.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The call is with the old decider when that goes; the new one takes it over.
    bench.decider = Decider::start(&bench.files, Manner::Silent).await;
    let _new = Decider::start_at(&bench.files, Manner::Allowing, port).await;
    assert_eq!(asking.await.expect("answered").action(), "APPROVE");
}

#[tokio::test]
async fn a_decider_under_another_ca_is_not_believed() {
    let (files, other) = (Files::new(), Files::new());
    let decider = Decider::start(&other, Manner::Allowing).await;
    let edge = start_edge(&files, &impatient(files.yaml(decider.port))).await;
    let bench = Bench { files, decider, edge };
    assert_eq!(ask(&bench).await.action(), "RETRY");
    assert_eq!(bench.decider.asked(), []);
}
