//! The store's time under clocks that step (decision model, section 4).

use std::sync::Arc;

use policy::verdict::ReasonCode;

use super::fixture::*;
use crate::store::bounds::MAX_FORWARD_JUMP;
use crate::store::{Lookup, Store, StoreError};

#[tokio::test]
async fn a_step_back_frees_nothing_and_time_stands_still() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![count_per_hour(1)])), &clock());
        let first = desk.allow(&request("tx-1")).await;
        desk.clock.set_wall(earlier(START, 5 * HOUR));
        let refused = desk.reject(&request("tx-2"), ReasonCode::LimitExceeded).await;
        assert_eq!(refused.at, first.at);
        desk.clock.advance(5 * HOUR);
        desk.reject(&request("tx-3"), ReasonCode::LimitExceeded).await;
        desk.clock.advance(HOUR);
        assert_eq!(desk.allow(&request("tx-4")).await.at, later(START, HOUR), "{}", backend.name());
    }
}

#[tokio::test]
async fn a_leap_forward_decides_nothing_until_the_clock_is_set_right() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![count_per_hour(1)])), &clock());
        let first = desk.allow(&request("tx-1")).await;
        desk.clock.set_wall(later(START, HOUR));
        let jumped = StoreError::ClockJumped { ahead: HOUR };
        assert_eq!(desk.store.readiness(), Err(jumped.clone()));
        assert_eq!(desk.ask(&request("tx-2")).await, Err(jumped.clone()), "{}", backend.name());
        assert_eq!(desk.ask(&request("tx-1")).await, Err(jumped), "recorded answers wait, too");
        assert_eq!(desk.metrics.clock_jumps.get(), 1);
        let lookup = Lookup::Id(first.id.clone());
        assert!(desk.store.get("default".into(), lookup).await.unwrap().is_some());
        desk.clock.set_wall(later(START, MAX_FORWARD_JUMP));
        assert_eq!(desk.store.readiness(), Ok(()));
        desk.reject(&request("tx-2"), ReasonCode::LimitExceeded).await;
        assert!(desk.fatal.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_store_that_is_opened_before_its_latest_record_over_counts() {
    for backend in Backend::each() {
        let policy = Arc::new(policy(vec![count_per_hour(1)]));
        let first = backend.open(&policy, &clock()).allow(&request("tx-1")).await;
        let early = clock();
        early.set_wall(earlier(START, 24 * HOUR));
        let desk = backend.open(&policy, &early);
        let refused = desk.reject(&request("tx-2"), ReasonCode::LimitExceeded).await;
        assert_eq!(refused.at, first.at, "{}", backend.name());
    }
}
