//! Answers that do not wait for the body: callers get them who send all of it first.

use std::time::{Duration, Instant};

use tokio::{io::AsyncWriteExt as _, time::timeout};

use crate::support::{Bench, Manner, Raw, TX, post};

const MIB: usize = 1 << 20;
/// Far more than is thrown away of a body, and than the buffers between the two ends hold.
const ENDLESS: usize = 256 * MIB;

fn head(method: &str, path: &str, bytes: usize) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {bytes}\r\n\r\n")
}

/// A request whose body has so many bytes.
fn request(method: &str, path: &str, bytes: usize) -> Vec<u8> {
    [head(method, path, bytes).into_bytes(), vec![b'a'; bytes]].concat()
}

/// How many bytes the edge takes before it ends the connection.
async fn taken(stream: &mut Raw) -> usize {
    let (chunk, mut taken) = (vec![b'a'; MIB / 16], 0);
    while taken < ENDLESS {
        let sent =
            timeout(Duration::from_secs(60), stream.0.write_all(&chunk)).await.expect("taken or ended");
        if sent.is_err() {
            break;
        }
        taken += chunk.len();
    }
    taken
}

#[tokio::test]
async fn who_sends_all_of_the_body_first_gets_the_answer() {
    let bench = Bench::new(Manner::Allowing).await;
    for (method, path, bytes, status) in [
        ("POST", TX, 4 * MIB + 1, 413),
        ("POST", TX, 8 * MIB, 413),
        ("POST", "/nope", 400_000, 404),
        ("POST", "/nope", 8 * MIB, 404),
        ("PUT", TX, 4 * MIB, 405),
    ] {
        let mut stream = Raw::connect(&bench).await;
        for _ in 0..3 {
            assert_eq!(stream.ask(request(method, path, bytes)).await, Some(status), "{path}: {bytes}");
        }
        // And the connection goes on.
        assert_eq!(stream.ask(post(TX, b"no token")).await, Some(401));
    }
}

#[tokio::test]
async fn so_does_who_does_not_say_how_much_comes() {
    let bench = Bench::new(Manner::Allowing).await;
    let mut stream = Raw::connect(&bench).await;
    let head = format!("POST {TX} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n");
    let chunks = format!("10000\r\n{}\r\n", "a".repeat(1 << 16)).repeat((6 * MIB) >> 16);
    assert_eq!(stream.ask(head + &chunks + "0\r\n\r\n").await, Some(413));
    assert_eq!(stream.ask(post(TX, b"no token")).await, Some(401));
}

#[tokio::test]
async fn so_does_who_is_turned_away() {
    let bench = Bench::limited(Manner::Allowing, "request_rate_per_address: 1").await;
    let mut stream = Raw::connect(&bench).await;
    let [first, then] = stream.ask_until_other(&request("POST", "/nope", 2 * MIB)).await;
    assert_eq!((first, then), (Some(404), Some(429)));
}

#[tokio::test]
async fn what_is_beyond_the_bound_is_not_taken() {
    let bench = Bench::new(Manner::Allowing).await;
    for path in [TX, "/nope"] {
        let mut stream = Raw::connect(&bench).await;
        stream.send(head("POST", path, ENDLESS)).await;
        let taken = taken(&mut stream).await;
        assert!((8 * MIB..64 * MIB).contains(&taken), "{path}: {taken}");
    }
    bench.until_counted("countersign_edge_connections 0").await;
}

#[tokio::test]
async fn what_is_thrown_away_must_come_in_time() {
    let bench = Bench::limited(Manner::Allowing, "body_timeout: 1s\nidle_timeout: 60s").await;
    for path in [TX, "/nope"] {
        let mut stream = Raw::connect(&bench).await;
        let begun = Instant::now();
        assert_eq!(
            stream.ask(head("POST", path, 4 * MIB + 1)).await,
            Some(if path == TX { 413 } else { 404 })
        );
        stream.ended_after().await;
        assert!((Duration::from_millis(900)..Duration::from_secs(8)).contains(&begun.elapsed()), "{path}");
    }
}

/// It has sent nothing of the body, and what it sends next is the next request.
#[tokio::test]
async fn who_waits_to_be_told_to_send_is_not_waited_for() {
    let bench = Bench::new(Manner::Allowing).await;
    let mut stream = Raw::connect(&bench).await;
    let head = head("POST", TX, 5 * MIB).replace("host:", "expect: 100-continue\r\nhost:");
    assert_eq!(stream.ask(head).await, Some(413));
    assert!(stream.ended_after().await < Duration::from_secs(3));
}

#[tokio::test]
async fn the_end_waits_for_what_is_thrown_away_no_longer_than_that_may_take() {
    let bench = Bench::limited(Manner::Allowing, "body_timeout: 2s\ndrain_notice: 0ms").await;
    let mut stream = Raw::connect(&bench).await;
    assert_eq!(stream.ask(head("POST", "/nope", MIB)).await, Some(404));
    let begun = Instant::now();
    bench.edge.end().await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}
