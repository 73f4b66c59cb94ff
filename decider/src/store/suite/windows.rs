//! Limits of every kind are views over the one ledger, whichever policy the store is opened with.

use std::sync::Arc;

use policy::limit::{Cap, KeyPart, Limit, OnExceed};
use policy::time::{Calendar, CalendarUnit, Window, Zone};
use policy::verdict::{Action, ReasonCode, Verdict};

use super::fixture::*;

/// START is 23:13:20 in Berlin: 46 minutes and 40 seconds are left of the day.
const TO_MIDNIGHT_SECONDS: u64 = 46 * 60 + 40;

fn berlin(unit: CalendarUnit) -> Window {
    Window::Calendar(Calendar { unit, zone: Zone::named("Europe/Berlin").unwrap() })
}

fn to_midnight() -> std::time::Duration {
    std::time::Duration::from_secs(TO_MIDNIGHT_SECONDS)
}

fn every_window() -> Vec<Window> {
    let units = CalendarUnit::ALL.into_iter().map(|(_, unit)| berlin(unit));
    units.chain([Window::from_seconds(3600).unwrap(), Window::Lifetime, Window::InFlight]).collect()
}

#[tokio::test]
async fn a_new_limit_of_any_kind_counts_the_past() {
    for window in every_window() {
        for backend in Backend::each() {
            let clock = clock();
            let desk = backend.open(&Arc::new(policy(vec![])), &clock);
            desk.allow(&request("tx-1")).await;
            drop(desk);
            clock.advance(to_midnight() - MICROSECOND);
            let usd = Cap::Usd(policy::usd::Usd::parse_exact("2000").unwrap());
            for (id, cap) in [("tx-2", Cap::Count(1)), ("tx-3", usd)] {
                let desk = backend.open(&Arc::new(policy(vec![through(id, cap, window.clone())])), &clock);
                let refused = desk.reject(&request(id), ReasonCode::LimitExceeded).await;
                assert!(!refused.limits[0].used.is_zero(), "{} {window}", backend.name());
            }
        }
    }
}

#[tokio::test]
async fn a_day_ends_at_midnight_before_and_after_a_restart() {
    for restarts in [false, true] {
        for backend in Backend::each() {
            let policy = Arc::new(policy(vec![through("day", Cap::Count(1), berlin(CalendarUnit::Day))]));
            let clock = clock();
            let mut desk = backend.open(&policy, &clock);
            desk.allow(&request("tx-1")).await;
            for (passed, allowed) in
                [(to_midnight() - MICROSECOND, false), (MICROSECOND, true), (HOUR, false)]
            {
                clock.advance(passed);
                if restarts {
                    drop(desk);
                    desk = backend.open(&policy, &clock);
                }
                let id = format!("tx-{}", desk.now().as_micros());
                let decision = desk.decide(&request(&id)).await;
                assert_eq!(decision.action == Action::Approve, allowed, "{} {restarts}", backend.name());
                let version = evidence_of(&desk.record(&decision).await).time_zone_data;
                assert_eq!(version.as_deref(), Some(policy::time::DATA_VERSION));
            }
        }
    }
}

#[tokio::test]
async fn a_lifetime_is_longer_than_a_process() {
    for window in [Window::Lifetime, Window::InFlight] {
        for backend in Backend::each() {
            let policy = Arc::new(policy(vec![through("ever", Cap::Count(1), window.clone())]));
            let clock = clock();
            backend.open(&policy, &clock).allow(&request("tx-1")).await;
            clock.advance(HOUR * 24 * 366 * 11);
            let desk = backend.open(&policy, &clock);
            let refused = desk.reject(&request("tx-2"), ReasonCode::LimitExceeded).await;
            assert_eq!(refused.limits[0].grows_at, None, "{}", backend.name());
        }
    }
}

/// The window that opens first decides what is read at the start, wherever it stands in the policy.
#[tokio::test]
async fn every_limit_has_its_past_at_the_start() {
    let limits = |turned: bool| {
        let mut limits: Vec<Limit> = every_window()
            .into_iter()
            .map(|window| through(&window.to_string().replace(' ', "-"), Cap::Count(9), window))
            .collect();
        if turned {
            limits.reverse();
        }
        limits
    };
    for turned in [false, true] {
        for backend in Backend::each() {
            let clock = clock();
            let desk = backend.open(&Arc::new(policy(vec![])), &clock);
            desk.allow(&request("tx-1")).await;
            clock.advance(HOUR);
            desk.allow(&request("tx-2")).await;
            drop(desk);
            let desk = backend.open(&Arc::new(policy(limits(turned))), &clock);
            let decision = desk.allow(&request("tx-3")).await;
            for status in &decision.limits {
                let both = ["calendar-month", "calendar-iso_week", "lifetime", "in-flight"];
                let both = both.iter().any(|name| status.limit_id.starts_with(name));
                assert_eq!(status.used.to_string(), if both { "2" } else { "1" }, "{}", status.limit_id);
            }
        }
    }
}

#[tokio::test]
async fn destinations_are_known_again_after_a_restart() {
    for backend in Backend::each() {
        let limit = through("payees", Cap::Destinations(1), Window::Lifetime);
        let policy = Arc::new(policy(vec![keyed(limit, &[KeyPart::Source])]));
        let clock = clock();
        backend.open(&policy, &clock).allow(&request("tx-1")).await;
        let desk = backend.open(&policy, &clock);
        let known = desk.allow(&request("tx-2")).await;
        assert!(known.limits[0].requested.is_zero(), "{}", backend.name());
        let mut other = request("tx-3");
        other.destinations[0].account.id = Some("2".into());
        let refused = desk.reject(&other, ReasonCode::LimitExceeded).await;
        assert_eq!(refused.limits[0].requested.to_string(), "1");
        desk.allow(&other.id("tx-4").source("7")).await;
    }
}

#[tokio::test]
async fn a_hold_is_recorded_with_its_action_and_charges_nothing() {
    for backend in Backend::each() {
        let full = through("full", Cap::Count(0), Window::Lifetime);
        let full = Limit { on_exceed: OnExceed::Hold, leave_to_console: true, ..full };
        let desk = backend.open(&Arc::new(policy(vec![full])), &clock());
        let held = desk.decide(&request("tx-1")).await;
        assert_eq!((held.verdict, held.action), (Verdict::Hold, Action::Ignore), "{}", backend.name());
        assert!(desk.record(&held).await.charges.is_empty());
        let again = desk.answer(&request("tx-1")).await;
        assert_eq!((again.decision.action, again.recorded_earlier), (Action::Ignore, true));
        let signing = desk.decide(&request("tx-1").signing().address(Some(address('a')))).await;
        assert_eq!((signing.verdict, signing.action), (Verdict::Hold, Action::Reject));
    }
}
