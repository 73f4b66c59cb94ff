//! What is said of an address, as text, in YAML and in CSV alike.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use policy::address::Chain;
use policy::list::AddedOn;
use policy::time::Time;

use crate::instant;
use crate::yaml::unseen;

/// The longest tag, in bytes: a request has no longer one, so that a longer one would never match.
const MAX_TAG_BYTES: usize = 256;
/// The longest label, in bytes.
const MAX_LABEL_BYTES: usize = 256;

/// From the start of a day in UTC to its end where it ends last, twelve hours west.
const TO_THE_END_OF_A_DAY: SignedDuration = SignedDuration::from_hours(24 + 12);

/// A tag or memo. On a chain that has none, the entry would stand for nobody.
pub fn tag(chain: Chain, text: &str) -> Result<&str, String> {
    if !text.is_empty() && !chain.has_tags() {
        return Err(format!("{chain} has no tags, so that nobody is listed: leave the tag out"));
    }
    let tag = at_most(text, "tag", MAX_TAG_BYTES)?;
    unseen::check_word(tag).map(|()| tag).map_err(|problem| format!("the tag {problem}"))
}

/// What people call an address.
pub fn label(text: &str) -> Result<&str, String> {
    at_most(text, "label", MAX_LABEL_BYTES)
}

fn at_most<'t>(text: &'t str, what: &str, bytes: usize) -> Result<&'t str, String> {
    if text.len() > bytes {
        return Err(format!("the {what} has {} bytes: at most {bytes} are read", text.len()));
    }
    Ok(text)
}

/// When it was added: RFC 3339, or a date. Nobody knows when and where on that day: it is the end of the day on all of the
/// earth, so that no entry seems older than it is.
pub fn added(text: &str) -> Result<AddedOn, String> {
    let time = time_of(text).ok_or("expected a date, such as 2026-01-31 or 2026-01-31T09:30:00Z")?;
    let added = AddedOn::from_time(Time::from_micros(time.as_microsecond()));
    added.ok_or_else(|| "the date must be from 1970 to 2105".into())
}

/// A time needs its offset: without one nobody knows when it was.
fn time_of(text: &str) -> Option<Timestamp> {
    match date(text) {
        Some(date) => {
            Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?.checked_add(TO_THE_END_OF_A_DAY).ok()
        }
        None => instant::parse(text).ok(),
    }
}

/// `2026-01-31`, and nothing that only looks like it.
fn date(text: &str) -> Option<Date> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else { return None };
    let number = |digits: &[u8]| {
        let digits = digits.iter().map(|digit| digit.is_ascii_digit().then(|| i16::from(digit & 0x0f)));
        digits.reduce(|high, low| high?.checked_mul(10)?.checked_add(low?)).flatten()
    };
    let (year, month, day) = (number(&[*y1, *y2, *y3, *y4])?, number(&[*m1, *m2])?, number(&[*d1, *d2])?);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<i64> {
        added(text).ok().map(|at| at.time().as_micros() / 1_000_000)
    }

    #[test]
    fn a_date_is_the_end_of_that_day_wherever_and_times_have_an_offset() {
        assert_eq!(seconds("1970-01-01"), Some(36 * 3_600));
        assert_eq!(seconds("2026-01-31"), seconds("2026-02-01T00:00:00-12:00"));
        assert_eq!(seconds("2026-01-31"), Some(1_769_947_200));
        assert_eq!(seconds("2026-01-31T09:30:00Z"), Some(1_769_851_800));
        assert_eq!(seconds("2026-01-31T11:30:00+02:00"), Some(1_769_851_800));
        assert_eq!(seconds("2026-01-31T09:29:59.000001Z"), Some(1_769_851_800));
    }

    #[test]
    fn what_could_be_another_day_is_refused() {
        for text in [
            "",
            "2026-01-31T09:30:00",
            "2026-01-31T09:30",
            "2026-01-31T09:30:00+20:00",
            "2026-01-31 09:30:00",
            "2026-02-30",
            "2026-1-31",
            "31.01.2026",
            "01/31/2026",
            "20260131",
            "2026-01-31 ",
            " 2026-01-31",
            "1769851800",
            "2026-01",
            "yesterday",
        ] {
            assert_eq!(
                added(text).unwrap_err(),
                "expected a date, such as 2026-01-31 or 2026-01-31T09:30:00Z",
                "{text}"
            );
        }
        for text in ["1969-12-30", "1969-12-31T12:00:00Z", "2106-02-07"] {
            assert_eq!(added(text).unwrap_err(), "the date must be from 1970 to 2105", "{text}");
        }
    }
}
