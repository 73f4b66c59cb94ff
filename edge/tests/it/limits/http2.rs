//! Frames that ask for nothing, or for too much.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Bench, Manner, Raw, TX, vector};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GO_AWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const ENHANCE_YOUR_CALM: u32 = 11;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A connection that is set up, with the headers of a request in HPACK without a table.
async fn open(bench: &Bench) -> Raw {
    let mut stream = Raw(bench.caller().over_http2().connect().await);
    stream.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    stream.send(frame(SETTINGS, 0, 0, &[])).await;
    stream
}

fn request(stream: u32, flags: u8) -> Vec<u8> {
    // :method POST and :scheme https of the static table; :path and :authority as text.
    let mut block = vec![0x83, 0x87];
    for (name, value) in [(0x04, TX), (0x01, "localhost")] {
        block.push(name);
        block.push(u8::try_from(value.len()).expect("short"));
        block.extend_from_slice(value.as_bytes());
    }
    frame(HEADERS, flags | END_HEADERS, stream, &block)
}

/// Sends these again and again, reading nothing, until the edge has ended the connection. How many bytes it took.
async fn flood(stream: &mut Raw, frames: &[u8], most: usize) -> Option<usize> {
    let (mut read, mut write) = tokio::io::split(&mut stream.0);
    let reading = async {
        let mut sink = vec![0; 65536];
        while read.read(&mut sink).await.is_ok_and(|count| count > 0) {}
    };
    let writing = async {
        let mut sent = 0;
        while sent < most {
            if write.write_all(frames).await.is_err() {
                return Some(sent);
            }
            sent += frames.len();
        }
        None
    };
    tokio::select! {
        () = reading => Some(0),
        sent = writing => match sent {
            Some(sent) => Some(sent),
            None => tokio::time::timeout(Duration::from_secs(1), stream.ended_after()).await.ok().map(|_| most),
        },
    }
}

async fn alive(bench: &Bench) {
    let caller = bench.caller().over_http2();
    assert_eq!(caller.post(TX, vector("synthetic_request_tx_sign.jwt")).await.action(), "APPROVE");
    bench.until_counted("countersign_edge_requests_in_flight 0").await;
}

/// The code of the next frame that ends the connection or a stream.
async fn told(stream: &mut Raw) -> Option<(u8, u32)> {
    loop {
        let mut head = [0; 9];
        tokio::time::timeout(Duration::from_secs(5), stream.0.read_exact(&mut head))
            .await
            .expect("a frame")
            .ok()?;
        let mut payload = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
        stream.0.read_exact(&mut payload).await.ok()?;
        let code =
            |at: usize| payload[at..at + 4].iter().fold(0, |code, byte| (code << 8) | u32::from(*byte));
        match head[3] {
            RESET => return Some((RESET, code(0))),
            GO_AWAY => return Some((GO_AWAY, code(4))),
            _ => {}
        }
    }
}

#[tokio::test]
async fn streams_at_a_time_are_bounded() {
    let bench = Bench::limited(Manner::Allowing, "max_streams: 3").await;
    let mut stream = open(&bench).await;
    for number in [1, 3, 5] {
        stream.send(request(number, 0)).await;
    }
    bench.until_counted("countersign_edge_requests_in_flight 3").await;
    stream.send(request(7, 0)).await;
    const REFUSED_STREAM: u32 = 7;
    assert_eq!(told(&mut stream).await, Some((RESET, REFUSED_STREAM)));
    drop(stream);
    alive(&bench).await;
}

/// So many requests that are cancelled at once.
fn resets(count: u32) -> Vec<u8> {
    let both = |number| [request(2 * number + 1, END_STREAM), frame(RESET, 0, 2 * number + 1, &[0, 0, 0, 8])];
    (0..count).flat_map(both).flatten().collect()
}

