//! Windows under a clock that is moved by hand: the decision model, section 4.

use crate::support::desk::Desk;
use crate::support::*;
use policy::condition::Conditions;
use policy::document::Policy;
use policy::limit::{Cap, Limit};
use policy::time::{Calendar, CalendarUnit, DATA_VERSION, Time, Window, Zone};
use policy::verdict::{ReasonCode, Verdict};

const FIVE_MINUTES: i64 = 300 * SECOND;
const DAY: i64 = 86_400 * SECOND;

fn at(text: &str) -> Time {
    let at: jiff::Timestamp = text.parse().unwrap();
    Time::from_micros(at.as_microsecond())
}

fn moved(time: Time, micros: i64) -> Time {
    Time::from_micros(time.as_micros() + micros)
}

fn rolling(seconds: u64) -> Window {
    Window::from_seconds(seconds).unwrap()
}

fn calendar(unit: CalendarUnit, zone: &str) -> Window {
    Window::Calendar(Calendar { unit, zone: Zone::named(zone).unwrap() })
}

fn day(zone: &str) -> Window {
    calendar(CalendarUnit::Day, zone)
}

/// One transaction in each window.
fn one_in(window: &Window) -> Limit {
    Limit { window: window.clone(), ..limit("one", Conditions::default(), &[], Cap::Count(1), 1) }
}

fn desk(window: &Window, now: Time) -> Desk {
    Desk::new(Policy { limits: vec![one_in(window)], ..open() }, now)
}

fn allows(desk: &mut Desk, id: &str) -> bool {
    let settlement = desk.decide(&transfer(id, "1"));
    assert!(settlement.verdict == Verdict::Allow || settlement.reason.code == ReasonCode::LimitExceeded);
    settlement.verdict == Verdict::Allow
}

/// What is charged at `charged` counts until `free`, to the microsecond.
#[track_caller]
fn counts_until(window: &Window, charged: &str, free: &str) {
    let free = at(free);
    let mut desk = desk(window, at(charged));
    assert!(allows(&mut desk, "first"));
    desk.set(moved(free, -1));
    let refused = desk.decide(&transfer("early", "1"));
    assert_eq!(refused.reason.code, ReasonCode::LimitExceeded, "{window} from {charged}: it left too early");
    assert_eq!(refused.limits[0].grows_at, Some(free), "{window} from {charged}");
    desk.set(free);
    assert!(allows(&mut desk, "second"), "{window} from {charged}: it did not leave");
    desk.step(1);
    assert!(!allows(&mut desk, "third"), "{window}: the second counts");
}

#[test]
fn every_window_ends_to_the_microsecond() {
    use CalendarUnit::{Hour, IsoWeek, Month};
    let charged = "2026-11-21T14:01:00.000001Z";
    counts_until(&rolling(3600), charged, "2026-11-21T15:01:00.000001Z");
    counts_until(&calendar(Hour, "UTC"), charged, "2026-11-21T15:00:00Z");
    counts_until(&day("UTC"), charged, "2026-11-22T00:00:00Z");
    counts_until(&day("Europe/Berlin"), charged, "2026-11-21T23:00:00Z");
    counts_until(&calendar(IsoWeek, "Europe/Berlin"), charged, "2026-11-22T23:00:00Z");
    counts_until(&calendar(Month, "Europe/Berlin"), charged, "2026-11-30T23:00:00Z");
    // From the first and from the last microsecond.
    counts_until(&day("UTC"), "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z");
    counts_until(&day("UTC"), "2026-11-21T23:59:59.999999Z", "2026-11-22T00:00:00Z");
}

