//! Windows: which charges count at a moment.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::length::Length;
use super::point::Time;

/// Over how long a limit adds up (decision model, section 4).
///
/// Every window opens at some moment and takes in all that is dated then or later, what lies ahead included. As
/// time goes on the opening never moves back, so that what was forgotten is never asked for again.
///
/// On record: a number of seconds, `{"calendar": "day", "zone": "Europe/Berlin"}`, `"lifetime"` or `"in_flight"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Recorded", into = "Recorded")]
pub enum Window {
    /// `(now − length, now]`, exact.
    Rolling(Length),
    /// The hour, day, week or month that it is somewhere.
    Calendar(Calendar),
    /// Everything, for ever.
    Lifetime,
    /// Until the outcome of the transaction is heard of. None is reported yet, so that every charge counts: what
    /// nobody has heard of may still be in flight.
    InFlight,
}

impl Window {
    /// A rolling window of that many seconds; `None` where that is no [`Length`].
    pub const fn from_seconds(seconds: u64) -> Option<Self> {
        match Length::from_seconds(seconds) {
            Some(length) => Some(Self::Rolling(length)),
            None => None,
        }
    }

    /// Whether a charge of time `at` counts at `now`.
    pub fn contains(&self, at: Time, now: Time) -> bool {
        at >= self.opening(now)
    }

    /// The first moment that counts at `now`.
    pub fn opening(&self, now: Time) -> Time {
        match self {
            Self::Rolling(length) => length.opening(now),
            Self::Calendar(calendar) => calendar.opening(now),
            Self::Lifetime | Self::InFlight => Time::MIN,
        }
    }

    /// When a charge of time `at` stops counting; `None`: never, as far as anybody can tell.
    pub fn leaving(&self, at: Time) -> Option<Time> {
        match self {
            Self::Rolling(length) => Some(length.after(at)),
            Self::Calendar(calendar) => calendar.leaving(at),
            Self::Lifetime | Self::InFlight => None,
        }
    }

    /// Whether what counts once stops counting at some time.
    pub fn ends(&self) -> bool {
        matches!(self, Self::Rolling(_) | Self::Calendar(_))
    }

    /// Its length in seconds, where it is a rolling one.
    pub fn seconds(&self) -> Option<u64> {
        match self {
            Self::Rolling(length) => Some(length.seconds()),
            Self::Calendar(_) | Self::Lifetime | Self::InFlight => None,
        }
    }
}

/// For people and programs: `rolling 24h`, `calendar day Europe/Berlin`, `lifetime`, `in flight`.
impl fmt::Display for Window {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rolling(length) => write!(formatter, "rolling {length}"),
            Self::Calendar(calendar) => {
                write!(formatter, "calendar {} {}", calendar.unit.name(), calendar.zone)
            }
            Self::Lifetime => formatter.write_str("lifetime"),
            Self::InFlight => formatter.write_str("in flight"),
        }
    }
}

/// What stands in a record.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Recorded {
    Rolling(Length),
    Calendar(Calendar),
    Other(Unending),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unending {
    Lifetime,
    InFlight,
}

impl From<Window> for Recorded {
    fn from(window: Window) -> Self {
        match window {
            Window::Rolling(length) => Self::Rolling(length),
            Window::Calendar(calendar) => Self::Calendar(calendar),
            Window::Lifetime => Self::Other(Unending::Lifetime),
            Window::InFlight => Self::Other(Unending::InFlight),
        }
    }
}

impl From<Recorded> for Window {
    fn from(recorded: Recorded) -> Self {
        match recorded {
            Recorded::Rolling(length) => Self::Rolling(length),
            Recorded::Calendar(calendar) => Self::Calendar(calendar),
            Recorded::Other(Unending::Lifetime) => Self::Lifetime,
            Recorded::Other(Unending::InFlight) => Self::InFlight,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{CalendarUnit, Zone};

    fn berlin_day() -> Window {
        let zone = Zone::named("Europe/Berlin").unwrap();
        Window::Calendar(Calendar { unit: CalendarUnit::Day, zone })
    }

    #[test]
    fn a_window_is_open_at_its_start_and_takes_what_lies_ahead() {
        let hour = Window::from_seconds(3600).unwrap();
        let now = Time::from_micros(10_000_000_000);
        let start = Time::from_micros(10_000_000_000 - 3_600_000_000);
        assert!(!hour.contains(start, now));
        assert!(hour.contains(Time::from_micros(start.as_micros() + 1), now));
        assert!(hour.contains(now, now));
        assert!(hour.contains(Time::from_micros(i64::MAX), now));
    }

    #[test]
    fn a_charge_leaves_exactly_when_it_says() {
        let at = Time::from_micros(1_700_000_000_000_000);
        for window in [Window::from_seconds(86_400).unwrap(), berlin_day()] {
            let leaves = window.leaving(at).unwrap();
            assert!(window.contains(at, Time::from_micros(leaves.as_micros() - 1)), "{window}");
            assert!(!window.contains(at, leaves), "{window}");
        }
    }

    #[test]
    fn what_does_not_end_holds_everything() {
        for window in [Window::Lifetime, Window::InFlight] {
            assert!(window.contains(Time::MIN, Time::from_micros(i64::MAX)), "{window}");
            assert_eq!((window.leaving(Time::MIN), window.ends()), (None, false), "{window}");
        }
    }

    #[test]
    fn lengths_are_bounded() {
        assert!(Window::from_seconds(0).is_none());
        assert!(Window::from_seconds(Length::MAX_SECONDS).is_some());
        assert!(Window::from_seconds(Length::MAX_SECONDS + 1).is_none());
    }

    #[test]
    fn windows_have_texts_and_records() {
        let rolling = |seconds| Window::from_seconds(seconds).unwrap();
        for (window, text, record) in [
            (rolling(30), "rolling 30s", "30"),
            (rolling(90), "rolling 90s", "90"),
            (rolling(900), "rolling 15m", "900"),
            (rolling(3600), "rolling 1h", "3600"),
            (rolling(86_400), "rolling 24h", "86400"),
            (rolling(129_600), "rolling 36h", "129600"),
            (rolling(604_800), "rolling 7d", "604800"),
            (berlin_day(), "calendar day Europe/Berlin", r#"{"calendar":"day","zone":"Europe/Berlin"}"#),
            (Window::Lifetime, "lifetime", r#""lifetime""#),
            (Window::InFlight, "in flight", r#""in_flight""#),
        ] {
            assert_eq!(window.to_string(), text);
            assert_eq!(serde_json::to_string(&window).unwrap(), record);
            assert_eq!(serde_json::from_str::<Window>(record).unwrap(), window);
        }
        for record in ["0", r#""week""#, r#"{"calendar":"day","zone":"Mars"}"#, r#"{"calendar":"day"}"#] {
            assert!(serde_json::from_str::<Window>(record).is_err(), "{record}");
        }
    }
}
