//! What all requests draw on together, shared out so that nobody can take it all from those that are known.

use std::sync::atomic::{AtomicUsize, Ordering};

/// All who have proven nothing, from addresses where nobody ever has, get no more than this part of a supply together.
const STRANGERS_SHARE: usize = 2;
/// This part is left to those who have proven themselves. What is between the two is for addresses where somebody has:
/// he will come again over another connection, and strangers must not be able to fill what he has to pass.
const PROVEN_SHARE: usize = 4;
/// One address of those who have proven nothing gets no more than this part.
pub const ADDRESS_SHARE: usize = 32;

/// Who has proven nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unproven<'a> {
    /// What such callers have taken at its address.
    pub(super) of_address: &'a AtomicUsize,
    /// Whether somebody at its address has proven himself before.
    pub(super) known_address: bool,
}

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

    /// Takes so much, if it is there.
    pub(super) fn take(&self, amount: usize, unproven: Option<Unproven<'_>>) -> bool {
        let Some(Unproven { of_address, known_address }) = unproven else {
            return take(&self.taken, amount, self.all);
        };
        let of_unproven = match known_address {
            true => self.all - self.all / PROVEN_SHARE,
            false => self.all / STRANGERS_SHARE,
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

    /// What was taken as unproven is the share of a proven caller from now on.
    pub(super) fn mark_proven(&self, amount: usize, of_address: &AtomicUsize) {
        give(&self.taken_unproven, amount);
        give(of_address, amount);
    }

    /// Gives back what was taken; `of_address` where that is charged to those who have proven nothing.
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

    const fn stranger(of_address: &AtomicUsize) -> Option<Unproven<'_>> {
        Some(Unproven { of_address, known_address: false })
    }

    const fn of_known(of_address: &AtomicUsize) -> Option<Unproven<'_>> {
        Some(Unproven { of_address, known_address: true })
    }

    #[test]
    fn the_unknown_get_a_half_and_one_address_of_them_little() {
        let (supply, addresses) = (Supply::new(64), [const { AtomicUsize::new(0) }; 17]);
        for address in &addresses[..16] {
            assert!(supply.take(2, stranger(address)), "up to its share");
            assert!(!supply.take(1, stranger(address)), "beyond its share");
        }
        assert!(!supply.take(1, stranger(&addresses[16])), "beyond the share of all that are unknown");
        assert!(supply.take(32, None), "the other half is for those that are known");
        assert!(!supply.take(1, None));
        supply.give_back(2, Some(&addresses[0]));
        assert!(supply.take(2, stranger(&addresses[16])), "what failed has taken nothing");
        supply.give_back(32, None);
        assert!(supply.take(32, None));
        assert!(!supply.take(1, None));
    }

    #[test]
    fn an_address_where_somebody_is_known_gets_in_when_strangers_have_all_of_theirs() {
        let (supply, addresses) = (Supply::new(64), [const { AtomicUsize::new(0) }; 25]);
        for address in &addresses[..16] {
            assert!(supply.take(2, stranger(address)));
        }
        for address in &addresses[16..24] {
            assert!(!supply.take(1, stranger(address)));
            assert!(supply.take(2, of_known(address)), "of the quarter after that");
            assert!(!supply.take(1, of_known(address)), "beyond its share");
        }
        assert!(!supply.take(1, of_known(&addresses[24])), "beyond that quarter");
        assert!(supply.take(16, None) && !supply.take(1, None), "the last one is for the proven");
    }

    #[test]
    fn who_proves_himself_makes_room_for_others_who_have_not_yet() {
        let (supply, address) = (Supply::new(64), AtomicUsize::new(0));
        for _ in 0..16 {
            assert!(supply.take(2, stranger(&address)) && !supply.take(1, stranger(&address)));
            supply.mark_proven(2, &address);
        }
        assert!(supply.take(32, None) && !supply.take(1, None), "it has what it had");
        supply.give_back(64, None);
        assert_eq!(
            [&supply.taken, &supply.taken_unproven, &address].map(|counter| counter.load(Ordering::Relaxed)),
            [0; 3]
        );
    }
}
