//! The sums of one limit.

use std::collections::{BTreeMap, BTreeSet};

use super::gone::Gone;
use super::queue::Queue;
use super::sum::{Entry, Sum};
use crate::amount::Amount;
use crate::charge::Charge;
use crate::group::Groups;
use crate::ledger::Used;
use crate::limit::{Key, Limit, Unplaced};
use crate::time::Time;

/// The sums of one limit.
#[derive(Debug)]
pub struct View {
    pub limit: Limit,
    /// By key. Sorted and not hashed: a table that grows would move a million sums at once.
    pub sums: BTreeMap<Key, Sum>,
    /// Charges that count in a sum that cannot be named, by the parts of its key that are known, each with what is missing.
    pub unplaced: BTreeMap<Key, BTreeMap<Entry, String>>,
    /// In the order of time: what leaves next. Nothing where the window never ends.
    pub leaving: Queue<(Time, Place)>,
    /// What has left already, and is still to be dropped.
    pub gone: Gone,
}

/// Where a charge counts.
#[derive(Debug)]
pub enum Place {
    Sum(Key),
    Unplaced(Key),
}

impl View {
    pub fn new(limit: &Limit) -> Self {
        Self {
            limit: limit.clone(),
            sums: BTreeMap::new(),
            unplaced: BTreeMap::new(),
            leaving: Queue::default(),
            gone: Gone::default(),
        }
    }

    pub fn insert(&mut self, groups: Groups<'_>, charge: &Charge) {
        let shares = self.limit.shares_of(charge, groups);
        for share in shares.known.into_iter().filter(|share| !share.quantity.is_nothing()) {
            let key = share.bucket.key.clone();
            self.expect(share.at, || Place::Sum(key.clone()));
            self.sums.entry(key).or_default().insert(share, charge);
        }
        for Unplaced { at, missing, key } in shares.unknown {
            self.expect(at, || Place::Unplaced(key.clone()));
            self.unplaced.entry(key).or_default().insert((at, charge.key.clone()), missing);
        }
    }

    fn expect(&mut self, at: Time, place: impl FnOnce() -> Place) {
        if self.limit.window.ends() {
            self.leaving.push((at, place()));
        }
    }

    pub fn remove(&mut self, groups: Groups<'_>, charge: &Charge) {
        let shares = self.limit.shares_of(charge, groups);
        for share in shares.known {
            if let Some(sum) = self.sums.get_mut(&share.bucket.key) {
                sum.remove(&(share.at, charge.key.clone()));
            }
        }
        for Unplaced { at, key, .. } in shares.unknown {
            let emptied = self.unplaced.get_mut(&key).is_some_and(|entries| {
                entries.remove(&(at, charge.key.clone()));
                entries.is_empty()
            });
            if emptied {
                self.unplaced.remove(&key);
            }
        }
    }

    /// What counts in one sum from `opening` on.
    pub fn used(&mut self, key: &Key, asked: &BTreeSet<String>, opening: Time) -> Used {
        self.sweep(key, opening);
        let known = if self.unplaced.is_empty() { Vec::new() } else { parts_of(key) };
        known.iter().for_each(|known| self.sweep_unplaced(known, opening));
        // Charges that may be in it (`Unplaced::may_be_in`): there may be a million keys of them, and those that fit are
        // looked up, one for each choice of parts.
        let here: Vec<_> = known.iter().filter_map(|known| self.unplaced.get(known)).collect();
        let unplaced = here.iter().filter_map(|entries| entries.first_key_value());
        let unplaced = unplaced.min_by_key(|(entry, _)| *entry);
        let sum = self.sums.get(key);
        let mut times = sum.into_iter().flat_map(|sum| sum.entries.keys()).map(|(at, _)| *at);
        let (oldest, second) = (times.next(), times.next());
        let indeterminate = match (unplaced, sum) {
            (Some((_, missing)), _) => Some(format!("of an earlier charge, {missing}")),
            (None, Some(sum)) if sum.unpriced > 0 => Some("an earlier charge has no USD value".into()),
            _ => None,
        };
        let total = sum.map_or(Some(Amount::ZERO), Sum::total);
        let doubtful = here.iter().map(|entries| entries.len()).sum::<usize>();
        let doubtful = doubtful.saturating_add(sum.map_or(0, |sum| sum.unpriced));
        let destinations = sum.map(|sum| sum.destinations_of(asked)).unwrap_or_default();
        Used { total, oldest, second, indeterminate, doubtful, destinations }
    }

    /// Drops what left its window, so many at most, so that sums nobody asks for do not stay in memory. The queue is in
    /// the order of recording, which is nearly the order of time; a sum that is asked for is swept by its own order.
    pub fn forget(&mut self, opening: Time, at_most: usize) {
        self.gone.drop_some(at_most);
        for _ in 0..at_most {
            match self.leaving.pop_if(|(at, _)| *at < opening) {
                Some((_, Place::Sum(key))) => self.sweep(&key, opening),
                Some((_, Place::Unplaced(known))) => self.sweep_unplaced(&known, opening),
                None => return,
            }
        }
    }

    /// Charges in memory, of those that count and those that do not any more.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.sums.values().map(|sum| sum.entries.len()).sum::<usize>() + self.gone.len()
    }

    fn sweep(&mut self, key: &Key, opening: Time) {
        let Some(sum) = self.sums.get_mut(key) else { return };
        sum.forget(opening, &mut self.gone);
        if sum.entries.is_empty() {
            self.sums.remove(key);
        }
    }

    fn sweep_unplaced(&mut self, known: &Key, opening: Time) {
        let Some(entries) = self.unplaced.get_mut(known) else { return };
        while let Some(first) = entries.first_entry()
            && first.key().0 < opening
        {
            first.remove();
        }
        if entries.is_empty() {
            self.unplaced.remove(known);
        }
    }
}

/// Every choice of a key's parts, with their values: at most 256, because there are eight parts.
fn parts_of(key: &Key) -> Vec<Key> {
    key.iter().fold(vec![Key::new()], |mut chosen, (part, value)| {
        let with = chosen.iter().map(|parts| {
            let mut parts = parts.clone();
            parts.insert(*part, value.clone());
            parts
        });
        let with: Vec<Key> = with.collect();
        chosen.extend(with);
        chosen
    })
}
