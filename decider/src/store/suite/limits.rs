//! Headroom: exact, and all or nothing (decision model, section 4).

use std::sync::Arc;

use policy::limit::KeyPart;
use policy::verdict::{ReasonCode, Verdict};

use super::fixture::*;

#[tokio::test]
async fn a_charge_leaves_its_window_to_the_microsecond() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![count_per_hour(1)])), &clock());
        let first = desk.allow(&request("tx-1")).await;
        assert_eq!(first.limits[0].grows_at, Some(later(START, HOUR)));
        desk.clock.advance(HOUR - MICROSECOND);
        let refused = desk.reject(&request("tx-2"), ReasonCode::LimitExceeded).await;
        assert_eq!(refused.limits[0].grows_at, Some(later(START, HOUR)), "{}", backend.name());
        desk.clock.advance(MICROSECOND);
        desk.allow(&request("tx-3")).await;
    }
}

#[tokio::test]
async fn reaching_the_cap_passes_and_one_wei_more_does_not() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![ether_per_hour("1000000000.5")])), &clock());
        desk.allow(&request("tx-1").amount("1000000000.499999999999999999")).await;
        desk.reject(&request("tx-2").amount("0.000000000000000002"), ReasonCode::LimitExceeded).await;
        let last = desk.allow(&request("tx-3").amount("0.000000000000000001")).await;
        assert!(last.limits[0].headroom.is_zero());
        desk.reject(&request("tx-4").amount("0.000000000000000001"), ReasonCode::LimitExceeded).await;
    }
}

#[tokio::test]
async fn several_limits_have_room_all_together_or_nothing_is_charged() {
    for backend in Backend::each() {
        let limits = vec![ether_per_hour("10"), usd_per_hour("2500"), count_per_hour(10)];
        let desk = backend.open(&Arc::new(policy(limits)), &clock());
        desk.allow(&request("tx-1")).await;
        let refused = desk.reject(&request("tx-2"), ReasonCode::LimitExceeded).await;
        let exceeded: Vec<&str> =
            refused.limits.iter().filter(|each| each.exceeded).map(|each| each.limit_id.as_str()).collect();
        assert_eq!(exceeded, ["usd-per-hour"]);
        assert!(desk.record(&refused).await.charges.is_empty());
        let last = desk.allow(&request("tx-3").usd(Some("500"))).await;
        let used: Vec<String> = last.limits.iter().map(|each| each.used.to_string()).collect();
        assert_eq!(used, [ether("1").to_string(), "2000000000".into(), "1".into()], "{}", backend.name());
    }
}

#[tokio::test]
async fn what_has_no_price_is_held_by_a_limit_in_dollars_and_consumes_nothing() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![usd_per_hour("2000")])), &clock());
        let held = desk.reject(&request("tx-1").usd(None), ReasonCode::LimitIndeterminate).await;
        assert_eq!(held.verdict, Verdict::Hold);
        desk.allow(&request("tx-2")).await;
    }
}

#[tokio::test]
async fn keys_keep_sums_apart() {
    for backend in Backend::each() {
        let desk =
            backend.open(&Arc::new(policy(vec![keyed(ether_per_hour("1"), &[KeyPart::Source])])), &clock());
        desk.allow(&request("tx-1")).await;
        desk.allow(&request("tx-2").source("7")).await;
        let refused = desk.reject(&request("tx-3").source("7"), ReasonCode::LimitExceeded).await;
        assert_eq!(refused.limits[0].key[&KeyPart::Source], "VAULT:7", "{}", backend.name());
    }
}
