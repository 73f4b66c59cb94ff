//! A bound on how often the same thing is logged: a caller that can cause a line must not fill the disk with it.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Shortest time between two lines, where nothing else is said.
const PAUSE: Duration = Duration::from_secs(1);

/// Lets one line through, then none for a while.
#[derive(Debug)]
pub struct LogThrottle {
    pause: Duration,
    last: Mutex<Option<Instant>>,
    left_out: AtomicU64,
}

/// One line in a second.
impl Default for LogThrottle {
    fn default() -> Self {
        Self::every(PAUSE)
    }
}

impl LogThrottle {
    /// One line in each `pause`.
    #[must_use]
    pub const fn every(pause: Duration) -> Self {
        Self { pause, last: Mutex::new(None), left_out: AtomicU64::new(0) }
    }

    /// Whether to log a line now, and how many were left out since the last one. `None`: log none.
    #[must_use]
    pub fn try_log(&self) -> Option<u64> {
        self.at(Instant::now())
    }

    pub(super) fn at(&self, now: Instant) -> Option<u64> {
        let mut last = self.last.lock().ok()?;
        if last.is_some_and(|last| now.saturating_duration_since(last) < self.pause) {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        *last = Some(now);
        Some(self.left_out.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_in_a_second_and_the_others_are_counted() {
        let (throttle, start) = (LogThrottle::default(), Instant::now());
        let after = |millis| throttle.at(start + Duration::from_millis(millis));
        assert_eq!(after(0), Some(0));
        assert_eq!((after(1), after(999)), (None, None));
        assert_eq!(after(1000), Some(2));
        assert_eq!(after(1001), None);
        assert_eq!(after(5000), Some(1));
        assert_eq!(after(9000), Some(0));
    }
}
