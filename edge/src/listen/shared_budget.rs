//! A budget that all requests draw on, with shares, so that unproven callers cannot keep proven ones out.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Unproven callers from addresses where nobody was ever proven get no more than this part of a budget together.
const UNKNOWN_SHARE: usize = 2;
/// This part is reserved for proven callers. What is between the two is for unproven connections of addresses where
/// somebody was proven before: a Co-signer that connects anew must get in although unknown callers have all of their
/// share.
const PROVEN_SHARE: usize = 4;
/// Unproven callers of one address get no more than this part.
pub const ADDRESS_SHARE: usize = 32;

/// A caller that has proven nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnprovenCaller<'a> {
    /// What unproven callers of its address have taken together.
    pub(super) of_address: &'a AtomicUsize,
    /// Whether a connection of its address was ever proven.
    pub(super) known_address: bool,
}

/// An amount that requests draw on and give back: requests at a time, or bytes of their bodies.
#[derive(Debug)]
pub(super) struct SharedBudget {
    all: usize,
    taken: AtomicUsize,
    taken_unproven: AtomicUsize,
}

impl SharedBudget {
    pub(super) fn new(all: usize) -> Self {
        Self { all, taken: AtomicUsize::default(), taken_unproven: AtomicUsize::default() }
    }

    /// Takes `amount`, if the caller's shares and the whole have it.
    pub(super) fn take(&self, amount: usize, unproven: Option<UnprovenCaller<'_>>) -> bool {
        let Some(UnprovenCaller { of_address, known_address }) = unproven else {
            return take(&self.taken, amount, self.all);
        };
        let of_unproven = match known_address {
            true => self.all - self.all / PROVEN_SHARE,
            false => self.all / UNKNOWN_SHARE,
        };
        let shares = [
            (of_address, self.all / ADDRESS_SHARE),
            (&self.taken_unproven, of_unproven),
            (&self.taken, self.all),
        ];
        for (index, (counter, most)) in shares.into_iter().enumerate() {
            if !take(counter, amount, most) {
                shares.into_iter().take(index).for_each(|(counter, _)| give(counter, amount));
                return false;
            }
        }
        true
    }

    /// From now on `amount`, taken as an unproven caller, is charged to a proven one.
    pub(super) fn mark_proven(&self, amount: usize, of_address: &AtomicUsize) {
        give(&self.taken_unproven, amount);
        give(of_address, amount);
    }

    /// Gives back `amount`; `of_address`: it is charged to unproven callers.
    pub(super) fn give_back(&self, amount: usize, of_address: Option<&AtomicUsize>) {
        give(&self.taken, amount);
        if let Some(of_address) = of_address {
            self.mark_proven(amount, of_address);
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

    const fn unknown(of_address: &AtomicUsize) -> Option<UnprovenCaller<'_>> {
        Some(UnprovenCaller { of_address, known_address: false })
    }

    const fn of_known(of_address: &AtomicUsize) -> Option<UnprovenCaller<'_>> {
        Some(UnprovenCaller { of_address, known_address: true })
    }

    #[test]
    fn the_unknown_get_a_half_and_one_address_of_them_little() {
        let (budget, addresses) = (SharedBudget::new(64), [const { AtomicUsize::new(0) }; 17]);
        for address in &addresses[..16] {
            assert!(budget.take(2, unknown(address)), "up to its share");
            assert!(!budget.take(1, unknown(address)), "beyond its share");
        }
        assert!(!budget.take(1, unknown(&addresses[16])), "beyond the share of all that are unknown");
        assert!(budget.take(32, None), "the other half is for those that are known");
        assert!(!budget.take(1, None));
        budget.give_back(2, Some(&addresses[0]));
        assert!(budget.take(2, unknown(&addresses[16])), "what failed has taken nothing");
        budget.give_back(32, None);
        assert!(budget.take(32, None));
        assert!(!budget.take(1, None));
    }

    #[test]
    fn an_address_where_somebody_is_known_gets_in_when_unknown_callers_have_all_of_theirs() {
        let (budget, addresses) = (SharedBudget::new(64), [const { AtomicUsize::new(0) }; 25]);
        for address in &addresses[..16] {
            assert!(budget.take(2, unknown(address)));
        }
        for address in &addresses[16..24] {
            assert!(!budget.take(1, unknown(address)));
            assert!(budget.take(2, of_known(address)), "of the quarter after that");
            assert!(!budget.take(1, of_known(address)), "beyond its share");
        }
        assert!(!budget.take(1, of_known(&addresses[24])), "beyond that quarter");
        assert!(budget.take(16, None) && !budget.take(1, None), "the last one is for the proven");
    }

    #[test]
    fn a_proven_caller_makes_room_for_unproven_ones() {
        let (budget, address) = (SharedBudget::new(64), AtomicUsize::new(0));
        for _ in 0..16 {
            assert!(budget.take(2, unknown(&address)) && !budget.take(1, unknown(&address)));
            budget.mark_proven(2, &address);
        }
        assert!(budget.take(32, None) && !budget.take(1, None), "it has what it had");
        budget.give_back(64, None);
        assert_eq!(
            [&budget.taken, &budget.taken_unproven, &address].map(|counter| counter.load(Ordering::Relaxed)),
            [0; 3]
        );
    }
}
