//! Who may connect to the listener of JSON mode at all.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{
    Bench, Caller, Decider, Files, JSON_TX, LOOPBACK, Manner, Raw, TX, json_yaml, post, skipped, start_edge,
    vector,
};

const PAYLOAD: &str = r#"{"requestId":"r"}"#;
/// From 127.0.7.7.
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\x07\x07\x7f\0\0\x01\x0f\xa0\x20\xfc";
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

fn v1(source: &str) -> Vec<u8> {
    format!("PROXY TCP4 {source} 127.0.0.1 4000 8444\r\n").into_bytes()
}

async fn is_answered(caller: &Caller) {
    assert_eq!(caller.post(JSON_TX, PAYLOAD).await.plain()["action"], "APPROVE");
}

/// Closed without a byte, whatever is sent.
async fn is_turned_away(caller: &Caller) {
    let mut stream = caller.connect_tcp().await;
    let mut got = Vec::new();
    let read = stream.read_to_end(&mut got);
    let ended = tokio::time::timeout(Duration::from_secs(5), read).await.expect("closed");
    assert!(ended.is_err() || got.is_empty(), "{got:?}");
    assert!(caller.try_connect().await.is_err());
}

async fn counted(bench: &Bench, line: &str) -> bool {
    bench.admin("/metrics").await.1.lines().any(|told| told == line)
}

#[tokio::test]
async fn from_another_network_nobody_gets_a_byte() {
    let bench = Bench::json(Manner::Allowing, "source_networks: [127.0.1.0/24, '127.0.2.2/32']").await;
    let json = || bench.json_caller();
    for inside in ["127.0.1.0", "127.0.1.255", "127.0.2.2"] {
        is_answered(&json().from(inside)).await;
    }
    let outside = ["127.0.0.1", "127.0.0.255", "127.0.2.0", "127.0.2.1", "127.0.2.3"];
    for outside in outside {
        is_turned_away(&json().from(outside)).await;
    }
    assert_eq!(bench.decider.calls(), 3);
    assert!(counted(&bench, r#"countersign_edge_refused_connections_total{reason="source"} 10"#).await);
    assert!(counted(&bench, "countersign_edge_handshakes_failed_total 0").await);
    // The fence is around JSON mode alone.
    let jwt = bench.caller().from("127.0.0.1");
    assert_eq!(jwt.post(TX, vector("synthetic_request_tx_sign.jwt")).await.action(), "APPROVE");
}

#[tokio::test]
async fn an_ipv4_caller_of_a_socket_for_both_is_an_ipv4_caller() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return skipped("this machine has no IPv6");
    }
    let files = Files::new();
    let decider = Decider::start(&files, Manner::Allowing).await;
    for (list, from_ipv4, from_ipv6) in [
        ("[127.0.0.0/8]", true, false),
        ("['::ffff:127.0.0.0/104']", true, false),
        ("['::1/128']", false, true),
        ("['::/16']", false, true),
        ("[127.0.0.0/8, '::1/128']", true, true),
    ] {
        let fields = format!("source_networks: {list}");
        let yaml = files.yaml(decider.port) + &json_yaml("[::]:0", &fields);
        let edge = start_edge(&files, &yaml).await;
        let port = edge.json_address.expect("JSON mode").port();
        for (host, inside) in [("127.0.0.1", from_ipv4), ("[::1]", from_ipv6)] {
            let address = format!("{host}:{port}").parse().expect("an address");
            let caller = Caller::new(address, &files);
            assert_eq!(caller.try_connect().await.is_ok(), inside, "{list} from {host}");
        }
        edge.end().await;
    }
}

#[tokio::test]
async fn where_a_client_certificate_is_asked_for_only_one_of_that_authority_will_do() {
    let bench = Bench::json(Manner::Allowing, &format!("{LOOPBACK}\n    client_ca: ca.pem")).await;
    let foreign = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let own = (bench.files.read("client.crt"), bench.files.read("client.key"));
    let foreign = (foreign.cert.pem().into_bytes(), foreign.signing_key.serialize_pem().into_bytes());
    is_answered(&bench.json_caller().showing(&own.0, &own.1)).await;
    is_answered(&bench.json_caller().over_http2().showing(&own.0, &own.1)).await;
    for caller in [bench.json_caller(), bench.json_caller().showing(&foreign.0, &foreign.1)] {
        assert!(refused_in_tls(&caller).await);
    }
    assert_eq!(bench.decider.calls(), 2);
    // Nobody is asked for one in JWT mode.
    let jwt = bench.caller();
    assert_eq!(jwt.post(TX, vector("synthetic_request_tx_sign.jwt")).await.action(), "APPROVE");
}

/// Else a ticket would carry it on past its end.
#[tokio::test]
async fn a_client_certificate_is_shown_at_every_connection() {
    let bench = Bench::json(Manner::Allowing, &format!("{LOOPBACK}\n    client_ca: ca.pem")).await;
    let caller =
        bench.json_caller().showing(&bench.files.read("client.crt"), &bench.files.read("client.key"));
    for _ in 0..3 {
        let mut connection = Raw(caller.connect().await);
        assert_eq!(connection.ask(post(JSON_TX, PAYLOAD.as_bytes())).await, Some(200));
        assert_eq!(connection.0.get_ref().1.handshake_kind(), Some(rustls::HandshakeKind::Full));
    }
}

