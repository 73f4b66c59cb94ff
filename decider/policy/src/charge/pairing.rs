//! Pairs the destinations of two requests as multisets: each of one with one of the other that it fits, none twice.
//!
//! Taking the first that fits is not enough. A smaller amount fits where a larger one belongs, and an address that
//! is filled in fits more than one gap: what is taken may have to be given back.

use std::collections::VecDeque;

use crate::intent::Destination;

/// How a destination of this request fits one of the charge before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// It does not.
    Never,
    /// It fills in what was missing.
    FillsIn,
    /// It fits, and fills in nothing.
    Same,
}

/// Comparisons of two destinations that one pairing may cost: three times over each with each, for the most that a
/// request can have (1000). It bounds what requests made to be hard can take from those that wait behind them;
/// those that differ in order and in fees alone stay far below.
pub(super) const MAX_COMPARISONS: usize = 3_000_000;

/// Each of `before`, in its order, with its own of `now`. `None`: they do not pair, or it takes too long to tell.
pub(super) fn pair<'a>(
    before: &'a [Destination],
    now: &'a [Destination],
    fit: impl Fn(&Destination, &Destination) -> Fit,
) -> Option<Vec<(&'a Destination, &'a Destination)>> {
    let in_place = || before.iter().zip(now);
    if in_place().all(|(before, now)| fit(before, now) != Fit::Never) {
        return Some(in_place().collect());
    }
    let slots = before.iter().map(|before| Slot { before, taken_by: None, reached_by: None }).collect();
    let mut pairing = Pairing { now, fit, slots, comparisons_left: MAX_COMPARISONS };
    // The largest first: whatever has room for it has room for the others, too.
    descending(now).into_iter().all(|place| pairing.place(place)).then(|| pairing.pairs())
}

fn descending(destinations: &[Destination]) -> Vec<usize> {
    let mut places: Vec<(usize, &Destination)> = destinations.iter().enumerate().collect();
    places.sort_by_key(|(_, destination)| std::cmp::Reverse(destination.amount));
    places.into_iter().map(|(place, _)| place).collect()
}

struct Pairing<'a, F> {
    now: &'a [Destination],
    fit: F,
    slots: Vec<Slot<'a>>,
    comparisons_left: usize,
}

/// One destination of the charge before.
struct Slot<'a> {
    before: &'a Destination,
    /// The place in `now` of its pair.
    taken_by: Option<usize>,
    /// In a search for moves: the place in `now` that would take it.
    reached_by: Option<usize>,
}

impl<'a, F: Fn(&Destination, &Destination) -> Fit> Pairing<'a, F> {
    /// Finds a pair for one more, where it has to by moving others. What fits without filling in comes first: it
    /// leaves the gaps to those that need them.
    fn place(&mut self, place: usize) -> bool {
        let free = self.free(place, Fit::Same).or_else(|| self.free(place, Fit::FillsIn));
        match free.and_then(|found| self.slots.get_mut(found)) {
            Some(slot) => slot.taken_by.replace(place).is_none(),
            None => self.move_others(place),
        }
    }

    fn free(&mut self, place: usize, wanted: Fit) -> Option<usize> {
        let now = self.now.get(place)?;
        self.comparisons_left = self.comparisons_left.checked_sub(self.slots.len())?;
        self.slots.iter().position(|slot| slot.taken_by.is_none() && (self.fit)(slot.before, now) == wanted)
    }

    /// Searches, the fewest moves first, for a row of them that ends at a free slot.
    fn move_others(&mut self, place: usize) -> bool {
        self.slots.iter_mut().for_each(|slot| slot.reached_by = None);
        let mut movers = VecDeque::from([place]);
        while let Some(mover) = movers.pop_front() {
            let Some(left) = self.comparisons_left.checked_sub(self.slots.len()) else { return false };
            self.comparisons_left = left;
            let Some(now) = self.now.get(mover) else { return false };
            for (index, slot) in self.slots.iter_mut().enumerate() {
                if slot.reached_by.is_some() || (self.fit)(slot.before, now) == Fit::Never {
                    continue;
                }
                slot.reached_by = Some(mover);
                match slot.taken_by {
                    Some(taker) => movers.push_back(taker),
                    None => return self.shift(index),
                }
            }
        }
        false
    }

    /// From the free slot back: each slot goes to whoever reached it, who leaves another to the one before.
    fn shift(&mut self, free: usize) -> bool {
        let mut next = Some(free);
        while let Some(slot) = next.and_then(|index| self.slots.get_mut(index)) {
            let (mover, here) = (slot.reached_by, next);
            slot.taken_by = mover;
            next = self
                .slots
                .iter()
                .enumerate()
                .position(|(index, slot)| Some(index) != here && slot.taken_by == mover);
        }
        true
    }

    fn pairs(&self) -> Vec<(&'a Destination, &'a Destination)> {
        self.slots.iter().filter_map(|slot| Some((slot.before, self.now.get(slot.taken_by?)?))).collect()
    }
}