#[tokio::test]
async fn rapid_resets_end_the_connection() {
    let bench = Bench::new(Manner::Allowing).await;
    let mut stream = open(&bench).await;
    let _ = stream.0.write_all(&resets(2000)).await;
    assert_eq!(told(&mut stream).await, Some((GO_AWAY, ENHANCE_YOUR_CALM)));
    alive(&bench).await;
}

/// All of them in one piece, so that none is looked at before the last has come.
#[tokio::test]
async fn resets_at_a_time_are_bounded() {
    let bench = Bench::limited(Manner::Allowing, "max_reset_streams: 5").await;
    let mut most = open(&bench).await;
    most.send(resets(5)).await;
    most.send(request(101, 0)).await;
    bench.until_counted("countersign_edge_requests_in_flight 1").await;
    let mut more = open(&bench).await;
    more.send(resets(6)).await;
    assert_eq!(told(&mut more).await, Some((GO_AWAY, ENHANCE_YOUR_CALM)));
}

#[tokio::test]
async fn requests_with_mistakes_are_bounded() {
    let bench = Bench::limited(Manner::Allowing, "max_refused_streams: 3").await;
    let mut stream = open(&bench).await;
    // A header that is of HTTP/1 alone.
    let wrong = |stream| {
        let block = [&[0x83, 0x87, 0, 10][..], b"connection", &[5], b"close"].concat();
        frame(HEADERS, END_STREAM | END_HEADERS, stream, &block)
    };
    const PROTOCOL_ERROR: u32 = 1;
    for number in [1, 3, 5] {
        stream.send(wrong(number)).await;
        assert_eq!(told(&mut stream).await, Some((RESET, PROTOCOL_ERROR)), "{number}");
    }
    stream.send(wrong(7)).await;
    assert_eq!(told(&mut stream).await, Some((GO_AWAY, ENHANCE_YOUR_CALM)));
    alive(&bench).await;
}

#[tokio::test]
async fn frames_that_ask_for_nothing_are_bounded() {
    let bench = Bench::new(Manner::Allowing).await;
    const MOST: usize = 8 << 20;
    for (what, frames) in [
        ("pings", frame(PING, 0, 0, &[7; 8]).repeat(100)),
        ("settings", frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255]).repeat(100)),
        ("unknown frames", frame(99, 0, 0, &[0; 1000])),
    ] {
        let mut stream = open(&bench).await;
        let sent = flood(&mut stream, &frames, MOST).await;
        assert!(sent.is_some_and(|sent| sent < MOST), "{what}: {sent:?}");
    }
    bench.until_counted(r#"countersign_edge_connections_ended_total{reason="overhead"} 3"#).await;
    alive(&bench).await;
}

#[tokio::test]
async fn headers_that_never_end_and_data_without_any_are_bounded() {
    let bench = Bench::new(Manner::Allowing).await;
    const MOST: usize = 4 << 20;
    let mut endless = open(&bench).await;
    endless.send(frame(HEADERS, 0, 1, &[0x83])).await;
    let sent = flood(&mut endless, &frame(CONTINUATION, 0, 1, &[0; 1000]), MOST).await;
    assert!(sent.is_some_and(|sent| sent < MOST), "CONTINUATION: {sent:?}");
    let mut empty = open(&bench).await;
    empty.send(request(1, 0)).await;
    let sent = flood(&mut empty, &frame(DATA, 0, 1, &[]).repeat(100), MOST).await;
    assert!(sent.is_some_and(|sent| sent < MOST), "empty DATA: {sent:?}");
    alive(&bench).await;
}

/// It asks, and leaves no room for the answers.
#[tokio::test]
async fn a_caller_that_takes_no_answers_is_shown_out() {
    let bench = Bench::limited(Manner::Allowing, "idle_timeout: 1s").await;
    let mut stream = Raw(bench.caller().over_http2().connect().await);
    stream.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    stream.send(frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])).await;
    for number in 0..10 {
        stream.send(request(2 * number + 1, END_STREAM)).await;
    }
    stream.ended_after().await;
    bench.until_counted("countersign_edge_connections 0").await;
    alive(&bench).await;
}
