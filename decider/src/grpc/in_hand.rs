//! Calls of one connection that are not ended, told apart by whether they are new.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Calls that began in this spell, and those of the one before it. One pass of a connection's own timer is a spell, so
/// that no call needs one.
#[derive(Debug, Default)]
pub struct InHand {
    odd_spell: AtomicBool,
    even: AtomicUsize,
    odd: AtomicUsize,
}

/// A call that began. Dropped, it is ended.
pub struct Begun {
    calls: Arc<InHand>,
    odd_spell: bool,
}

impl InHand {
    /// One more.
    pub fn begin(self: &Arc<Self>) -> Begun {
        let odd_spell = self.odd_spell.load(Ordering::Relaxed);
        self.of(odd_spell).fetch_add(1, Ordering::Relaxed);
        Begun { calls: Arc::clone(self), odd_spell }
    }

    /// A new spell begins. How many calls are left that were there for all of the last one.
    pub fn turn(&self) -> usize {
        let was_odd = self.odd_spell.fetch_not(Ordering::Relaxed);
        self.of(!was_odd).load(Ordering::Relaxed)
    }

    fn of(&self, odd_spell: bool) -> &AtomicUsize {
        if odd_spell { &self.odd } else { &self.even }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.calls.of(self.odd_spell).fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_left_after_it_was_there_for_a_whole_spell() {
        let calls = Arc::new(InHand::default());
        let old = calls.begin();
        assert_eq!(calls.turn(), 0);
        let young = calls.begin();
        assert_eq!(calls.turn(), 1, "the old one");
        drop(old);
        assert_eq!(calls.turn(), 1, "the young one has become old");
        drop(young);
        assert_eq!(calls.turn(), 0);
        assert_eq!(calls.turn(), 0);
    }
}
