//! Calls of one connection that are not ended, told apart by whether they are new.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Calls that began in this generation, and those of the one before it. A generation lasts from one pass of the
/// connection's own timer to the next, so that no call needs a timer.
#[derive(Debug, Default)]
pub struct CallGenerations {
    in_odd: AtomicBool,
    even: AtomicUsize,
    odd: AtomicUsize,
}

/// A call that began. Dropped, it is ended.
pub struct OpenCall {
    calls: Arc<CallGenerations>,
    in_odd: bool,
}

impl CallGenerations {
    /// One more.
    pub fn begin(self: &Arc<Self>) -> OpenCall {
        let in_odd = self.in_odd.load(Ordering::Relaxed);
        self.of(in_odd).fetch_add(1, Ordering::Relaxed);
        OpenCall { calls: Arc::clone(self), in_odd }
    }

    /// Begins a new generation, and returns how many calls are left that were there for all of the last one.
    pub fn rotate(&self) -> usize {
        let was_odd = self.in_odd.fetch_not(Ordering::Relaxed);
        self.of(!was_odd).load(Ordering::Relaxed)
    }

    fn of(&self, in_odd: bool) -> &AtomicUsize {
        if in_odd { &self.odd } else { &self.even }
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.calls.of(self.in_odd).fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_left_after_it_was_there_for_a_whole_generation() {
        let calls = Arc::new(CallGenerations::default());
        let old = calls.begin();
        assert_eq!(calls.rotate(), 0);
        let young = calls.begin();
        assert_eq!(calls.rotate(), 1, "the old one");
        drop(old);
        assert_eq!(calls.rotate(), 1, "the young one has become old");
        drop(young);
        assert_eq!(calls.rotate(), 0);
        assert_eq!(calls.rotate(), 0);
    }
}
