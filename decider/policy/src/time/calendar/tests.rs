use jiff::civil::ISOWeekDate;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

const MICROS_PER_HOUR: i64 = 3_600_000_000;
const ZONES_WITHOUT_FOLDS_OVER_MIDNIGHT: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Pacific/Apia",
];

fn at(text: &str) -> Time {
    time(text.parse().unwrap())
}

fn moved(time: Time, micros: i64) -> Time {
    Time::from_micros(time.as_micros().saturating_add(micros))
}

fn calendar(unit: CalendarUnit, zone: &str) -> Calendar {
    Calendar { unit, zone: Zone::named(zone).unwrap() }
}

/// The unit that contains a moment lasts from one moment to another: asked at both of its edges.
#[track_caller]
fn lasts(unit: CalendarUnit, zone: &str, inside: &str, from: &str, to: &str) {
    let calendar = calendar(unit, zone);
    let (from, to) = (at(from), at(to));
    for now in [from, at(inside), moved(to, -1)] {
        assert_eq!(timestamp(calendar.opening(now)), timestamp(from), "opening at {}", timestamp(now));
        assert_eq!(
            calendar.leaving(now).map(timestamp),
            Some(timestamp(to)),
            "leaving of {}",
            timestamp(now)
        );
    }
    assert_eq!(timestamp(calendar.opening(to)), timestamp(to), "the next opens where it ends");
    assert!(calendar.opening(moved(from, -1)) < from, "the one before is another");
}

#[test]
fn units_are_those_of_the_zone() {
    use CalendarUnit::{Day, Hour, IsoWeek, Month};
    let now = "2026-11-21T14:01:00Z";
    lasts(Hour, "Europe/Berlin", now, "2026-11-21T14:00:00Z", "2026-11-21T15:00:00Z");
    lasts(Day, "Europe/Berlin", now, "2026-11-20T23:00:00Z", "2026-11-21T23:00:00Z");
    lasts(IsoWeek, "Europe/Berlin", now, "2026-11-15T23:00:00Z", "2026-11-22T23:00:00Z");
    lasts(Month, "Europe/Berlin", now, "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z");
    lasts(Hour, "Asia/Kathmandu", now, "2026-11-21T13:15:00Z", "2026-11-21T14:15:00Z");
    lasts(Day, "Asia/Kathmandu", now, "2026-11-20T18:15:00Z", "2026-11-21T18:15:00Z");
}

