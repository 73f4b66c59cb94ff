//! The months by which payloads are kept apart, in UTC.

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use policy::time::Time;

/// How the tables of months are called, before year and month.
const PREFIX: &str = "payloads_";

/// A month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(Date);

impl Month {
    /// The month of a time. `None`: there is no such month, or none after it.
    pub fn of(time: Time) -> Option<Self> {
        let at = jiff::Timestamp::from_microsecond(time.as_micros()).ok()?;
        let month = Self(at.to_zoned(TimeZone::UTC).date().first_of_month());
        month.next().map(|_| month)
    }

    /// The month after it.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1.month()).ok().map(Self)
    }

    /// Its first moment, which is the end of the month before it.
    pub fn start(self) -> Option<Time> {
        let start = self.0.to_zoned(TimeZone::UTC).ok()?;
        Some(Time::from_micros(start.timestamp().as_microsecond()))
    }

    /// The first moment after it.
    pub fn end(self) -> Option<Time> {
        self.next()?.start()
    }

    /// The name of its table.
    pub fn table(self) -> String {
        format!("{PREFIX}{:04}_{:02}", self.0.year(), self.0.month())
    }

    /// The month of a table of that name.
    pub fn named(table: &str) -> Option<Self> {
        let (year, month) = table.strip_prefix(PREFIX)?.split_once('_')?;
        let (year, month) = (year.parse().ok()?, month.parse().ok()?);
        let month = (1..=12).contains(&month).then(|| Date::new(year, month, 1).ok())??;
        Some(Self(month)).filter(|named| named.table() == table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_where_the_one_before_it_ends() {
        for (micros, name, start, end) in [
            (1_700_000_000_000_000, "payloads_2023_11", 1_698_796_800_000_000, 1_701_388_800_000_000),
            (1_701_388_799_999_999, "payloads_2023_11", 1_698_796_800_000_000, 1_701_388_800_000_000),
            (1_701_388_800_000_000, "payloads_2023_12", 1_701_388_800_000_000, 1_704_067_200_000_000),
            (-1, "payloads_1969_12", -2_678_400_000_000, 0),
        ] {
            let month = Month::of(Time::from_micros(micros)).unwrap();
            assert_eq!(month.table(), name);
            assert_eq!(
                (month.start(), month.end()),
                (Some(Time::from_micros(start)), Some(Time::from_micros(end)))
            );
            assert_eq!(Month::named(name), Some(month));
        }
        assert_eq!(Month::of(Time::MIN), None);
    }

    #[test]
    fn tables_of_other_names_are_no_months() {
        for name in
            ["payloads_other", "payloads_2023_13", "payloads_2023_00", "payloads_2023_1", "x_2023_11", ""]
        {
            assert_eq!(Month::named(name), None, "{name}");
        }
    }
}
