//! Hours of the week as people of a place keep them, summer time included.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::{DateTime, Weekday};

use crate::time::{Time, Zone};

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Day {
    /// Every day, by the name it has in a policy file.
    pub const ALL: [(&'static str, Self); 7] = [
        ("MON", Self::Mon),
        ("TUE", Self::Tue),
        ("WED", Self::Wed),
        ("THU", Self::Thu),
        ("FRI", Self::Fri),
        ("SAT", Self::Sat),
        ("SUN", Self::Sun),
    ];
}

impl From<Weekday> for Day {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Mon,
            Weekday::Tuesday => Self::Tue,
            Weekday::Wednesday => Self::Wed,
            Weekday::Thursday => Self::Thu,
            Weekday::Friday => Self::Fri,
            Weekday::Saturday => Self::Sat,
            Weekday::Sunday => Self::Sun,
        }
    }
}

/// A time of day in whole minutes after midnight, 00:00 to 24:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

const MINUTES_PER_DAY: u16 = 24 * 60;
const MINUTES_PER_HOUR: u16 = 60;
const SECONDS_PER_MINUTE: u32 = 60;

impl TimeOfDay {
    /// The start of a day.
    pub const START: Self = Self(0);
    /// The end of a day.
    pub const END: Self = Self(MINUTES_PER_DAY);

    /// Reads `09:00`: two digits, a colon, two digits; at most `24:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let [h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
        let digits = |high: &u8, low: &u8| {
            let digit =
                |byte: &u8| char::from(*byte).to_digit(10).and_then(|digit| u16::try_from(digit).ok());
            digit(high)?.checked_mul(10)?.checked_add(digit(low)?)
        };
        let (hours, minutes) = (digits(h1, h2)?, digits(m1, m2)?);
        let all = hours.checked_mul(MINUTES_PER_HOUR)?.checked_add(minutes)?;
        (minutes < MINUTES_PER_HOUR && all <= MINUTES_PER_DAY).then_some(Self(all))
    }

    fn in_seconds(self) -> u32 {
        u32::from(self.0).saturating_mul(SECONDS_PER_MINUTE)
    }
}

/// `09:00`.
impl fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes) = (self.0 / MINUTES_PER_HOUR, self.0 % MINUTES_PER_HOUR);
        write!(formatter, "{hours:02}:{minutes:02}")
    }
}

/// Hours of some days of the week: from the first moment of `from` up to, and without, `to`. Where `to` is not
/// after `from` they end on the next day, and the day is that on which they began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// In whose time hours and days are read.
    pub zone: Zone,
    /// On which days.
    pub days: BTreeSet<Day>,
    /// Since when.
    pub from: TimeOfDay,
    /// Until when.
    pub to: TimeOfDay,
}

impl Hours {
    /// Whether a moment lies in these hours, by what clocks show there; `None` for one beyond the calendar.
    ///
    /// An hour that summer time takes away is never shown, and one that it gives twice is in or out both times.
    pub fn contains(&self, at: Time) -> Option<bool> {
        let clock = self.zone.shows(at)?;
        let (today, yesterday) = (clock.weekday(), clock.weekday().previous());
        let on = |day: Weekday| self.days.contains(&day.into());
        let now = seconds_of(clock);
        let (begun, over) = (now >= self.from.in_seconds(), now >= self.to.in_seconds());
        Some(if self.from < self.to {
            on(today) && begun && !over
        } else {
            on(today) && begun || on(yesterday) && !over
        })
    }

    /// Whether they are every hour of the week.
    pub fn are_all(&self) -> bool {
        let days = Day::ALL.iter().all(|(_, day)| self.days.contains(day));
        days && self.from == TimeOfDay::START && self.to == TimeOfDay::END
    }

    /// Whether every moment in them is in others, as far as clocks of the same zone tell.
    pub fn are_within(&self, other: &Self) -> bool {
        let same = (self.from, self.to) == (other.from, other.to);
        let inside = self.end_on_their_day()
            && other.end_on_their_day()
            && self.from >= other.from
            && self.to <= other.to;
        self.zone == other.zone && self.days.is_subset(&other.days) && (same || inside)
    }