#[test]
fn days_of_23_and_25_hours_are_days() {
    for (zone, charged, free) in [
        ("Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ("America/New_York", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
        ("America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"),
        ("America/Sao_Paulo", "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"),
        ("America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"),
        ("Africa/Cairo", "2024-04-25T21:59:59.999999Z", "2024-04-25T22:00:00Z"),
        ("Africa/Cairo", "2024-10-30T21:00:00Z", "2024-10-31T22:00:00Z"),
    ] {
        counts_until(&day(zone), charged, free);
    }
}

/// The worked timeline of README.md.
#[test]
fn a_day_of_25_hours_by_example() {
    let limits = vec![Limit { window: day("Europe/Berlin"), ..eth_limit("eth-per-day", &[], "1", 1) }];
    let mut desk = Desk::new(Policy { limits, ..open() }, at("2026-10-24T21:59:59Z"));
    for (now, amount, used, allowed) in [
        ("2026-10-24T21:59:59Z", "1", "0", true),
        ("2026-10-24T22:00:00Z", "0.6", "0", true),
        ("2026-10-25T00:30:00Z", "0.3", "0.6", true),
        ("2026-10-25T01:30:00Z", "0.3", "0.9", false),
        ("2026-10-25T22:30:00Z", "0.3", "0.9", false),
        ("2026-10-25T23:00:00Z", "1", "0", true),
    ] {
        desk.set(at(now));
        let settlement = desk.decide(&transfer(now, amount));
        assert_eq!(settlement.verdict == Verdict::Allow, allowed, "{now}");
        assert_eq!(settlement.limits[0].used, eth(used), "{now}");
        if !allowed {
            assert_eq!(settlement.limits[0].grows_at, Some(at("2026-10-25T23:00:00Z")));
        }
    }
}

/// The hour that comes again when clocks are set back gives no second helping.
#[test]
fn a_fold_frees_nothing() {
    use CalendarUnit::Hour;
    for (zone, first_pass, second_pass, free) in [
        ("Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"),
        ("America/New_York", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-11-01T07:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z", "2026-04-04T15:30:00Z"),
        ("Africa/Cairo", "2024-10-31T20:30:00Z", "2024-10-31T21:30:00Z", "2024-10-31T22:00:00Z"),
    ] {
        let hour = calendar(Hour, zone);
        counts_until(&hour, first_pass, free);
        counts_until(&hour, second_pass, free);
        let mut desk = desk(&hour, at(first_pass));
        assert!(allows(&mut desk, "first"));
        desk.set(at(second_pass));
        assert!(!allows(&mut desk, "again"), "{zone}");
    }
}

#[test]
fn months_end_on_their_last_day_and_weeks_on_sunday() {
    use CalendarUnit::{IsoWeek, Month};
    for (charged, free) in [
        ("2026-01-29T10:00:00Z", "2026-02-01T00:00:00Z"),
        ("2026-01-30T10:00:00Z", "2026-02-01T00:00:00Z"),
        ("2026-01-31T10:00:00Z", "2026-02-01T00:00:00Z"),
        ("2026-02-28T23:59:59.999999Z", "2026-03-01T00:00:00Z"),
        ("2024-02-28T23:59:59.999999Z", "2024-03-01T00:00:00Z"),
        ("2024-02-29T23:59:59.999999Z", "2024-03-01T00:00:00Z"),
        ("2026-12-31T23:59:59.999999Z", "2027-01-01T00:00:00Z"),
    ] {
        counts_until(&calendar(Month, "UTC"), charged, free);
    }
    counts_until(&day("UTC"), "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z");
    counts_until(&calendar(IsoWeek, "UTC"), "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z");
    counts_until(&calendar(IsoWeek, "UTC"), "2026-12-31T23:59:59.999999Z", "2027-01-04T00:00:00Z");
    counts_until(&calendar(IsoWeek, "UTC"), "2024-12-31T00:00:00Z", "2025-01-06T00:00:00Z");
    counts_until(&calendar(IsoWeek, "Europe/Berlin"), "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z");
}

#[test]
fn what_does_not_end_frees_nothing_ever() {
    for window in [Window::Lifetime, Window::InFlight] {
        let mut desk = desk(&window, START);
        assert!(allows(&mut desk, "first"));
        desk.step(400 * 366 * DAY);
        let refused = desk.decide(&transfer("later", "1"));
        assert_eq!((refused.verdict, refused.limits[0].grows_at), (Verdict::Deny, None), "{window}");
    }
}

/// Noon, a minute before and a minute after midnight of each zone, on plain days and on those with a step of DST.
#[test]
fn a_clock_that_steps_frees_nothing_before_its_time() {
    for (zone, noon) in [
        ("Europe/Berlin", "2026-03-29T10:00:00Z"),
        ("Europe/Berlin", "2026-10-25T11:00:00Z"),
        ("Europe/Berlin", "2026-10-25T22:59:00Z"),
        ("America/New_York", "2026-11-01T17:00:00Z"),
        ("America/New_York", "2026-03-08T05:01:00Z"),
        ("Australia/Lord_Howe", "2026-04-05T02:00:00Z"),
        ("America/Sao_Paulo", "2018-11-04T03:01:00Z"),
    ] {
        for window in [day(zone), calendar(CalendarUnit::Hour, zone), rolling(86_400), Window::Lifetime] {
            for step in [-FIVE_MINUTES, -DAY] {
                let mut desk = desk(&window, at(noon));
                assert!(allows(&mut desk, "first"));
                desk.step(step);
                assert!(!allows(&mut desk, "back"), "{window}: {step} from {noon}");
                desk.step(-step);
                assert!(!allows(&mut desk, "back again"), "{window}: {step} from {noon} and again");
            }
        }
    }
}

#[test]
fn a_step_forward_is_time_and_a_step_back_after_it_is_none() {
    let mut desk = desk(&day("Europe/Berlin"), at("2026-11-21T22:58:00Z"));
    assert!(allows(&mut desk, "before midnight"));
    desk.step(FIVE_MINUTES);
    assert!(allows(&mut desk, "after midnight"), "it is another day");
    desk.step(-FIVE_MINUTES);
    assert!(!allows(&mut desk, "before midnight once more"), "the store's time stands still");
    desk.step(-DAY);
    assert!(!allows(&mut desk, "the day before"));
    desk.step(DAY + FIVE_MINUTES);
    assert!(!allows(&mut desk, "the same day"));
    desk.step(DAY);
    assert!(allows(&mut desk, "the day after"));
}

/// A ledger that was written by a clock ahead of this one.
#[test]
fn what_lies_ahead_counts_until_its_own_unit_ends() {
    let window = day("UTC");
    let mut ahead = desk(&window, at("2026-11-23T10:00:00Z"));
    assert!(allows(&mut ahead, "ahead"));
    let mut behind = desk(&window, at("2026-11-21T10:00:00Z"));
    for charge in ahead.charges.values() {
        behind.index.record(behind.policy.limits(), None, charge);
    }
    for now in ["2026-11-21T10:00:00Z", "2026-11-22T00:00:00Z", "2026-11-23T23:59:59.999999Z"] {
        behind.set(at(now));
        let refused = behind.decide(&transfer("a", "1"));
        assert_eq!(refused.verdict, Verdict::Deny, "{now}");
        assert_eq!(refused.limits[0].grows_at, Some(at("2026-11-24T00:00:00Z")));
    }
    behind.set(at("2026-11-24T00:00:00Z"));
    assert!(allows(&mut behind, "a"));
}

#[test]
fn the_version_of_the_time_zone_data_is_on_record_where_it_had_a_say() {
    for (window, version) in
        [(day("Europe/Berlin"), Some(DATA_VERSION)), (rolling(60), None), (Window::Lifetime, None)]
    {
        let settlement = desk(&window, START).decide(&transfer("a", "1"));
        assert_eq!(settlement.evidence.time_zone_data.as_deref(), version, "{window}");
    }
    let elsewhere = Conditions { assets: only("BTC"), ..Conditions::default() };
    let limits = vec![Limit { when: elsewhere, ..one_in(&day("Europe/Berlin")) }];
    let settlement = Desk::new(Policy { limits, ..open() }, START).decide(&transfer("a", "1"));
    assert_eq!(settlement.evidence.time_zone_data, None, "it did not look at this transaction");
    let old = r#"{"charges":[],"used":[]}"#;
    assert_eq!(serde_json::from_str::<policy::evidence::Evidence>(old).unwrap().time_zone_data, None);
}
