//! Points in time and rolling windows, to the microsecond.

use serde::{Deserialize, Serialize};

const MICROS_PER_SECOND: u64 = 1_000_000;

/// A point in time: microseconds since 1970-01-01 UTC. It always comes from a store's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(i64);

impl Time {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// This moment plus a window's length; the end of time where that overflows.
    pub fn after(self, window: Window) -> Self {
        Self(self.0.saturating_add_unsigned(window.micros()))
    }
}

/// The length of a rolling window: whole seconds, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Window {
    seconds: u64,
}

impl Window {
    /// The longest window: ten years. A longer one is a typing error.
    pub const MAX_SECONDS: u64 = 10 * 366 * 24 * 60 * 60;

    /// A window of that many seconds; `None` for zero and for more than [`Window::MAX_SECONDS`].
    pub const fn from_seconds(seconds: u64) -> Option<Self> {
        if seconds == 0 || seconds > Self::MAX_SECONDS { None } else { Some(Self { seconds }) }
    }

    /// Its length in seconds.
    pub const fn seconds(self) -> u64 {
        self.seconds
    }

    /// Whether a charge of time `at` counts at `now`: the window is `(now − length, now]`, and a charge with a
    /// time after `now` counts too (decision model, section 4).
    pub fn contains(self, at: Time, now: Time) -> bool {
        at > self.start(now)
    }

    /// The open start of the window that ends at `now`.
    pub fn start(self, now: Time) -> Time {
        Time(now.0.saturating_sub_unsigned(self.micros()))
    }

    fn micros(self) -> u64 {
        self.seconds.saturating_mul(MICROS_PER_SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let day = Window::from_seconds(86_400).unwrap();
        let at = Time::from_micros(1_700_000_000_000_000);
        let leaves = at.after(day);
        assert!(day.contains(at, Time::from_micros(leaves.as_micros() - 1)));
        assert!(!day.contains(at, leaves));
    }

    #[test]
    fn lengths_are_bounded() {
        assert!(Window::from_seconds(0).is_none());
        assert!(Window::from_seconds(Window::MAX_SECONDS).is_some());
        assert!(Window::from_seconds(Window::MAX_SECONDS + 1).is_none());
    }
}