    /// Whether no moment is in both, as far as clocks of the same zone tell.
    pub fn are_apart_from(&self, other: &Self) -> bool {
        let apart = self.to <= other.from || other.to <= self.from || self.days.is_disjoint(&other.days);
        self.zone == other.zone && self.end_on_their_day() && other.end_on_their_day() && apart
    }

    fn end_on_their_day(&self) -> bool {
        self.from < self.to
    }
}

/// `MON, TUE 09:00 to 17:30 Europe/Berlin`.
impl fmt::Display for Hours {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = Day::ALL.into_iter().filter(|(_, day)| self.days.contains(day));
        let days: Vec<&str> = days.map(|(name, _)| name).collect();
        write!(formatter, "{} {} to {} {}", days.join(", "), self.from, self.to, self.zone)
    }
}

/// Seconds that clocks show since midnight.
fn seconds_of(clock: DateTime) -> u32 {
    let part = |value: i8| u32::from(value.unsigned_abs());
    let hours = part(clock.hour()).saturating_mul(u32::from(MINUTES_PER_HOUR));
    let minutes = hours.saturating_add(part(clock.minute()));
    minutes.saturating_mul(SECONDS_PER_MINUTE).saturating_add(part(clock.second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    fn hours(zone: &str, days: &[Day], from: &str, to: &str) -> Hours {
        Hours {
            zone: Zone::named(zone).unwrap(),
            days: days.iter().copied().collect(),
            from: TimeOfDay::parse(from).unwrap(),
            to: TimeOfDay::parse(to).unwrap(),
        }
    }

    fn within(hours: &Hours, text: &str) -> bool {
        hours.contains(at(text)).unwrap()
    }

    #[test]
    fn they_begin_with_their_first_moment_and_end_before_their_last() {
        // 2026-11-23 is a Monday; Berlin is one hour ahead.
        let office = hours("Europe/Berlin", &[Day::Mon, Day::Tue], "09:00", "17:30");
        for (moment, inside) in [
            ("2026-11-23T07:59:59.999999Z", false),
            ("2026-11-23T08:00:00Z", true),
            ("2026-11-23T16:29:59.999999Z", true),
            ("2026-11-23T16:30:00Z", false),
            ("2026-11-24T10:00:00Z", true),
            ("2026-11-25T10:00:00Z", false),
            ("2026-11-22T10:00:00Z", false),
        ] {
            assert_eq!(within(&office, moment), inside, "{moment}");
        }
    }

    #[test]
    fn hours_over_midnight_belong_to_the_day_they_began_on() {
        let night = hours("UTC", &[Day::Fri], "22:00", "06:00");
        for (moment, inside) in [
            ("2026-11-26T23:00:00Z", false),
            ("2026-11-27T05:00:00Z", false),
            ("2026-11-27T21:59:59Z", false),
            ("2026-11-27T22:00:00Z", true),
            ("2026-11-28T05:59:59Z", true),
            ("2026-11-28T06:00:00Z", false),
            ("2026-11-28T23:00:00Z", false),
        ] {
            assert_eq!(within(&night, moment), inside, "{moment}");
        }
    }

    #[test]
    fn a_whole_day_is_from_its_start_to_its_end() {
        let sunday = hours("America/New_York", &[Day::Sun], "00:00", "24:00");
        assert!(!within(&sunday, "2026-11-22T04:59:59Z"));
        assert!(within(&sunday, "2026-11-22T05:00:00Z"));
        assert!(within(&sunday, "2026-11-23T04:59:59Z"));
        assert!(!within(&sunday, "2026-11-23T05:00:00Z"));
    }

    #[test]
    fn every_hour_is_every_day_from_its_start_to_its_end() {
        let every = Day::ALL.map(|(_, day)| day);
        let (week, all_but_one) = (&every[..], &every[1..]);
        assert!(hours("UTC", week, "00:00", "24:00").are_all());
        for (days, from, to) in
            [(all_but_one, "00:00", "24:00"), (week, "00:01", "24:00"), (week, "00:00", "23:59")]
        {
            assert!(!hours("UTC", days, from, to).are_all(), "{from} to {to}");
        }
    }

    #[test]
    fn they_keep_the_hours_of_summer_and_of_winter() {
        let office = hours("Europe/Berlin", &[Day::Sun], "02:00", "03:00");
        // 29 March 2026: at 01:00 UTC clocks go from 02:00 to 03:00, and show no such hour.
        for moment in ["2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-03-29T00:00:00Z"] {
            assert!(!within(&office, moment), "{moment}");
        }
        // 25 October 2026: at 01:00 UTC clocks go from 03:00 back to 02:00, and show the hour twice.
        for (moment, inside) in [
            ("2026-10-24T23:59:59Z", false),
            ("2026-10-25T00:00:00Z", true),
            ("2026-10-25T00:59:59Z", true),
            ("2026-10-25T01:00:00Z", true),
            ("2026-10-25T01:59:59Z", true),
            ("2026-10-25T02:00:00Z", false),
        ] {
            assert_eq!(within(&office, moment), inside, "{moment}");
        }
    }

    #[test]
    fn beyond_the_calendar_nobody_knows() {
        let always = hours("UTC", &[Day::Mon], "00:00", "24:00");
        assert_eq!(always.contains(Time::from_micros(i64::MAX)), None);
        assert_eq!(always.contains(Time::from_micros(i64::MIN)), None);
    }

    /// Told from what they say, and held against what they do: an hour that is in one and not in the other tells them apart.
    #[test]
    fn what_is_said_of_two_holds_at_every_hour() {
        let (monday, week) = ([Day::Mon], Day::ALL.map(|(_, day)| day));
        let days: [&[Day]; 3] = [&monday, &week, &[Day::Mon, Day::Fri]];
        let spans = [
            ("00:00", "24:00"),
            ("09:00", "17:00"),
            ("10:00", "17:00"),
            ("17:00", "20:00"),
            ("22:00", "06:00"),
        ];
        let all: Vec<Hours> =
            days.iter().flat_map(|days| spans.map(|(from, to)| hours("UTC", days, from, to))).collect();
        // 2026-11-23 is a Monday.
        let moments: Vec<Time> = (0..7 * 24)
            .map(|hour| Time::from_micros(at("2026-11-23T00:30:00Z").as_micros() + hour * 3_600_000_000))
            .collect();
        let counts = |one: &Hours, moment: &Time| one.contains(*moment).unwrap();
        let (mut inside, mut apart) = (0, 0);
        for (one, other) in all.iter().flat_map(|one| all.iter().map(move |other| (one, other))) {
            let mut both = moments.iter().map(|moment| (counts(one, moment), counts(other, moment)));
            if one.are_within(other) {
                inside += 1;
                assert!(both.clone().all(|(one, other)| !one || other), "{one} are not within {other}");
            }
            if one.are_apart_from(other) {
                apart += 1;
                assert!(!both.any(|(one, other)| one && other), "{one} are not apart from {other}");
            }
        }
        // Six of nine pairs of days, and nine of spans; four pairs of spans on any days.
        assert_eq!((inside, apart), (54, 36));
    }

    #[test]
    fn times_of_day_have_one_form() {
        assert_eq!(TimeOfDay::parse("00:00"), Some(TimeOfDay::START));
        assert_eq!(TimeOfDay::parse("24:00"), Some(TimeOfDay::END));
        assert_eq!(TimeOfDay::parse("17:30"), Some(TimeOfDay(17 * 60 + 30)));
        for text in ["00:00", "09:05", "17:30", "24:00"] {
            assert_eq!(TimeOfDay::parse(text).map(|time| time.to_string()), Some(text.to_owned()));
        }
        for text in
            ["", "9:00", "09:60", "24:01", "25:00", "09:00:00", "0900", "09.00", "+9:00", "９:00", "ab:cd"]
        {
            assert_eq!(TimeOfDay::parse(text), None, "{text}");
        }
    }
}
