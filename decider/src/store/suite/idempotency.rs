//! One idempotency key, one final action (decision model, section 3).

use std::sync::Arc;

use policy::verdict::{Action, ReasonCode, Verdict};

use super::fixture::*;
use crate::store::{Lookup, RequestKind, Store};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_request_1_20_and_64_times_at_once_is_one_charge_and_one_action() {
    for backend in Backend::each() {
        let desk = Arc::new(backend.open(&Arc::new(policy(vec![ether_per_hour("100")])), &clock()));
        for times in [1_usize, 20, 64] {
            let asked = request(&format!("tx-{times}"));
            let tasks: Vec<_> = (0..times)
                .map(|_| {
                    let (desk, asked) = (desk.clone(), asked.clone());
                    tokio::spawn(async move { desk.answer(&asked).await })
                })
                .collect();
            let mut answers = Vec::new();
            for task in tasks {
                answers.push(task.await.unwrap());
            }
            let first = answers[0].decision.clone();
            assert_eq!(first.action, Action::Approve);
            assert!(
                answers.iter().all(|answer| answer.decision == first),
                "{}: {answers:#?}",
                backend.name()
            );
            assert_eq!(answers.iter().filter(|answer| !answer.recorded_earlier).count(), 1);
            assert_eq!(desk.charge(&first).await.parts.len(), 1);
        }
        assert_eq!(desk.used("probe").await, ether("3").to_string(), "{}", backend.name());
    }
}

#[tokio::test]
async fn other_content_under_a_known_id_is_denied_and_the_first_record_stands() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![ether_per_hour("10")])), &clock());
        let first = desk.allow(&request("tx")).await;
        let changed = desk.reject(&request("tx").amount("2"), ReasonCode::ContentChanged).await;
        let again = desk.answer(&request("tx").amount("2")).await;
        assert!(again.recorded_earlier);
        assert_eq!(again.decision, changed);
        let other = desk.reject(&request("tx").amount("3"), ReasonCode::ContentChanged).await;
        assert_ne!(other.id, changed.id);
        let stands = desk.answer(&request("tx")).await;
        assert!(stands.recorded_earlier);
        assert_eq!(stands.decision, first);
        assert_eq!(desk.metrics.content_changed.get(), 2);
        assert_eq!(desk.used("probe").await, ether("1").to_string(), "{}", backend.name());
    }
}

#[tokio::test]
async fn a_refusal_sticks_even_where_there_is_room_now() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![ether_per_hour("1")])), &clock());
        desk.allow(&request("tx-1")).await;
        let refused = desk.reject(&request("tx-2"), ReasonCode::LimitExceeded).await;
        desk.clock.advance(HOUR);
        let again = desk.answer(&request("tx-2")).await;
        assert_eq!((again.decision, again.recorded_earlier), (refused, true));
        desk.allow(&request("tx-3")).await;
    }
}

#[tokio::test]
async fn values_may_drift_and_stages_signers_and_tenants_are_answered_apart() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![])), &clock());
        let first = desk.allow(&request("tx")).await;
        assert_eq!(desk.answer(&request("tx").usd(Some("2100"))).await.decision, first);
        let mut elsewhere = request("tx");
        elsewhere.tenant = "acme".into();
        for other in [request("tx").signing(), request("tx").signer("bob"), elsewhere] {
            assert_ne!(desk.allow(&other).await.id, first.id);
        }
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_interrupt_what_was_begun() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![])), &clock());
        drop(desk.store.decide(proposal(&desk.policy, &request("tx"))));
        let record = desk.newest("tx").await.unwrap();
        assert_eq!(record.decision.action, Action::Approve);
        assert_eq!(desk.answer(&request("tx")).await.decision, record.decision);
    }
}

#[tokio::test]
async fn configuration_changes_are_recorded_once_and_left_to_people() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![])), &clock());
        let first = desk.change(&config_change("c", b"one")).await;
        assert_eq!((first.decision.verdict, first.decision.action), (Verdict::Hold, Action::Ignore));
        assert_eq!(first.decision.stage, None);
        let again = desk.change(&config_change("c", b"one")).await;
        assert_eq!((again.decision.clone(), again.recorded_earlier), (first.decision.clone(), true));
        let changed = desk.change(&config_change("c", b"two")).await.decision;
        assert_eq!((changed.action, changed.reason.code), (Action::Ignore, ReasonCode::ContentChanged));
        assert_eq!(desk.change(&config_change("c", b"one")).await, again);
        let record = desk.record(&first.decision).await;
        assert_eq!((record.kind, payload_of(&record)), (RequestKind::ConfigChange, b"change".as_slice()));
        assert!(record.charges.is_empty());
    }
}

#[tokio::test]
async fn records_are_found_by_id_and_the_newest_by_request_id_and_by_their_tenant_alone() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![ether_per_hour("10")])), &clock());
        let approval = desk.allow(&request("tx")).await;
        let signing = desk.allow(&request("tx").signing()).await;
        let record = desk.record(&approval).await;
        assert_eq!(record.decision, approval);
        assert_eq!((record.kind, payload_of(&record)), (RequestKind::Transaction, b"tx".as_slice()));
        assert_eq!(desk.newest("tx").await.unwrap().decision, signing);
        assert_eq!(desk.newest("other").await, None);
        for lookup in [Lookup::Id(approval.id.clone()), Lookup::RequestId("tx".into())] {
            assert_eq!(desk.store.get("acme".into(), lookup).await, Ok(None), "{}", backend.name());
        }
    }
}