#[test]
fn a_day_has_the_hours_that_it_has() {
    use CalendarUnit::Day;
    for (zone, inside, from, to, minutes) in [
        ("Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23 * 60),
        ("Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25 * 60),
        ("America/New_York", "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", 23 * 60),
        ("America/New_York", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", 25 * 60),
        ("Australia/Lord_Howe", "2026-10-03T20:00:00Z", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z", 1410),
        ("Australia/Lord_Howe", "2026-04-04T20:00:00Z", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z", 1470),
    ] {
        lasts(Day, zone, inside, from, to);
        assert_eq!((at(to).as_micros() - at(from).as_micros()) / 60_000_000, minutes, "{zone}");
    }
}

#[test]
fn a_repeated_hour_is_one_hour_and_a_skipped_one_is_none() {
    use CalendarUnit::Hour;
    lasts(Hour, "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z");
    lasts(Hour, "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z");
    lasts(Hour, "Europe/Berlin", "2026-03-29T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z");
    lasts(Hour, "America/New_York", "2026-11-01T06:30:00Z", "2026-11-01T05:00:00Z", "2026-11-01T07:00:00Z");
    // Half an hour comes again, half an hour is skipped.
    lasts(
        Hour,
        "Australia/Lord_Howe",
        "2026-04-04T15:15:00Z",
        "2026-04-04T14:00:00Z",
        "2026-04-04T15:30:00Z",
    );
    lasts(
        Hour,
        "Australia/Lord_Howe",
        "2026-10-03T15:45:00Z",
        "2026-10-03T15:30:00Z",
        "2026-10-03T16:00:00Z",
    );
}

#[test]
fn a_day_without_a_midnight_begins_with_its_first_moment() {
    use CalendarUnit::{Day, Hour, IsoWeek, Month};
    lasts(Day, "America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z");
    lasts(Hour, "America/Sao_Paulo", "2018-11-04T03:30:00Z", "2018-11-04T03:00:00Z", "2018-11-04T04:00:00Z");
    lasts(Day, "Africa/Cairo", "2024-04-26T12:00:00Z", "2024-04-25T22:00:00Z", "2024-04-26T21:00:00Z");
    // The hour before midnight comes again.
    lasts(Day, "Africa/Cairo", "2024-10-31T21:30:00Z", "2024-10-30T21:00:00Z", "2024-10-31T22:00:00Z");
    lasts(Hour, "Africa/Cairo", "2024-10-31T21:30:00Z", "2024-10-31T20:00:00Z", "2024-10-31T22:00:00Z");
    // Clocks went from 23:30 to 00:30: midnight lies inside what was skipped.
    lasts(Day, "America/Toronto", "1919-03-31T12:00:00Z", "1919-03-31T04:30:00Z", "1919-04-01T04:00:00Z");
    // No 30 December 2011 at all.
    lasts(Day, "Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z");
    lasts(Day, "Pacific/Apia", "2011-12-30T11:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z");
    lasts(IsoWeek, "Pacific/Apia", "2011-12-30T11:00:00Z", "2011-12-26T10:00:00Z", "2012-01-01T10:00:00Z");
    lasts(Month, "America/Asuncion", "2017-10-20T00:00:00Z", "2017-10-01T04:00:00Z", "2017-11-01T03:00:00Z");
}

/// At 00:01 clocks were set back to 23:01: a minute of Sunday, an hour of Saturday again, Sunday again.
#[test]
fn a_day_that_comes_again_has_not_ended() {
    let day = calendar(CalendarUnit::Day, "America/St_Johns");
    let saturday = at("2010-11-06T02:30:00Z");
    let (sunday, again) = (at("2010-11-07T02:30:00Z"), at("2010-11-07T03:30:00Z"));
    for now in
        [moved(sunday, -1), sunday, moved(sunday, 59_999_999), moved(sunday, 60_000_000), moved(again, -1)]
    {
        assert_eq!(day.opening(now), saturday, "{}", timestamp(now));
    }
    assert_eq!(day.opening(again), sunday, "its first minute is counted, too");
    assert_eq!(day.leaving(saturday), Some(again));
    assert_eq!(day.leaving(sunday), Some(at("2010-11-08T03:30:00Z")));
}

#[test]
fn months_and_weeks_end_where_they_end() {
    use CalendarUnit::{Day, IsoWeek, Month};
    for (inside, from, to) in [
        ("2024-02-29T23:59:59.999999Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
        ("2026-02-28T12:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("2026-01-29T12:00:00Z", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        ("2026-01-30T12:00:00Z", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        ("2026-01-31T12:00:00Z", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        ("2026-04-30T12:00:00Z", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"),
        ("2026-12-31T12:00:00Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    ] {
        lasts(Month, "UTC", inside, from, to);
    }
    lasts(Day, "UTC", "2024-02-29T12:00:00Z", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z");
    for (inside, from, to) in [
        ("2026-12-31T12:00:00Z", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"),
        ("2027-01-03T12:00:00Z", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"),
        ("2024-12-31T12:00:00Z", "2024-12-30T00:00:00Z", "2025-01-06T00:00:00Z"),
        ("2023-01-01T12:00:00Z", "2022-12-26T00:00:00Z", "2023-01-02T00:00:00Z"),
    ] {
        lasts(IsoWeek, "UTC", inside, from, to);
    }
    lasts(IsoWeek, "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z");
    lasts(Month, "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z");
}

#[test]
fn beyond_the_calendar_everything_counts() {
    for (_, unit) in CalendarUnit::ALL {
        for zone in ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
            let calendar = calendar(unit, zone);
            assert_eq!(calendar.opening(Time::MIN), Time::MIN);
            let (last, end) = (calendar.opening(time(Timestamp::MAX)), Time::from_micros(i64::MAX));
            assert_eq!(calendar.opening(end), last, "time stands still where the calendar ends");
            assert_eq!(calendar.leaving(end), None);
        }
    }
}

/// Which unit a moment belongs to, read off the civil clock as a person would.
fn read_off(calendar: &Calendar, at: Time) -> (i16, i8, i8, i8) {
    let civil = calendar.zone.rules().to_datetime(timestamp(at));
    match calendar.unit {
        CalendarUnit::Hour => (civil.year(), civil.month(), civil.day(), civil.hour()),
        CalendarUnit::Day => (civil.year(), civil.month(), civil.day(), 0),
        CalendarUnit::IsoWeek => {
            let week = ISOWeekDate::from(civil.date());
            (week.year(), week.week(), 0, 0)
        }
        CalendarUnit::Month => (civil.year(), civil.month(), 0, 0),
    }
}

/// Around the moments at which some clock was set, from 1850 on.
fn moments() -> impl Strategy<Value = (String, Time)> {
    let zone = any::<Index>().prop_map(|index| {
        let names: Vec<&str> = Zone::names().collect();
        (*index.get(&names)).to_owned()
    });
    let near = prop_oneof![
        -100_i64..100,
        -2 * MICROS_PER_HOUR..2 * MICROS_PER_HOUR,
        -30 * 24 * MICROS_PER_HOUR..30 * 24 * MICROS_PER_HOUR
    ];
    (zone, -3_786_912_000_i64..4_102_444_800, near).prop_map(|(zone, seconds, near)| {
        let start = Timestamp::from_second(seconds).unwrap();
        let set = Zone::named(&zone)
            .unwrap()
            .rules()
            .following(start)
            .next()
            .map_or(start, |each| each.timestamp());
        (zone, moved(time(set), near))
    })
}

fn units() -> impl Strategy<Value = CalendarUnit> {
    select(CalendarUnit::ALL.map(|(_, unit)| unit).to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// In every zone there is, wherever clocks were ever set.
    #[test]
    fn what_shows_the_unit_of_now_counts((zone, now) in moments(), unit in units(), back in 0..800 * MICROS_PER_HOUR) {
        let calendar = calendar(unit, &zone);
        let opening = calendar.opening(now);
        prop_assert!(opening <= now);
        for at in [moved(now, -back), moved(now, -(back % (3 * MICROS_PER_HOUR))), moved(opening, -1)] {
            if read_off(&calendar, at) == read_off(&calendar, now) {
                prop_assert!(at >= opening, "{zone}: {} at {}", timestamp(at), timestamp(now));
            }
        }
    }

    #[test]
    fn an_opening_never_moves_back((zone, now) in moments(), unit in units(), on in 0..60 * MICROS_PER_HOUR) {
        let calendar = calendar(unit, &zone);
        prop_assert!(calendar.opening(now) <= calendar.opening(moved(now, on)), "{zone}: {}", timestamp(now));
    }

    #[test]
    fn what_leaves_does_so_when_it_says((zone, at) in moments(), unit in units()) {
        let calendar = calendar(unit, &zone);
        let leaving = calendar.leaving(at).unwrap();
        prop_assert!(calendar.opening(moved(leaving, -1)) <= at, "{zone}: {}", timestamp(at));
        prop_assert!(calendar.opening(leaving) > at, "{zone}: {}", timestamp(at));
    }

    /// Where no clock is set back over the start of a unit, nothing else counts either.
    #[test]
    fn and_nothing_else(
        zone in select(ZONES_WITHOUT_FOLDS_OVER_MIDNIGHT.to_vec()), unit in units(),
        micros in 946_684_800_000_000_i64..2_000_000_000_000_000, back in 0..800 * MICROS_PER_HOUR,
    ) {
        let calendar = calendar(unit, zone);
        let now = Time::from_micros(micros);
        let opening = calendar.opening(now);
        for at in [moved(now, -back), moved(now, -(back % (3 * MICROS_PER_HOUR))), opening, moved(opening, -1)] {
            let same = read_off(&calendar, at) == read_off(&calendar, now);
            prop_assert_eq!(at >= opening, same, "{}: {} at {}", zone, timestamp(at), timestamp(now));
        }
    }
}
