//! What a decision came out of goes after the retention time; the answer and the charge stay (decision model, section 3).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use policy::document::Policy;
use policy::limit::Cap;
use policy::time::Window;
use policy::verdict::ReasonCode;

use super::fixture::*;
use crate::clock::testing::ManualClock;
use crate::store::bounds::MAX_PRUNED_A_PIECE;
use crate::store::retention::SHORTEST;
use crate::store::{Decision, Origin, Retention};

/// Retention has then ended for the whole month of the start.
const LONG: Duration = Duration::from_secs(62 * 24 * 60 * 60);

fn ever(max: &str) -> Policy {
    let cap = Cap::Amount(BTreeMap::from([("ETH".to_owned(), ether(max))]));
    policy(vec![through("ether-ever", cap, Window::Lifetime)])
}

async fn is_pruned(desk: &Desk, decision: &Decision) -> bool {
    matches!(desk.record(decision).await.origin, Origin::Pruned { .. })
}

/// Lets time pass, and something be decided then: retention counts up to that.
async fn pass(backend: &Backend, policy: &Arc<Policy>, clock: &Arc<ManualClock>, by: Duration) {
    clock.advance(by);
    let desk = backend.try_open_keeping(Retention::Forever, policy, clock).unwrap();
    desk.change(&config_change(&format!("c-{}", desk.now().as_micros()), b"later")).await;
}

#[tokio::test]
async fn a_pruned_decision_still_answers_and_its_charge_still_counts() {
    for backend in Backend::each() {
        let (policy, clock) = (Arc::new(ever("10")), clock());
        let desk = backend.open(&policy, &clock);
        let allowed = desk.allow(&request("tx-1")).await;
        let refused = desk.reject(&request("tx-2").amount("11"), ReasonCode::LimitExceeded).await;
        let changed = desk.change(&config_change("c-1", b"one")).await.decision;
        let kept = desk.record(&allowed).await;
        drop(desk);
        pass(&backend, &policy, &clock, SHORTEST).await;
        let desk = backend.open(&policy, &clock);
        assert_eq!(desk.record(&allowed).await, kept, "{}: it is not older than that yet", backend.name());
        drop(desk);
        pass(&backend, &policy, &clock, LONG - SHORTEST).await;
        let desk = backend.open(&policy, &clock);
        let record = desk.record(&allowed).await;
        let Origin::Pruned { at, charges } = &record.origin else { panic!("{}: {record:?}", backend.name()) };
        assert_eq!((*at, charges), (desk.now(), &vec![record.charges[0].key.clone()]));
        assert_eq!(
            (&record.decision, &record.charges),
            (&kept.decision, &kept.charges),
            "{}",
            backend.name()
        );
        assert!(is_pruned(&desk, &refused).await && is_pruned(&desk, &changed).await);
        for (asked, known) in [(request("tx-1"), &allowed), (request("tx-2").amount("11"), &refused)] {
            let answer = desk.answer(&asked).await;
            assert_eq!((&answer.decision, answer.recorded_earlier), (known, true), "{}", backend.name());
        }
        assert!(desk.change(&config_change("c-1", b"one")).await.recorded_earlier);
        desk.reject(&request("tx-1").amount("2"), ReasonCode::ContentChanged).await;
        let signed = desk.allow(&request("tx-1").signing()).await;
        assert_eq!(desk.used("probe").await, ether("1").to_string(), "{}: charged once", backend.name());
        assert!(!is_pruned(&desk, &signed).await, "{}: what is young is kept", backend.name());
    }
}

/// Piece by piece, and decisions go on between them.
#[tokio::test]
async fn all_of_what_is_old_goes_and_nothing_of_what_is_young() {
    for backend in Backend::each() {
        let (policy, clock) = (Arc::new(ever("1000")), clock());
        let desk = backend.open(&policy, &clock);
        let mut old = Vec::new();
        for number in 0..MAX_PRUNED_A_PIECE * 2 + 9 {
            old.push(desk.allow(&request(&format!("old-{number}"))).await);
        }
        drop(desk);
        pass(&backend, &policy, &clock, LONG).await;
        let desk = backend.open(&policy, &clock);
        let (mut young, last) = (Vec::new(), old.last().unwrap());
        while !is_pruned(&desk, last).await {
            young.push(desk.allow(&request(&format!("young-{}", young.len()))).await);
            assert!(young.len() < 500, "{}: it is never pruned", backend.name());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for decision in &old {
            assert!(is_pruned(&desk, decision).await, "{}", backend.name());
        }
        young.push(desk.allow(&request("young")).await);
        for decision in &young {
            assert!(!is_pruned(&desk, decision).await, "{}", backend.name());
        }
    }
}

/// A machine that starts with a clock far ahead: what it lets go does not come back when the clock is set right.
#[tokio::test]
async fn a_clock_that_leapt_before_the_start_prunes_nothing() {
    for backend in Backend::each() {
        let (policy, clock) = (Arc::new(ever("10")), clock());
        let allowed = backend.open(&policy, &clock).allow(&request("tx-1")).await;
        clock.set_wall(later(START, LONG * 6));
        let desk = backend.open(&policy, &clock);
        assert!(!is_pruned(&desk, &allowed).await, "{}", backend.name());
        drop(desk);
        clock.set_wall(later(START, HOUR));
        let desk = backend.open(&policy, &clock);
        assert!(!is_pruned(&desk, &allowed).await, "{}", backend.name());
        assert_eq!(desk.allow(&request("tx-2")).await.at, desk.now(), "{}", backend.name());
    }
}

/// Whoever states what was lost may need what is there.
#[tokio::test]
async fn nothing_of_a_frozen_store_is_pruned() {
    for backend in Backend::each() {
        let (policy, clock) = (Arc::new(ever("10")), clock());
        let allowed = backend.open(&policy, &clock).allow(&request("tx-1")).await;
        pass(&backend, &policy, &clock, LONG).await;
        backend.freeze();
        let desk = backend.open(&policy, &clock);
        assert!(!is_pruned(&desk, &allowed).await, "{}", backend.name());
        assert!(!is_pruned(&desk, &allowed).await, "{}: nor after an answer", backend.name());
    }
}
