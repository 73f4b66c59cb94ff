//! Proxies before the listener of JWT mode: the limits of an address are those of who is behind one.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Bench, Caller, Manner, Raw, TX, post, vector};

const PROXY: &str = "127.0.5.5";
/// From 127.0.7.7.
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\x07\x07\x7f\0\0\x01\x0f\xa0\x20\xfc";
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

fn v1(source: &str) -> Vec<u8> {
    format!("PROXY TCP4 {source} 127.0.0.1 4000 8443\r\n").into_bytes()
}

async fn proxied(limits: &str) -> Bench {
    Bench::limited(Manner::Allowing, &format!("proxies: [{PROXY}/32]\n{limits}")).await
}

fn behind(bench: &Bench, source: &str) -> Caller {
    bench.caller().from(PROXY).after(&v1(source))
}

async fn is_answered(caller: &Caller) {
    assert_eq!(caller.post(TX, vector("synthetic_request_tx_sign.jwt")).await.action(), "APPROVE");
}

#[tokio::test]
async fn whoever_is_behind_one_is_answered_and_so_is_who_comes_without_one() {
    let bench = proxied("").await;
    is_answered(&behind(&bench, "192.0.2.1")).await;
    is_answered(&bench.caller().from(PROXY).after(V2)).await;
    is_answered(&bench.caller().from(PROXY).over_http2().after(V2)).await;
    is_answered(&bench.caller().from(PROXY).after(LOCAL)).await;
    is_answered(&bench.caller().from("127.0.7.7")).await;
}

#[tokio::test]
async fn limits_of_an_address_are_of_who_is_behind_the_proxy() {
    let bench = proxied("request_rate_per_address: 2\nmax_connections_per_address: 2").await;
    let connect = async |source: &str| Raw(behind(&bench, source).connect().await);
    let junk = post(TX, b"not a token");
    let mut flooding = connect("192.0.2.1").await;
    assert_eq!(flooding.ask_until_other(&junk).await, [Some(401), Some(429)]);
    let mut another = connect("192.0.2.2").await;
    assert_eq!(another.ask(&junk).await, Some(401), "another address behind the same proxy");
    let mut second = connect("192.0.2.1").await;
    assert!(flooding.is_open().await, "as many as may be");
    let _third = connect("192.0.2.1").await;
    flooding.ended_after().await;
    assert!(second.is_open().await && another.is_open().await);
    bench.until_counted(r#"countersign_edge_shed_total{reason="connections_of_address"} 1"#).await;
}

#[tokio::test]
async fn a_proxy_that_does_not_say_for_whom_gets_nobody_in() {
    let bench = proxied("").await;
    for header in [b"".as_slice(), b"PROXY UNKNOWN\r\n", b"PROXY TCP4 127.0.7.7\r\n"] {
        assert!(bench.caller().from(PROXY).after(header).try_connect().await.is_err());
    }
    bench.until_counted(r#"countersign_edge_refused_connections_total{reason="proxy_header"} 3"#).await;
    assert_eq!(bench.decider.calls(), 0);
}

#[tokio::test]
async fn nobody_else_chooses_his_address() {
    let bench = proxied("").await;
    for header in [v1("192.0.2.1"), V2.to_vec(), LOCAL.to_vec()] {
        assert!(bench.caller().from("127.0.5.6").after(&header).try_connect().await.is_err());
    }
    let twice = [v1("192.0.2.1"), v1("192.0.2.2")].concat();
    assert!(bench.caller().from(PROXY).after(&twice).try_connect().await.is_err());
    // Where no proxy is listed none is believed.
    let bench = Bench::new(Manner::Allowing).await;
    assert!(behind(&bench, "192.0.2.1").try_connect().await.is_err());
    is_answered(&bench.caller().from(PROXY)).await;
}

#[tokio::test]
async fn a_header_must_come_in_time() {
    let bench = proxied("handshake_timeout: 1s").await;
    let (begun, mut got) = (Instant::now(), Vec::new());
    let mut slow = bench.caller().from(PROXY).connect_tcp().await;
    slow.write_all(b"PROXY TCP4 192.0.2.1 ").await.expect("sent");
    let read = slow.read_to_end(&mut got);
    let ended = tokio::time::timeout(Duration::from_secs(10), read).await.expect("ended");
    assert!(ended.is_err() || got.is_empty(), "{got:?}");
    assert!(begun.elapsed() > Duration::from_millis(900), "{:?}", begun.elapsed());
    bench.until_counted(r#"countersign_edge_refused_connections_total{reason="proxy_header"} 1"#).await;
}
