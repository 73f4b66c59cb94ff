//! Which endpoint is asked: the less busy of two that are drawn (power of two choices).
//!
//! Always taking the least busy of all would send every edge to the same one at the same time.

/// Most endpoints that are kept: one bit of [`EndpointSet`] each.
pub const MAX_ENDPOINTS: usize = 64;

/// Some of the endpoints, by their place in the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct EndpointSet(u64);

impl EndpointSet {
    pub(super) fn insert(&mut self, place: usize) {
        self.0 |= bit(place);
    }

    pub(super) fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn len(self) -> u64 {
        self.0.count_ones().into()
    }

    /// The place of the one that so many others stand before.
    fn nth(self, before: u64) -> usize {
        let rest = (0..before).fold(self.0, |rest, _| rest & rest.saturating_sub(1));
        rest.trailing_zeros().try_into().unwrap_or(MAX_ENDPOINTS)
    }
}

impl FromIterator<usize> for EndpointSet {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> Self {
        Self(places.into_iter().fold(0, |bits, place| bits | bit(place)))
    }
}

/// Nothing for a place that cannot be.
fn bit(place: usize) -> u64 {
    u32::try_from(place).ok().and_then(|place| 1_u64.checked_shl(place)).unwrap_or(0)
}

/// The cheaper of two `candidates` that `random` draws. `None`: there is no candidate.
pub(super) fn choose(candidates: EndpointSet, random: u64, cost: impl Fn(usize) -> u128) -> Option<usize> {
    let count = candidates.len();
    let first = candidates.nth(random.checked_rem(count)?);
    let Some(others) = count.checked_sub(1).filter(|others| *others > 0) else { return Some(first) };
    // Half of the bits for each draw; the second is among the others.
    let mut rest = candidates;
    rest.0 &= !bit(first);
    let second = rest.nth((random >> 32) % others);
    Some(if cost(second) < cost(first) { second } else { first })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(places: &[usize]) -> EndpointSet {
        places.iter().copied().collect()
    }

    #[test]
    fn nobody_is_chosen_from_nobody() {
        assert_eq!(choose(EndpointSet::default(), 7, |_| 0), None);
        assert_eq!(choose(set(&[64, 1000]), 7, |_| 0), None, "places that cannot be");
    }

    #[test]
    fn the_busier_of_two_is_never_chosen() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..1000 {
            assert_eq!(choose(set(&[3, 63]), random.u64(..), |place| place as u128), Some(3));
        }
    }

    /// Of five, the busiest is never chosen and each other is, the less busy the more.
    #[test]
    fn the_less_busy_are_chosen_more_often() {
        let (mut random, mut chosen) = (fastrand::Rng::with_seed(1), [0; 5]);
        for _ in 0..10_000 {
            chosen[choose(set(&[0, 1, 2, 3, 4]), random.u64(..), |place| place as u128).expect("one")] += 1;
        }
        // Pairs that each place wins: 4, 3, 2, 1, 0 of 10.
        for (count, expected) in chosen.into_iter().zip([4000_i32, 3000, 2000, 1000, 0]) {
            assert!((expected - 200..=expected + 200).contains(&count), "{chosen:?}");
        }
    }

    #[test]
    fn equally_busy_ones_share_evenly() {
        let (mut random, mut chosen) = (fastrand::Rng::with_seed(9), [0; 3]);
        for _ in 0..9_000 {
            chosen[choose(set(&[0, 1, 2]), random.u64(..), |_| 5).expect("one")] += 1;
        }
        assert!(chosen.iter().all(|count| (2700..=3300).contains(count)), "{chosen:?}");
    }

    proptest! {
        #[test]
        fn only_a_candidate_is_chosen(bits: u64, asked: u64, random: u64, costs: [u8; 64]) {
            let candidates = EndpointSet(bits).without(EndpointSet(asked));
            match choose(candidates, random, |place| costs[place].into()) {
                Some(place) => prop_assert!(bits >> place & 1 == 1 && asked >> place & 1 == 0),
                None => prop_assert!(candidates.is_empty()),
            }
        }
    }
}
