//! How connections and the server end: no call is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use decider::app::StartError;
use proto::decider::v1::decision_service_client::DecisionServiceClient;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::faults::{Served, SlowStore, serve};
use crate::load::Load;
use crate::support::{CONFIG, DEADLINE, Files, call, told, transfer};

#[tokio::test(flavor = "multi_thread")]
async fn connections_grow_old_and_no_call_fails_of_it() {
    let files = Files::new();
    files.write("decider.yaml", &CONFIG.replace("drain_notice: 0s", "connection_age: 1s"));
    let running = files.start().await;
    let load = Load::on(files.client(&running).await, 8);
    let begun = Instant::now();
    let accepted = async || told(running.admin, "countersign_decider_connections_accepted_total").await;
    while accepted().await < 4 {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} connections", accepted().await);
        sleep(Duration::from_millis(50)).await;
    }
    let (answered, failed) = load.end().await;
    assert!(failed.is_empty(), "{failed:?}");
    assert!(begun.elapsed() > Duration::from_secs(2), "four connections, and {answered} calls");
    running.stop().await.unwrap();
}

/// A balancer asks for the health and stops to send once it is told: nobody notices that a decider has gone.
#[tokio::test(flavor = "multi_thread")]
async fn who_minds_the_health_loses_no_call_at_the_end() {
    let files = Files::new();
    files.write("decider.yaml", &CONFIG.replace("drain_notice: 0s", "drain_notice: 5s"));
    let running = files.start().await;
    let load = Load::on(files.client(&running).await, 8);
    let channel = files.channel(running.grpc.port()).await;
    let watch = HealthClient::new(channel).watch(HealthCheckRequest::default()).await.unwrap();
    let mut watch = watch.into_inner();
    while watch.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}

    let before = load.answered();
    let stopped = tokio::spawn(running.stop());
    let last = timeout(DEADLINE, watch.message()).await.unwrap().unwrap().unwrap();
    assert_eq!(last.status(), ServingStatus::NotServing);
    // Calls are still taken: it takes a balancer a moment to act on what it was told.
    while load.answered() == before {
        sleep(Duration::from_millis(20)).await;
    }
    let (answered, failed) = load.end().await;
    assert!(failed.is_empty() && answered > before, "{before} and {answered} answered; {failed:?}");
    drop(watch);
    timeout(DEADLINE, stopped).await.unwrap().unwrap().unwrap();
}

/// Whoever started it is told by its exit code, whichever of the two came first.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_failed_is_told_by_a_decider_that_is_told_to_end_just_then() {
    for heard in [false, true] {
        let files = Files::new();
        files.write("decider.yaml", &CONFIG.replace("store: memory", "store: {sqlite: data/decider.db}"));
        let mut running = files.start().await;
        std::fs::remove_file(files.path("data/decider.db")).unwrap();
        let refused = files.client(&running).await.decide(call(transfer("r-1", "0.1"))).await.unwrap_err();
        assert_eq!(refused.get_details_error_info().unwrap().reason, "STORE_FAILED");
        if heard {
            // The word of it comes just after the answer.
            sleep(Duration::from_millis(100)).await;
            tokio::select! {
                biased;
                ended = running.ended() => panic!("{ended:?}"),
                () = std::future::ready(()) => {}
            }
        }
        let ended = running.stop().await;
        assert!(matches!(ended, Err(StartError::StoreFailed(_))), "{heard}: {ended:?}");
    }
}

/// A watch has no end of its own.
#[tokio::test(flavor = "multi_thread")]
async fn who_watches_the_health_is_told_and_does_not_hold_up_the_end() {
    let files = Files::new();
    files.write("decider.yaml", &CONFIG.replace("drain_timeout: 5s", "drain_timeout: 60s"));
    let running = files.start().await;
    let channel = files.channel(running.grpc.port()).await;
    let watch = HealthClient::new(channel).watch(HealthCheckRequest::default()).await.unwrap();
    let mut watch = watch.into_inner();
    while watch.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    timeout(DEADLINE, running.stop()).await.expect("the watch holds it up").unwrap();
    let last = watch.message().await.unwrap().unwrap();
    assert_eq!(last.status(), ServingStatus::NotServing);
}

/// What was on its way when it takes no more calls is answered.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_left_are_answered_before_the_end() {
    let files = Files::new();
    let slow = SlowStore(Duration::from_secs(5));
    let Served { port, drain, .. } = serve(&files, Arc::new(slow)).await;
    let client = DecisionServiceClient::new(files.channel(port).await);
    let asked: Vec<_> = (0..50)
        .map(|number| {
            let mut client = client.clone();
            let request = call(transfer(&format!("r-{number}"), "0.1"));
            tokio::spawn(async move { client.decide(request).await })
        })
        .collect();
    sleep(Duration::from_millis(2500)).await;
    drain.cancel();
    for answer in asked {
        // The store's own word, and not that of a connection that broke.
        let status = answer.await.unwrap().unwrap_err();
        assert_eq!(status.code(), tonic::Code::ResourceExhausted, "{status:?}");
    }
}

/// Connections that say nothing, more than there are handshakes at once.
#[tokio::test]
async fn silent_connections_hold_up_nobody() {
    let files = Files::new();
    let running = files.start().await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(TcpStream::connect(running.grpc).await.unwrap());
    }
    let mut client = files.client(&running).await;
    client.decide(call(transfer("r-1", "0.1"))).await.unwrap();
    let last = silent.pop().unwrap();
    let closed = timeout(Duration::from_millis(50), last.peek(&mut [0])).await;
    assert!(closed.is_err(), "a client waited until the silent ones were closed");
    running.stop().await.unwrap();
}
