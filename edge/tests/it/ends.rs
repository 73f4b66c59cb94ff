//! Readiness, and an orderly end.

use std::time::{Duration, Instant};

use tokio::{io::AsyncReadExt as _, net::TcpStream};

use crate::support::{
    Bench, Manner, Raw, TX,
    caller::{plain_get, until_refused},
    post, vector,
};

#[tokio::test]
async fn readiness_says_what_is_missing() {
    let mut bench = Bench::new(Manner::Allowing).await;
    bench.until_ready().await;
    assert_eq!(bench.admin("/livez").await, (200, "ok\n".to_owned()));
    assert!(bench.admin("/metrics").await.1.contains(r#"countersign_edge_decider_ready{fleet="default"} 1"#));
    bench.decider = crate::support::Decider::start(&bench.files, Manner::Allowing).await;
    let lost = Instant::now();
    while bench.admin("/readyz").await.0 == 200 {
        assert!(lost.elapsed() < Duration::from_secs(10), "still ready without a decider");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(bench.admin("/readyz").await, (503, "decider: not ready\n".to_owned()));
    assert_eq!(bench.admin("/livez").await.0, 200);
    assert_eq!(bench.admin("/servez").await, (200, "serving\n".to_owned()), "it still says RETRY");
}

/// Whoever reaches the admin port may connect and say nothing: neither probes nor callbacks go without because of it.
#[tokio::test]
async fn silent_connections_to_the_admin_port_are_few_and_short() {
    const LONG: Duration = Duration::from_secs(90);
    let bench = Bench::new(Manner::Allowing).await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(bench.edge.admin_address).await.expect("connected"));
    }
    assert_eq!(bench.admin("/livez").await.0, 200);
    let mut nothing = Vec::new();
    for mut each in silent {
        let closed = tokio::time::timeout(LONG, each.read_to_end(&mut nothing)).await;
        assert!(closed.is_ok(), "a silent connection is still open");
    }
}

/// Else who asks when the notice is over would find the connection closed under his request.
#[tokio::test]
async fn for_the_notice_connections_end_with_their_next_answer() {
    let bench = Bench::limited(Manner::Allowing, "drain_notice: 1s").await;
    let mut kept = Raw::connect(&bench).await;
    let token = vector("synthetic_request_tx_sign.jwt");
    kept.send(post(TX, &token)).await;
    let (_, head) = kept.answer().await.expect("an answer");
    assert!(!head.contains("connection: close"), "{head}");
    let admin = bench.edge.admin_address;
    let ending = tokio::spawn(bench.edge.end());
    while plain_get(admin, "/servez").await.0 == 200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    kept.send(post(TX, &token)).await;
    let (status, head) = kept.answer().await.expect("an answer");
    assert!(status == 200 && head.contains("connection: close"), "{head}");
    ending.await.expect("ended");
}

#[tokio::test]
async fn the_end_waits_for_what_is_in_flight() {
    const LONG: Duration = Duration::from_secs(3);
    let Bench { files, decider, edge } = Bench::new(Manner::Slow(LONG)).await;
    let (address, admin) = (edge.address, edge.admin_address);
    let caller = crate::support::Caller::new(address, &files);
    let begun = Instant::now();
    let asking = tokio::spawn(async move { caller.post(TX, vector("synthetic_request_tx_sign.jwt")).await });
    while decider.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let ending = tokio::spawn(edge.end());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(plain_get(admin, "/readyz").await.1.contains("listener: not serving"));
    ending.await.expect("ended");
    assert!(begun.elapsed() >= LONG, "the process would end under a request");
    assert_eq!(asking.await.expect("answered").action(), "APPROVE");
    until_refused(address).await;
}

/// Balancers need some seconds to notice that it is no longer ready; until then they send new callers.
#[tokio::test]
async fn for_the_notice_new_callers_are_answered_while_it_is_not_ready() {
    const NOTICE: Duration = Duration::from_secs(2);
    let bench = Bench::limited(Manner::Allowing, "drain_notice: 2s").await;
    let (address, admin) = (bench.edge.address, bench.edge.admin_address);
    bench.until_ready().await;
    let Bench { files, edge, decider: _decider } = bench;
    let caller = crate::support::Caller::new(address, &files);
    let begun = Instant::now();
    let ending = tokio::spawn(edge.end());
    while begun.elapsed() + Duration::from_millis(700) < NOTICE {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(plain_get(admin, "/readyz").await.0, 503);
        assert_eq!(caller.post(TX, vector("synthetic_request_tx_sign.jwt")).await.action(), "APPROVE");
    }
    ending.await.expect("ended");
    assert!(begun.elapsed() >= NOTICE, "{:?}", begun.elapsed());
    until_refused(address).await;
}
