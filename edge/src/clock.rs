//! Where time comes from, so that tests can move it.

use std::{fmt::Debug, time::SystemTime};

/// Tells the time of day.
pub trait Clock: Debug + Send + Sync {
    /// Seconds since 1970.
    fn unix_seconds(&self) -> i64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn unix_seconds(&self) -> i64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // Before 1970: every `nbf` is in the future, so nothing passes that should not.
        since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }
}
