//! How long a caller may take.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::support::{Bench, Manner, Raw, TX, post, vector};

/// A limit of a second is kept, with time for a busy machine.
const A_SECOND: std::ops::Range<Duration> = Duration::from_millis(900)..Duration::from_secs(8);
const GET: &str = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Sends a byte every 100 ms until the edge ends it, and says how long that took.
async fn drip(stream: &mut Raw, bytes: &[u8]) -> Duration {
    let begun = Instant::now();
    for byte in bytes.iter().cycle() {
        if stream.0.write_all(&[*byte]).await.is_err() || stream.0.flush().await.is_err() {
            break;
        }
        // What it says until it ends does not matter.
        let read = timeout(Duration::from_millis(100), stream.0.read(&mut [0; 1024])).await;
        if matches!(read, Ok(Ok(0) | Err(_))) {
            break;
        }
    }
    begun.elapsed()
}

#[tokio::test]
async fn who_says_nothing_is_shown_out() {
    let bench = Bench::limited(Manner::Allowing, "handshake_timeout: 1s\nheader_timeout: 1s").await;
    let (begun, mut silent) =
        (Instant::now(), TcpStream::connect(bench.edge.address).await.expect("connects"));
    let _ = silent.read_u8().await;
    assert!(A_SECOND.contains(&begun.elapsed()), "handshake");
    assert!(A_SECOND.contains(&Raw::connect(&bench).await.ended_after().await), "HTTP/1 headers");
    let mut http2 = Raw(bench.caller().over_http2().connect().await);
    assert!(A_SECOND.contains(&http2.ended_after().await), "HTTP/2 preface");
    bench.until_counted("countersign_edge_handshakes_failed_total 1").await;
    bench.until_counted(r#"countersign_edge_connections_ended_total{reason="header_timeout"} 2"#).await;
    bench.until_counted("countersign_edge_connections 0").await;
}

#[tokio::test]
async fn headers_must_come_in_time_however_slowly_they_drip() {
    let bench = Bench::limited(Manner::Allowing, "header_timeout: 1s\nidle_timeout: 60s").await;
    let slow = format!("GET / HTTP/1.1\r\nx: {}", "v".repeat(1000));
    let mut first = Raw::connect(&bench).await;
    assert!(A_SECOND.contains(&drip(&mut first, slow.as_bytes()).await), "of the first request");
    let mut second = Raw::connect(&bench).await;
    assert_eq!(second.ask(GET).await, Some(404));
    sleep(Duration::from_millis(1500)).await;
    assert!(A_SECOND.contains(&drip(&mut second, slow.as_bytes()).await), "of a later one, after a pause");
    let mut frames = Raw(bench.caller().over_http2().connect().await);
    assert!(A_SECOND.contains(&drip(&mut frames, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await), "of HTTP/2");
}

#[tokio::test]
async fn between_requests_there_is_as_much_time_as_the_idle_timeout() {
    let bench = Bench::limited(Manner::Allowing, "header_timeout: 1s\nidle_timeout: 2s").await;
    let mut kept = Raw::connect(&bench).await;
    let chunked = format!(
        "POST {TX} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
    );
    for (pause, request, status) in [
        (0, GET.as_bytes(), 404),
        (1500, GET.as_bytes(), 404),
        (1500, &post(TX, &vec![b'a'; 1 << 20]), 401),
        (1500, chunked.as_bytes(), 401),
        (1500, &post("/nope", &vec![b'a'; 1 << 20]), 404),
        (1500, GET.as_bytes(), 404),
    ] {
        sleep(Duration::from_millis(pause)).await;
        assert_eq!(kept.ask(request).await, Some(status), "after {pause} ms");
    }
    let idle = Duration::from_millis(1900)..Duration::from_millis(4500);
    assert!(idle.contains(&kept.ended_after().await));
    bench.until_counted(r#"countersign_edge_connections_ended_total{reason="idle_timeout"} 1"#).await;
}

/// Whether it comes with the request before it or behind that, and whatever else is between them.
#[tokio::test]
async fn a_head_that_begins_ahead_of_an_answer_has_no_longer() {
    let manner = Manner::Slow(Duration::from_millis(300));
    let bench = Bench::limited(manner, "header_timeout: 1s\nidle_timeout: 60s").await;
    let token = post(TX, &vector("synthetic_request_tx_sign.jwt"));
    for (together, apart, answers) in [
        ([&token, b"GET / HT".as_slice()].concat(), "", 1),
        (token.clone(), "GET / HT", 1),
        ([&token, GET.as_bytes(), b"G"].concat(), "", 2),
        (token.clone(), &format!("{GET}{GET}GET /"), 3),
        (format!("{GET}GET / HTTP/1.1\r\nx:").into_bytes(), "", 1),
    ] {
        let mut stream = Raw::connect(&bench).await;
        stream.send(together).await;
        if !apart.is_empty() {
            sleep(Duration::from_millis(100)).await;
            stream.send(apart).await;
        }
        for _ in 0..answers {
            assert!(stream.answer().await.is_some(), "{apart}");
        }
        assert!(A_SECOND.contains(&stream.ended_after().await), "{apart}");
    }
    bench.until_counted(r#"countersign_edge_connections_ended_total{reason="header_timeout"} 5"#).await;
}

#[tokio::test]
async fn a_body_must_come_whole_and_in_time_however_slowly_it_drips() {
    let bench = Bench::limited(Manner::Allowing, "body_timeout: 1s").await;
    let mut slow = Raw::connect(&bench).await;
    slow.send(format!("POST {TX} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n")).await;
    let (begun, mut answer) = (Instant::now(), [0; 12]);
    slow.0.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert!(A_SECOND.contains(&begun.elapsed()));
    let mut dripped = Raw::connect(&bench).await;
    dripped.send(format!("POST {TX} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n")).await;
    assert!(A_SECOND.contains(&drip(&mut dripped, b"a").await));
}

/// It asks and asks, and never reads an answer.
#[tokio::test]
async fn who_does_not_take_the_answers_is_shown_out() {
    let bench = Bench::limited(Manner::Allowing, "write_timeout: 1s\nidle_timeout: 60s").await;
    let mut stream = Raw::connect(&bench).await;
    let (many, begun) = (GET.repeat(1000), Instant::now());
    while timeout(Duration::from_secs(10), stream.0.write_all(many.as_bytes())).await.expect("ended").is_ok()
    {
        assert!(begun.elapsed() < Duration::from_secs(30), "still served");
    }
    bench.until_counted(r#"countersign_edge_connections_ended_total{reason="write_timeout"} 1"#).await;
    bench.until_counted("countersign_edge_connections 0").await;
}

#[tokio::test]
async fn a_connection_of_age_ends_with_an_answer() {
    let bench = Bench::limited(Manner::Allowing, "max_connection_age: 2s").await;
    let (mut kept, token) = (Raw::connect(&bench).await, vector("synthetic_request_tx_sign.jwt"));
    kept.send(post(TX, &token)).await;
    let (status, headers) = kept.answer().await.expect("an answer");
    assert!(status == 200 && !headers.contains("connection: close"), "{headers}");
    sleep(Duration::from_millis(2100)).await;
    kept.send(post(TX, &token)).await;
    let (status, headers) = kept.answer().await.expect("an answer");
    assert!(status == 200 && headers.contains("connection: close"), "{headers}");
    assert!(kept.ended_after().await < Duration::from_secs(8));
}

/// With a request in flight all the time: none may be lost.
#[tokio::test]
async fn a_connection_of_age_ends_after_what_is_in_flight_over_http2() {
    let bench = Bench::limited(Manner::Slow(Duration::from_millis(300)), "max_connection_age: 1s").await;
    let token = vector("synthetic_request_tx_sign.jwt");
    let mut connection = bench.caller().over_http2().session().await;
    let (begun, mut answers) = (Instant::now(), 0);
    while connection.ready().await {
        assert!(begun.elapsed() < Duration::from_secs(5), "still taking requests");
        assert_eq!(connection.post(TX, &token).await, 200);
        answers += 1;
    }
    assert!(
        answers >= 3 && begun.elapsed() > Duration::from_millis(900),
        "{answers} in {:?}",
        begun.elapsed()
    );
}
