//! How large a request may be.

use http::Method;

use crate::support::{Bench, Manner, Raw, TX};

const LIMITS: &str = "max_uri_bytes: 256
    max_header_bytes: 8192
    max_headers: 16
    max_body_bytes: 16384";

/// The head of a GET with so many headers and bytes.
fn head(headers: usize, bytes: usize) -> String {
    let begin = "GET / HTTP/1.1\r\nhost: localhost\r\n".to_owned();
    let few: String = (2..headers).map(|number| format!("x-{number}: y\r\n")).collect();
    let fill = bytes - begin.len() - few.len() - "x: \r\n\r\n".len();
    format!("{begin}{few}x: {}\r\n\r\n", "v".repeat(fill))
}

#[tokio::test]
async fn bodies_are_bounded() {
    let bench = Bench::limited(Manner::Allowing, LIMITS).await;
    for caller in [bench.caller(), bench.caller().over_http2()] {
        assert_eq!(caller.post(TX, vec![b'a'; 16384]).await.status, 401);
        assert_eq!(caller.post(TX, vec![b'a'; 16385]).await.status, 413);
    }
    let mut unannounced = Raw::connect(&bench).await;
    unannounced
        .send(format!("POST {TX} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"))
        .await;
    for _ in 0..4 {
        unannounced.send(format!("1000\r\n{}\r\n", "a".repeat(4096))).await;
    }
    assert_eq!(unannounced.ask("1\r\na\r\n").await, Some(413));
    assert_eq!(bench.decider.asked(), []);
}

/// A transaction of the old kind (no witnesses) that spends so many outputs: what is signed for each input is the whole of
/// it, 41 bytes for each input.
fn legacy(inputs: usize) -> String {
    let whole = "ab".repeat(41 * inputs + 103);
    let raw = |index| {
        let payload = "cd".repeat(32);
        format!(
            r#"{{"keyDerivationPath":"[ 44, 0, 0, 0, {index} ]","rawTx":"{whole}","payload":"{payload}"}}"#
        )
    };
    let all: Vec<_> = (0..inputs).map(raw).collect();
    format!(r#"{{"requestId":"r","rawTx":[{}]}}"#, all.join(","))
}

/// The README says how many.
#[tokio::test]
async fn a_transaction_of_190_legacy_inputs_comes_to_a_decision() {
    let patient = |yaml: String| yaml.replace("deadline: 8s", "deadline: 9s");
    let bench = Bench::with(Manner::Allowing, patient).await;
    let caller = bench.caller();
    assert_eq!(caller.ask(TX, &legacy(190)).await.action(), "APPROVE");
    assert_eq!(caller.ask(TX, &legacy(200)).await.status, 413);
}

#[tokio::test]
async fn headers_are_bounded_one_by_one_and_together() {
    let bench = Bench::limited(Manner::Allowing, LIMITS).await;
    for (head, status) in [
        (head(16, 1000), 404),
        (head(17, 1000), 431),
        (head(3, 8192), 404),
        (head(3, 8193), 431),
        (head(16, 8192), 404),
    ] {
        assert_eq!(Raw::connect(&bench).await.ask(&head).await, Some(status), "{} bytes", head.len());
    }
    assert_eq!(Raw::connect(&bench).await.ask("nonsense\r\n\r\n").await, Some(400));
    bench.until_counted(&refused("head_too_large", 2)).await;
    bench.until_counted(&refused("bad_head", 1)).await;
}

fn refused(outcome: &str, count: usize) -> String {
    format!(r#"countersign_edge_requests_total{{endpoint="none",outcome="{outcome}"}} {count}"#)
}

/// As HTTP/2 counts: 32 bytes for each header beside its name and value, and the path and the like are headers.
#[tokio::test]
async fn headers_are_bounded_over_http2_as_well() {
    let bench = Bench::limited(Manner::Allowing, LIMITS).await;
    let caller = bench.caller().over_http2();
    let request = || caller.request(Method::GET, "/");
    let with = |count: usize| {
        (1..count).fold(request(), |request, number| request.header(format!("x-{number}"), "y"))
    };
    assert_eq!(caller.send(with(16), "").await.status, 404);
    assert_eq!(caller.send(with(17), "").await.status, 431);
    bench.until_counted(&refused("head_too_large", 1)).await;
    let names = [":method", ":scheme", ":authority", ":path", "host", "x"].iter().map(|name| name.len() + 32);
    let values = ["GET", "https", "localhost", "/", "localhost"].iter().map(|value| value.len());
    let left = 8192 - names.sum::<usize>() - values.sum::<usize>();
    assert_eq!(caller.send(request().header("x", "v".repeat(left)), "").await.status, 404);
    assert_eq!(caller.send(request().header("x", "v".repeat(left + 1)), "").await.status, 431);
}

#[tokio::test]
async fn paths_are_bounded() {
    let bench = Bench::limited(Manner::Allowing, LIMITS).await;
    for caller in [bench.caller(), bench.caller().over_http2()] {
        for (path, status) in [
            (format!("/{}", "p".repeat(255)), 404),
            (format!("/{}", "p".repeat(256)), 414),
            (format!("/p?{}", "q".repeat(253)), 404),
            (format!("/p?{}", "q".repeat(254)), 414),
        ] {
            assert_eq!(caller.send(caller.request(Method::GET, &path), "").await.status, status);
        }
    }
}
