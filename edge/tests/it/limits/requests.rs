//! How often requests may come, and how many may wait for decisions.

use std::time::Duration;

use super::token;
use crate::support::{Bench, Manner, Raw, TX, post, vector};

#[tokio::test]
async fn who_has_proven_nothing_asks_only_so_often() {
    let bench = Bench::limited(Manner::Allowing, "request_rate_per_address: 2").await;
    let mut unknown = Raw::connect_from(&bench, 1).await.expect("TLS");
    let junk = post(TX, b"not a token");
    assert_eq!(unknown.ask_until_other(&junk).await, [Some(401), Some(429)]);
    let mut known = Raw::connect_from(&bench, 2).await.expect("TLS");
    for _ in 0..10 {
        assert_eq!(known.ask(token()).await, Some(200), "who is known has the rate of its key");
    }
    bench.until_counted(r#"countersign_edge_shed_total{reason="request_rate"} 1"#).await;
}

/// Else one authentic request, which anybody who has seen one can send again, would be leave to send what he likes.
#[tokio::test]
async fn who_sends_something_else_afterwards_is_a_stranger_again() {
    let bench = Bench::limited(Manner::Allowing, "request_rate_per_address: 2").await;
    let mut known = Raw::connect_from(&bench, 1).await.expect("TLS");
    assert_eq!(known.ask(token()).await, Some(200));
    assert_eq!(known.ask_until_other(&post(TX, b"not a token")).await, [Some(401), Some(429)]);
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_to_ask_again() {
    let bench = Bench::limited(Manner::Allowing, "request_rate_per_key: 2").await;
    let caller = bench.caller();
    let mut approved = 0;
    // On a busy machine time for another one may pass.
    let last = loop {
        match caller.post(TX, vector("synthetic_request_tx_sign.jwt")).await.action() {
            action if action == "APPROVE" && approved < 50 => approved += 1,
            other => break other,
        }
    };
    assert_eq!(last, "RETRY");
    assert!(approved >= 2 && bench.decider.asked().len() == approved, "{approved}");
    bench.until_counted(r#"countersign_edge_shed_total{reason="key_rate"} 1"#).await;
}

#[tokio::test]
async fn one_decision_too_many_at_a_time_is_put_off() {
    let slow = Manner::Slow(Duration::from_secs(2));
    let bench = Bench::limited(slow, "max_decisions: 2").await;
    let ask = || {
        let caller = bench.caller();
        tokio::spawn(async move { caller.post(TX, vector("synthetic_request_tx_sign.jwt")).await.action() })
    };
    let (first, second) = (ask(), ask());
    while bench.decider.asked().len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(ask().await.expect("an answer"), "RETRY");
    assert_eq!(
        (first.await.expect("an answer"), second.await.expect("an answer")),
        ("APPROVE".into(), "APPROVE".into())
    );
    assert_eq!(ask().await.expect("an answer"), "APPROVE");
    bench.until_counted(r#"countersign_edge_shed_total{reason="decisions"} 1"#).await;
}
