//! What all requests share, and who gets how much of it.

use std::time::Duration;

use super::token;
use crate::support::{Bench, Manner, Raw, TX, post};

/// All but the last bytes of a request.
fn unfinished(bytes: usize) -> Vec<u8> {
    let mut request = post(TX, &vec![b'a'; bytes + 1]);
    request.pop();
    request
}

/// 32 in all: 16 of those that have proven nothing, one of each address.
#[tokio::test]
async fn requests_at_a_time_are_bounded_and_the_known_have_their_share() {
    let bench = Bench::limited(Manner::Allowing, "max_requests: 32").await;
    let mut known = Raw::connect_from(&bench, 1).await.expect("TLS");
    assert_eq!(known.ask(token()).await, Some(200));
    let mut slow = Vec::new();
    for host in 2..18 {
        let mut stream = Raw::connect_from(&bench, host).await.expect("TLS");
        stream.send(unfinished(10)).await;
        slow.push(stream);
    }
    bench.until_counted("countersign_edge_requests_in_flight 16").await;
    let mut another = Raw::connect_from(&bench, 18).await.expect("TLS");
    another.send(token()).await;
    let (status, headers) = another.answer().await.expect("an answer");
    assert!(status == 503 && headers.contains("retry-after: 1"), "{headers}");
    assert_eq!(known.ask(token()).await, Some(200));
    assert_eq!(slow[0].ask("a").await, Some(401));
    let mut again = Raw::connect_from(&bench, 2).await.expect("TLS");
    assert_eq!(again.ask(token()).await, Some(200));
    bench.until_counted(r#"countersign_edge_shed_total{reason="requests"} 1"#).await;
}

/// Strangers of enough addresses can fill all that strangers get. Whoever has been here before comes in all the same.
#[tokio::test]
async fn who_is_known_at_an_address_may_come_over_another_connection() {
    let bench = Bench::limited(Manner::Allowing, "max_requests: 32").await;
    for host in [1, 2] {
        let mut known = Raw::connect_from(&bench, host).await.expect("TLS");
        assert_eq!(known.ask(token()).await, Some(200));
    }
    let mut slow = Vec::new();
    for host in 3..19 {
        let mut stream = Raw::connect_from(&bench, host).await.expect("TLS");
        stream.send(unfinished(10)).await;
        slow.push(stream);
    }
    bench.until_counted("countersign_edge_requests_in_flight 16").await;
    assert_eq!(Raw::connect_from(&bench, 19).await.expect("TLS").ask(token()).await, Some(503));
    for host in [1, 2] {
        let mut again = Raw::connect_from(&bench, host).await.expect("TLS");
        assert_eq!(again.ask(token()).await, Some(200));
    }
}

/// 32 at a time is all, for those that are known, too.
#[tokio::test]
async fn all_requests_at_a_time_are_bounded() {
    let bench = Bench::limited(Manner::Allowing, "max_requests: 32").await;
    let mut known = Vec::new();
    for _ in 0..33 {
        let mut stream = Raw::connect_from(&bench, 1).await.expect("TLS");
        assert_eq!(stream.ask(token()).await, Some(200));
        known.push(stream);
    }
    let mut more = known.split_off(31);
    for stream in &mut known {
        stream.send(unfinished(10)).await;
    }
    bench.until_counted("countersign_edge_requests_in_flight 31").await;
    assert_eq!(more[0].ask(token()).await, Some(200), "the most there may be");
    more[0].send(unfinished(10)).await;
    bench.until_counted("countersign_edge_requests_in_flight 32").await;
    assert_eq!(more[1].ask(token()).await, Some(503), "one more");
    assert_eq!(known[0].ask("a").await, Some(401));
    assert_eq!(more[1].ask(token()).await, Some(200));
}

/// Once it is authentic a request takes nothing from those that have yet to prove themselves, however long a decider takes.
#[tokio::test]
async fn authentic_requests_that_wait_keep_no_new_caller_out() {
    let slow = Manner::Slow(Duration::from_secs(3));
    let limits = "max_requests: 32\nmax_body_bytes: 16384\nmax_body_memory: 524288";
    let bench = Bench::limited(slow, limits).await;
    // Half of what one address has for bodies, and more.
    let large = bench.caller().token(&format!(r#"{{"requestId":"r","more":"{}"}}"#, "m".repeat(9000)));
    let mut waiting = Vec::new();
    for host in (2..18).chain([2, 2, 2]) {
        waiting.push(Raw::connect_from(&bench, host).await.expect("TLS"));
    }
    let mut another = Raw::connect_from(&bench, 18).await.expect("TLS");
    for (before, stream) in waiting.iter_mut().enumerate() {
        stream.send(post(TX, &large)).await;
        let asked = async {
            while bench.decider.calls() == before {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), asked).await.expect("the decider is asked");
    }
    assert_eq!(another.ask(token()).await, Some(200));
    for stream in &mut waiting {
        assert_eq!(stream.answer().await.map(|(status, _)| status), Some(200));
    }
}

#[tokio::test]
async fn bodies_at_a_time_take_only_so_much_memory() {
    let bench = Bench::limited(Manner::Allowing, "max_body_bytes: 16384\nmax_body_memory: 524288").await;
    let mut known = Raw::connect_from(&bench, 1).await.expect("TLS");
    assert_eq!(known.ask(token()).await, Some(200));
    let (mut slow, filling) = (Raw::connect_from(&bench, 2).await.expect("TLS"), unfinished(16000));
    slow.send(filling).await;
    bench.until_counted("countersign_edge_requests_in_flight 1").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut other = Raw::connect_from(&bench, 2).await.expect("TLS");
    assert_eq!(other.ask(post(TX, &[b'a'; 384])).await, Some(401), "as much as there is");
    assert_eq!(other.ask(post(TX, &[b'a'; 385])).await, Some(503), "one byte more");
    assert_eq!(known.ask(token()).await, Some(200));
    let mut elsewhere = Raw::connect_from(&bench, 3).await.expect("TLS");
    assert_eq!(elsewhere.ask(token()).await, Some(200));
    bench.until_counted(r#"countersign_edge_shed_total{reason="body_memory"} 1"#).await;
}

#[tokio::test]
async fn all_memory_for_bodies_is_bounded() {
    let bench = Bench::limited(Manner::Allowing, "max_body_bytes: 16384\nmax_body_memory: 524288").await;
    let mut known = Vec::new();
    for _ in 0..33 {
        let mut stream = Raw::connect_from(&bench, 1).await.expect("TLS");
        assert_eq!(stream.ask(token()).await, Some(200));
        known.push(stream);
    }
    let mut another = known.pop().expect("one more");
    for stream in &mut known {
        stream.send(unfinished(16383)).await;
    }
    bench.until_counted("countersign_edge_requests_in_flight 32").await;
    // It is full when hardly any bytes are still on their way.
    let full = async { while another.ask(token()).await == Some(200) {} };
    tokio::time::timeout(Duration::from_secs(5), full).await.expect("no room for a token");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(another.ask(post(TX, &[b'a'; 33])).await, Some(503), "one byte more than there is");
    assert_eq!(another.ask(post(TX, &[b'a'; 32])).await, Some(401), "as much as there is");
}
