//! A bound on how often the same thing is logged: a client that can cause a line must not fill the disk with it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Lets one line through, then none for a while.
#[derive(Debug)]
pub struct Seldom {
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    left_out: u64,
}

impl Seldom {
    /// One line in so long.
    pub fn every(pause: Duration) -> Self {
        Self { pause, state: Mutex::default() }
    }

    /// Now is the time for a line, which says how many were left out before it. `None`: it is too early for one.
    pub fn now(&self) -> Option<u64> {
        self.at(Instant::now())
    }

    fn at(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().ok()?;
        if state.last.is_some_and(|last| now.saturating_duration_since(last) < self.pause) {
            state.left_out = state.left_out.saturating_add(1);
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_at_a_time_and_the_others_are_counted() {
        let (seldom, start) = (Seldom::every(Duration::from_secs(1)), Instant::now());
        let after = |millis| seldom.at(start + Duration::from_millis(millis));
        assert_eq!(after(0), Some(0));
        assert_eq!((after(1), after(999)), (None, None));
        assert_eq!(after(1000), Some(2));
        assert_eq!(after(1001), None);
        assert_eq!(after(5000), Some(1));
    }
}
