//! The lengths of rolling windows.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::point::Time;

const MICROS_PER_SECOND: u64 = 1_000_000;
const SECONDS_PER_MINUTE: u64 = 60;
const SECONDS_PER_HOUR: u64 = 60 * SECONDS_PER_MINUTE;
const SECONDS_PER_DAY: u64 = 24 * SECONDS_PER_HOUR;

/// The length of a rolling window: whole seconds, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Length {
    seconds: u64,
}

impl Length {
    /// The longest: ten years. A longer one is a typing error.
    pub const MAX_SECONDS: u64 = 10 * 366 * SECONDS_PER_DAY;

    /// That many seconds; `None` for zero and for more than [`Length::MAX_SECONDS`].
    pub const fn from_seconds(seconds: u64) -> Option<Self> {
        if seconds == 0 || seconds > Self::MAX_SECONDS { None } else { Some(Self { seconds }) }
    }

    /// In seconds.
    pub const fn seconds(self) -> u64 {
        self.seconds
    }

    /// The start of `(now − length, now]` is open: the first moment that counts is the one after it.
    pub(super) fn opening(self, now: Time) -> Time {
        Time::from_micros(now.as_micros().saturating_sub_unsigned(self.micros()).saturating_add(1))
    }

    /// Whether `at` is less than that long before `now`, or after it.
    pub fn reaches(self, at: Time, now: Time) -> bool {
        at >= self.opening(now)
    }

    /// When what is dated `at` has left.
    pub(super) fn after(self, at: Time) -> Time {
        Time::from_micros(at.as_micros().saturating_add_unsigned(self.micros()))
    }

    fn micros(self) -> u64 {
        self.seconds.saturating_mul(MICROS_PER_SECOND)
    }
}

/// Not the length of a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} seconds are no length of a window")]
pub struct NoLength(u64);

impl TryFrom<u64> for Length {
    type Error = NoLength;

    fn try_from(seconds: u64) -> Result<Self, NoLength> {
        Self::from_seconds(seconds).ok_or(NoLength(seconds))
    }
}

impl From<Length> for u64 {
    fn from(length: Length) -> Self {
        length.seconds
    }
}

/// As people write it, in the largest unit that it is a whole number of: `30s`, `15m`, `24h`, `7d`.
impl fmt::Display for Length {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds;
        let whole = |unit: u64| seconds.is_multiple_of(unit).then(|| seconds / unit);
        if let Some(days @ 2..) = whole(SECONDS_PER_DAY) {
            return write!(formatter, "{days}d");
        }
        match (whole(SECONDS_PER_HOUR), whole(SECONDS_PER_MINUTE)) {
            (Some(hours), _) => write!(formatter, "{hours}h"),
            (None, Some(minutes)) => write!(formatter, "{minutes}m"),
            (None, None) => write!(formatter, "{seconds}s"),
        }
    }
}
