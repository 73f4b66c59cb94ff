//! A clock that is moved by hand. For tests only; here, and not under `cfg(test)`, so that tests of the whole
//! system can use it too.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use policy::time::Time;

use super::Clock;

/// Stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock {
    wall_micros: AtomicI64,
    monotonic_micros: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `wall`.
    pub fn at(wall: Time) -> Self {
        Self { wall_micros: AtomicI64::new(wall.as_micros()), monotonic_micros: AtomicI64::new(0) }
    }

    /// Lets time pass: both clocks move.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.wall_micros.fetch_add(micros, Ordering::SeqCst);
        self.monotonic_micros.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets the wall clock, as an operator or a time server may; monotonic time does not move.
    pub fn set_wall(&self, wall: Time) {
        self.wall_micros.store(wall.as_micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> Time {
        Time::from_micros(self.wall_micros.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.monotonic_micros.load(Ordering::SeqCst)).unwrap_or_default())
    }
}
