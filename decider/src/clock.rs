//! Where time comes from. Created in `main` and handed down, so that tests can move it by hand.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use policy::time::Time;

pub mod testing;

/// Two clocks: one that people set, and one that only moves forward.
pub trait Clock: Send + Sync {
    /// Time of day, as the machine has it. It may step either way.
    fn wall(&self) -> Time;

    /// Time since some fixed moment of this process. It never steps.
    fn monotonic(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Counts monotonic time from here.
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    /// A clock set to before 1970 reads as 1970: a store never goes back behind its own mark in any case.
    fn wall(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2020-01-01 in microseconds: a clock that counts in other units is far off.
    const YEAR_2020_MICROS: i64 = 1_577_836_800_000_000;
    const YEAR_2200_MICROS: i64 = 7_258_118_400_000_000;

    #[test]
    fn the_system_clock_counts_microseconds_and_moves() {
        let clock = SystemClock::new();
        let (wall, monotonic) = (clock.wall().as_micros(), clock.monotonic());
        assert!((YEAR_2020_MICROS..YEAR_2200_MICROS).contains(&wall), "{wall}");
        std::thread::sleep(Duration::from_millis(2));
        assert!(clock.monotonic() >= monotonic + Duration::from_millis(2));
    }
}
