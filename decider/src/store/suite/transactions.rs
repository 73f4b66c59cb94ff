//! One transaction is charged once, over stages, API users and retries (decision model, section 3).

use std::sync::Arc;
use std::time::Duration;

use policy::limit::KeyPart;
use policy::verdict::ReasonCode;

use super::fixture::*;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn approval_then_signing_is_one_charge_that_counts_from_the_signing() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![ether_per_hour("1")])), &clock());
        desk.allow(&request("tx")).await;
        desk.clock.advance(59 * MINUTE);
        let signing = desk.allow(&request("tx").signing()).await;
        let charge = desk.charge(&signing).await;
        assert_eq!((charge.at, charge.parts.len()), (desk.now(), 2), "{}", backend.name());
        desk.clock.advance(59 * MINUTE);
        desk.reject(&request("tx-2"), ReasonCode::LimitExceeded).await;
        desk.clock.advance(MINUTE);
        desk.allow(&request("tx-3")).await;
    }
}

#[tokio::test]
async fn sums_do_not_count_a_transaction_twice() {
    for backend in Backend::each() {
        let (policy, clock) = (Arc::new(policy(vec![ether_per_hour("10")])), clock());
        let desk = backend.open(&policy, &clock);
        desk.allow(&request("tx")).await;
        clock.advance(MINUTE);
        let signing = desk.allow(&request("tx").signing()).await;
        assert!(signing.limits[0].used.is_zero(), "its own approval is not in its way");
        assert_eq!(desk.used("probe-1").await, ether("1").to_string(), "{}", backend.name());
        drop(desk);
        assert_eq!(backend.open(&policy, &clock).used("probe-2").await, ether("1").to_string());
    }
}

#[tokio::test]
async fn a_signing_is_tested_again_in_a_window_that_its_charge_had_left() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![ether_per_hour("1")])), &clock());
        desk.allow(&request("tx-1")).await;
        desk.clock.advance(HOUR);
        desk.allow(&request("tx-2")).await;
        desk.reject(&request("tx-1").signing(), ReasonCode::LimitExceeded).await;
        desk.allow(&request("tx-2").signing()).await;
    }
}

#[tokio::test]
async fn another_amount_at_signing_is_denied_and_the_charge_stays() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![ether_per_hour("10")])), &clock());
        let approval = desk.allow(&request("tx")).await;
        let before = desk.charge(&approval).await;
        desk.reject(&request("tx").signing().amount("2"), ReasonCode::IntentChanged).await;
        assert_eq!(desk.charge(&approval).await, before);
        assert_eq!(desk.used("probe").await, ether("1").to_string(), "{}", backend.name());
    }
}

#[tokio::test]
async fn an_address_fills_in_at_signing_and_is_pinned() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![])), &clock());
        let approval = desk.allow(&request("tx")).await;
        assert_eq!(desk.charge(&approval).await.intent.destinations[0].address, None);
        desk.allow(&request("tx").signing().address(Some(address('a')))).await;
        let pinned = desk.charge(&approval).await.intent.destinations[0].address.clone();
        assert_eq!(pinned.unwrap().to_string().to_lowercase(), address('a'));
        let other = request("tx").signing().signer("bob").address(Some(address('b')));
        desk.reject(&other, ReasonCode::IntentChanged).await;
        desk.allow(&request("tx").signing().signer("carol").address(Some(address('a')))).await;
    }
}

#[tokio::test]
async fn a_second_signer_joins_the_charge_and_counts_for_itself_where_signers_are_told_apart() {
    for backend in Backend::each() {
        let per_signer = keyed(count_per_hour(1), &[KeyPart::Signer]);
        let desk = backend.open(&Arc::new(policy(vec![ether_per_hour("1"), per_signer])), &clock());
        desk.allow(&request("tx").signing()).await;
        let joined = desk.allow(&request("tx").signing().signer("bob")).await;
        assert_eq!(desk.charge(&joined).await.parts.len(), 2, "{}", backend.name());
        desk.clock.advance(HOUR - MICROSECOND);
        desk.reject(&request("tx-2").amount("0.1").signer("bob"), ReasonCode::LimitExceeded).await;
    }
}

#[tokio::test]
async fn items_of_a_batch_and_unrelated_ids_of_one_transaction_are_charged_each() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![ether_per_hour("10")])), &clock());
        for id in ["tx", "tx-1", "tx-2", "unrelated-1", "unrelated-2"] {
            let of_tx = request("tx").id(id);
            let decision = desk.allow(&of_tx).await;
            let record = desk.record(&decision).await;
            assert!(
                record.charges.iter().any(|charge| charge.parts[0].callback_request_id == id),
                "{record:?}"
            );
        }
        assert_eq!(desk.used("probe").await, ether("5").to_string(), "{}", backend.name());
    }
}
