//! Bounds on what a caller may take, readiness, and an orderly end.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Bench, Manner, TX, caller::plain_get, vector};

fn tight(yaml: String) -> String {
    let limits = "  handshake_timeout: 1s\n  header_timeout: 1s\n  body_timeout: 1s\n  max_body_bytes: 16384\n  max_connections: 2\nadmin:";
    yaml.replace("admin:", limits)
}

/// How long the edge takes to end a connection by itself.
async fn ended_after(mut stream: impl tokio::io::AsyncRead + Unpin) -> Duration {
    let begun = Instant::now();
    let mut sink = Vec::new();
    let _ =
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut sink)).await.expect("ended");
    begun.elapsed()
}

#[tokio::test]
async fn who_says_nothing_is_shown_out() {
    let bench = Bench::with(Manner::Allowing, tight).await;
    let about_a_second = Duration::from_millis(800)..Duration::from_secs(5);
    let silent = TcpStream::connect(bench.edge.address).await.expect("connects");
    assert!(about_a_second.contains(&ended_after(silent).await), "handshake");
    assert!(about_a_second.contains(&ended_after(bench.caller().connect().await).await), "HTTP/1 headers");
    assert!(
        about_a_second.contains(&ended_after(bench.caller().over_http2().connect().await).await),
        "HTTP/2 preface"
    );
    assert!(bench.admin("/metrics").await.1.contains("countersign_edge_failed_handshakes_total 1"));
}

#[tokio::test]
async fn a_body_must_come_whole_and_in_time() {
    let bench = Bench::with(Manner::Allowing, tight).await;
    let mut slow = bench.caller().connect().await;
    let head = format!("POST {TX} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nabc");
    let begun = Instant::now();
    slow.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = [0; 12];
    slow.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert!(begun.elapsed() < Duration::from_millis(3500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn sizes_are_bounded() {
    let bench = Bench::with(Manner::Allowing, tight).await;
    let caller = bench.caller();
    assert_eq!(caller.post(TX, vec![b'a'; 16384]).await.status, 401);
    assert_eq!(caller.post(TX, vec![b'a'; 16385]).await.status, 413);
    let many = (0..70)
        .fold(caller.request(http::Method::POST, TX), |request, i| request.header(format!("x-{i}"), "v"));
    assert_eq!(caller.send(many, "").await.status, 431);
    let long = caller.request(http::Method::POST, TX).header("x", "v".repeat(20_000));
    assert_eq!(caller.send(long, "").await.status, 431);
    assert_eq!(bench.decider.asked(), []);
}

#[tokio::test]
async fn connections_are_bounded() {
    let bench = Bench::with(Manner::Allowing, |yaml| {
        tight(yaml).replace("header_timeout: 1s", "header_timeout: 60s")
    })
    .await;
    let (first, _second) = (bench.caller().connect().await, bench.caller().connect().await);
    let caller = bench.caller();
    let third = tokio::spawn(async move { caller.post(TX, vector("synthetic_request_tx_sign.jwt")).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!third.is_finished(), "waits to be accepted");
    drop(first);
    assert_eq!(third.await.expect("answered").action(), "APPROVE");
}

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
}

#[tokio::test]
async fn the_end_waits_for_what_is_in_flight() {
    let Bench { files, decider, edge } = Bench::with(Manner::Slow(Duration::from_millis(1500)), |yaml| {
        yaml.replace("deadline: 1s", "deadline: 5s")
    })
    .await;
    let (address, admin) = (edge.address, edge.admin_address);
    let caller = crate::support::Caller::new(address, &files);
    let asking = tokio::spawn(async move { caller.post(TX, vector("synthetic_request_tx_sign.jwt")).await });
    while decider.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let begun = Instant::now();
    let ending = tokio::spawn(edge.end());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(plain_get(admin, "/readyz").await.1.contains("listener: not serving"));
    ending.await.expect("ended");
    assert!(begun.elapsed() > Duration::from_millis(1400), "the process would end under a request");
    assert_eq!(asking.await.expect("answered").action(), "APPROVE");
    assert!(TcpStream::connect(address).await.is_err(), "nobody may connect any more");
}
