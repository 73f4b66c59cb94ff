//! Calendar windows: the hour, day, week or month that it is in some zone.
//!
//! A unit is the civil one, however long it takes: a day of 23 or 25 hours is one day, and one whose midnight does
//! not exist begins with its first moment. Where clocks are set back, both passes of a repeated hour are one hour:
//! were they two, the fold would free headroom. For the same reason the civil clock is read as the least that it
//! will still show: where it is set back over midnight for some minutes, the day that comes again has not ended.

use jiff::civil::{Date, DateTime, Time as TimeOfDay};
use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::point::Time;
use super::zone::Zone;

/// No clock was ever set back by more: offsets from UTC differ by a day, and some minutes of local mean time.
const LONGEST_FOLD: SignedDuration = SignedDuration::from_hours(48);

/// A unit of the calendar, in a zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// How long.
    #[serde(rename = "calendar")]
    pub unit: CalendarUnit,
    /// In whose time days, weeks and months begin.
    pub zone: Zone,
}

/// What a calendar window is as long as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalendarUnit {
    /// An hour of the civil clock.
    Hour,
    /// A date.
    Day,
    /// Monday to Sunday.
    IsoWeek,
    /// The first to the last of a month.
    Month,
}

impl CalendarUnit {
    /// Every unit, by the name it has in a policy file.
    pub const ALL: [(&'static str, Self); 4] =
        [("hour", Self::Hour), ("day", Self::Day), ("iso_week", Self::IsoWeek), ("month", Self::Month)];

    /// Its name in a policy file.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, unit)| *unit == self).map_or("", |(name, _)| name)
    }

    /// The start of the unit that a civil time belongs to.
    fn start(self, civil: DateTime) -> Option<DateTime> {
        let date = civil.date();
        match self {
            Self::Hour => Some(date.at(civil.hour(), 0, 0, 0)),
            Self::Day => Some(midnight(date)),
            Self::IsoWeek => {
                let since_monday = Span::new().days(date.weekday().to_monday_zero_offset());
                date.checked_sub(since_monday).ok().map(midnight)
            }
            Self::Month => Some(midnight(date.first_of_month())),
        }
    }

    /// The start of the next unit.
    fn next(self, start: DateTime) -> Option<DateTime> {
        let length = match self {
            Self::Hour => Span::new().hours(1),
            Self::Day => Span::new().days(1),
            Self::IsoWeek => Span::new().days(7),
            Self::Month => Span::new().months(1),
        };
        start.checked_add(length).ok()
    }
}

fn midnight(date: Date) -> DateTime {
    date.to_datetime(TimeOfDay::midnight())
}

impl Calendar {
    /// The first moment of the unit that contains `now`. Where no calendar reaches, everything counts; and whatever
    /// the rules of a zone may come to say, what is charged now does.
    pub(super) fn opening(&self, now: Time) -> Time {
        let start = self.unit.start(self.reading(timestamp(now)));
        let first = start.and_then(|start| self.passes(start)).map(|(first, _)| time(first));
        first.map_or(Time::MIN, |first| first.min(now))
    }

    /// When a charge of time `at` stops counting: at the end of its unit, or of the units that come again after it.
    pub(super) fn leaving(&self, at: Time) -> Option<Time> {
        std::iter::successors(self.end(at), |end| self.end(*end)).find(|end| self.opening(*end) > at)
    }

    /// The moment at which the unit that contains `now` is over for good.
    fn end(&self, now: Time) -> Option<Time> {
        let next = self.unit.next(self.unit.start(self.reading(timestamp(now)))?)?;
        let (first, last) = self.passes(next)?;
        Some(time(if self.reading(first) >= next { first } else { last }))
    }

    /// The least that the civil clock shows from `now` on.
    fn reading(&self, now: Timestamp) -> DateTime {
        let rules = self.zone.rules();
        let until = now.saturating_add(LONGEST_FOLD).unwrap_or(Timestamp::MAX);
        let set = rules.following(now).take_while(|each| each.timestamp() <= until);
        set.map(|each| each.offset().to_datetime(each.timestamp()))
            .fold(rules.to_datetime(now), DateTime::min)
    }

    /// The first and the last moment at which the civil clock reaches a time: two where it comes again, and where
    /// it is skipped the moment of the skip.
    fn passes(&self, civil: DateTime) -> Option<(Timestamp, Timestamp)> {
        let rules = self.zone.rules();
        match rules.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                let only = offset.to_timestamp(civil).ok()?;
                Some((only, only))
            }
            AmbiguousOffset::Fold { before, after } => {
                Some((before.to_timestamp(civil).ok()?, after.to_timestamp(civil).ok()?))
            }
            AmbiguousOffset::Gap { after, .. } => {
                let earlier = after.to_timestamp(civil).ok()?;
                let skip = rules.following(earlier).next()?.timestamp();
                Some((skip, skip))
            }
        }
    }
}

/// Before the first moment that has a civil time it is that moment, after the last one it is the last.
fn timestamp(time: Time) -> Timestamp {
    let end = if time.as_micros() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(time.as_micros()).unwrap_or(end)
}

fn time(timestamp: Timestamp) -> Time {
    Time::from_micros(timestamp.as_microsecond())
}

#[cfg(test)]
mod tests;
