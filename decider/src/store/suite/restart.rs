//! What outlives a store: answers, charges, and the sums over them.

use std::sync::Arc;
use std::time::Duration;

use policy::limit::KeyPart;
use policy::verdict::ReasonCode;

use super::fixture::*;

#[tokio::test]
async fn answers_and_sums_are_the_same_after_it_is_opened_again() {
    for backend in Backend::each() {
        let (policy, clock) = (Arc::new(policy(vec![ether_per_hour("2")])), clock());
        let desk = backend.open(&policy, &clock);
        let allowed = desk.allow(&request("tx-1")).await;
        let refused = desk.reject(&request("tx-2").amount("3"), ReasonCode::LimitExceeded).await;
        let record = desk.record(&allowed).await;
        drop(desk);
        clock.advance(HOUR - MICROSECOND);
        let desk = backend.open(&policy, &clock);
        for (asked, known) in [(request("tx-1"), &allowed), (request("tx-2").amount("3"), &refused)] {
            let answer = desk.answer(&asked).await;
            assert_eq!((&answer.decision, answer.recorded_earlier), (known, true), "{}", backend.name());
        }
        assert_eq!(desk.record(&allowed).await, record);
        desk.reject(&request("tx-1").amount("2"), ReasonCode::ContentChanged).await;
        let full =
            desk.reject(&request("tx-3").amount("1.000000000000000001"), ReasonCode::LimitExceeded).await;
        assert_eq!(full.limits[0].used, ether("1"));
        clock.advance(MICROSECOND);
        assert_eq!(desk.allow(&request("tx-4").amount("2")).await.limits[0].used, ether("0"));
    }
}

/// A second signer's part may be younger than the charge: it must be read back for as long as that counts.
#[tokio::test]
async fn a_younger_part_of_an_old_charge_counts_after_a_restart() {
    for backend in Backend::each() {
        let policy = Arc::new(policy(vec![keyed(count_per_hour(1), &[KeyPart::Signer])]));
        let clock = clock();
        let desk = backend.open(&policy, &clock);
        desk.allow(&request("tx")).await;
        clock.advance(Duration::from_secs(1800));
        desk.allow(&request("tx").signer("bob")).await;
        drop(desk);
        clock.advance(Duration::from_secs(1800));
        let desk = backend.open(&policy, &clock);
        desk.reject(&request("tx-2").signer("bob"), ReasonCode::LimitExceeded).await;
        desk.allow(&request("tx-3")).await;
    }
}

#[tokio::test]
async fn a_limit_is_a_view_over_the_ledger_that_was_there_before_it() {
    for backend in Backend::each() {
        let clock = clock();
        let desk = backend.open(&Arc::new(policy(vec![])), &clock);
        desk.allow(&request("tx-1")).await;
        drop(desk);
        let desk = backend.open(&Arc::new(policy(vec![ether_per_hour("1.5")])), &clock);
        let refused = desk.reject(&request("tx-2"), ReasonCode::LimitExceeded).await;
        assert_eq!(refused.limits[0].used, ether("1"), "{}", backend.name());
        drop(desk);
        let desk = backend.open(&Arc::new(policy(vec![ether_per_hour("2")])), &clock);
        desk.allow(&request("tx-3")).await;
        desk.reject(&request("tx-4"), ReasonCode::LimitExceeded).await;
    }
}
