//! What all requests draw on together, shared out so that nobody can take it all from those that are known.

use std::sync::atomic::{AtomicUsize, Ordering};

/// All who have proven nothing get no more than this part of a supply together.
const UNPROVEN_SHARE: usize = 2;
/// One address of them no more than this part.
pub const ADDRESS_SHARE: usize = 32;

/// So much of something.
#[derive(Debug)]
pub(super) struct Supply {
    all: usize,
    taken: AtomicUsize,
    taken_unproven: AtomicUsize,
}

impl Supply {
    pub(super) fn new(all: usize) -> Self {
        Self { all, taken: AtomicUsize::default(), taken_unproven: AtomicUsize::default() }
    }

    /// Takes so much, if it is there. `unproven`: what the caller's address has taken, where the caller has proven
    /// nothing.
    pub(super) fn take(&self, amount: usize, unproven: Option<&AtomicUsize>) -> bool {
        let Some(address) = unproven else { return take(&self.taken, amount, self.all) };
        let shares = [(address, ADDRESS_SHARE), (&self.taken_unproven, UNPROVEN_SHARE), (&self.taken, 1)];
        for (index, (counter, share)) in shares.into_iter().enumerate() {
            if !take(counter, amount, self.all / share) {
                shares.into_iter().take(index).for_each(|(counter, _)| give(counter, amount));
                return false;
            }
        }
        true
    }

    /// Gives back what was taken, by the same `unproven`.
    pub(super) fn give_back(&self, amount: usize, unproven: Option<&AtomicUsize>) {
        give(&self.taken, amount);
        if let Some(address) = unproven {
            give(&self.taken_unproven, amount);
            give(address, amount);
        }
    }
}

fn take(counter: &AtomicUsize, amount: usize, most: usize) -> bool {
    if counter.fetch_add(amount, Ordering::Relaxed).saturating_add(amount) <= most {
        return true;
    }
    give(counter, amount);
    false
}

fn give(counter: &AtomicUsize, amount: usize) {
    counter.fetch_sub(amount, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unknown_get_a_half_and_one_address_of_them_little() {
        let (supply, addresses) = (Supply::new(64), [const { AtomicUsize::new(0) }; 17]);
        for address in &addresses[..16] {
            assert!(supply.take(2, Some(address)), "up to its share");
            assert!(!supply.take(1, Some(address)), "beyond its share");
        }
        assert!(!supply.take(1, Some(&addresses[16])), "beyond the share of all that are unknown");
        assert!(supply.take(32, None), "the other half is for those that are known");
        assert!(!supply.take(1, None));
        supply.give_back(2, Some(&addresses[0]));
        assert!(supply.take(2, Some(&addresses[16])), "what failed has taken nothing");
        supply.give_back(32, None);
        assert!(supply.take(32, None));
        assert!(!supply.take(1, None));
    }
}