/// In TLS 1.3 a client learns of it with the first bytes it reads.
async fn refused_in_tls(caller: &Caller) -> bool {
    let Ok(mut stream) = caller.try_connect().await else { return true };
    let request = format!("POST {JSON_TX} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
    let _ = stream.write_all(request.as_bytes()).await;
    let mut got = Vec::new();
    stream.read_to_end(&mut got).await.is_err() && got.is_empty()
}

/// Callers are in 127.0.7.0/24, and proxies at 127.0.5.5 and 127.0.7.5.
async fn proxied() -> Bench {
    let fields = "source_networks: [127.0.7.0/24]\n    proxies: [127.0.5.5/32, 127.0.7.5/32]\n    handshake_timeout: 1s";
    Bench::json(Manner::Allowing, fields).await
}

#[tokio::test]
async fn a_proxy_is_believed_who_is_behind_it() {
    let bench = proxied().await;
    let json = || bench.json_caller();
    is_answered(&json().from("127.0.5.5").after(&v1("127.0.7.7"))).await;
    is_answered(&json().from("127.0.5.5").after(V2)).await;
    is_answered(&json().from("127.0.5.5").over_http2().after(V2)).await;
    is_answered(&json().from("127.0.5.5").after(b"PROXY TCP6 ::ffff:127.0.7.7 ::1 4000 8444\r\n")).await;
    // Past the proxy, from the networks.
    is_answered(&json().from("127.0.7.7")).await;
    // For itself: only where it is of the networks.
    is_answered(&json().from("127.0.7.5").after(LOCAL)).await;
    for header in [v1("127.0.8.7"), v1("10.1.2.3"), LOCAL.to_vec()] {
        assert!(json().from("127.0.5.5").after(&header).try_connect().await.is_err());
    }
    assert_eq!(bench.decider.calls(), 6);
    assert!(counted(&bench, r#"countersign_edge_refused_connections_total{reason="source"} 3"#).await);
}

#[tokio::test]
async fn nobody_else_chooses_his_address() {
    let bench = proxied().await;
    let json = || bench.json_caller();
    // Of the networks and no proxy: the header is no TLS.
    for header in [v1("127.0.7.7"), V2.to_vec(), LOCAL.to_vec()] {
        assert!(json().from("127.0.7.7").after(&header).try_connect().await.is_err());
    }
    // Of no network: it is not even read.
    for header in [v1("127.0.7.7"), V2.to_vec()] {
        assert!(json().from("127.0.9.9").after(&header).try_connect().await.is_err());
    }
    // Behind the proxy: what he sends first comes second.
    let twice = [v1("127.0.8.8"), v1("127.0.7.7")].concat();
    assert!(json().from("127.0.5.5").after(&twice).try_connect().await.is_err());
    let twice = [v1("127.0.7.7"), v1("127.0.7.8")].concat();
    assert!(json().from("127.0.5.5").after(&twice).try_connect().await.is_err());
    assert_eq!(bench.decider.calls(), 0);
}

#[tokio::test]
async fn a_proxy_that_does_not_say_for_whom_gets_nobody_in() {
    let bench = proxied().await;
    let json = || bench.json_caller();
    let long_v2 = [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x02\x09".as_slice(), &[0; 521]].concat();
    let long_v1 = [b"PROXY TCP4 ".as_slice(), &[b'1'; 120]].concat();
    for header in [
        b"".as_slice(),
        b"PROXY UNKNOWN\r\n",
        b"PROXY TCP4 127.0.7.7\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\0\0\0",
        &long_v1,
        &long_v2,
    ] {
        // Even of the networks itself.
        for proxy in ["127.0.5.5", "127.0.7.5"] {
            assert!(json().from(proxy).after(header).try_connect().await.is_err());
        }
    }
    assert_eq!(bench.decider.calls(), 0);
    assert!(counted(&bench, r#"countersign_edge_refused_connections_total{reason="proxy_header"} 12"#).await);
}

#[tokio::test]
async fn a_header_may_come_in_bits_but_not_for_ever() {
    let bench = proxied().await;
    let caller = bench.json_caller().from("127.0.5.5");
    let mut stream = caller.connect_tcp().await;
    stream.set_nodelay(true).expect("set");
    for byte in V2 {
        stream.write_all(&[*byte]).await.expect("sent");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // Let in: it waits for TLS, and answers what is none with an alert.
    stream.write_all(b"no TLS at all").await.expect("sent");
    let mut got = Vec::new();
    stream.read_to_end(&mut got).await.expect("ended");
    assert_eq!(got.first(), Some(&0x15), "an alert: {got:?}");

    let begun = Instant::now();
    let mut slow = caller.connect_tcp().await;
    slow.write_all(b"PROXY TCP4 127.0.7.7 ").await.expect("sent");
    let mut got = Vec::new();
    let ended =
        tokio::time::timeout(Duration::from_secs(10), slow.read_to_end(&mut got)).await.expect("ended");
    assert!(ended.is_err() || got.is_empty(), "{got:?}");
    assert!(begun.elapsed() > Duration::from_millis(800), "{:?}", begun.elapsed());
}
