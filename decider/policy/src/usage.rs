//! Sums of charges per limit and key, held in memory and kept exact as time moves on. Built from the ledger at
//! start: limits are views over it, so a new limit counts the past (decision model, section 4).

mod books;
mod sum;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::amount::Amount;
use crate::charge::Charge;
use crate::group::Groups;
use crate::ledger::Used;
use crate::limit::{Bucket, Key, Limit, Unplaced};
use crate::time::Time;

pub use books::Books;
use sum::{Entry, Sum};

/// Every sum of every limit.
#[derive(Debug, Default)]
pub struct UsageIndex {
    views: HashMap<String, View>,
}

impl UsageIndex {
    /// The sums of these limits over the charges of the past.
    pub fn build<'a>(
        limits: &[Limit],
        groups: Groups<'_>,
        charges: impl IntoIterator<Item = &'a Charge>,
    ) -> Self {
        let mut index = Self::default();
        for charge in charges {
            index.record(limits, groups, None, charge);
        }
        index
    }

    /// Takes in a charge, in the place of what it was before.
    pub fn record(&mut self, limits: &[Limit], groups: Groups<'_>, before: Option<&Charge>, after: &Charge) {
        for limit in limits {
            let view = self.views.entry(limit.id.clone()).or_insert_with(|| View::new(limit));
            if let Some(before) = before {
                view.remove(groups, before);
            }
            view.insert(groups, after);
        }
    }

    /// What counts in one sum at `now`, and which of the destinations `asked` about are in it. Time only moves
    /// forward: what has left a window is forgotten.
    ///
    /// Of a limit that is not the one charges were recorded for, nothing is known, least of all that it is empty.
    pub fn used(&mut self, limit: &Limit, bucket: &Bucket, asked: &BTreeSet<String>, now: Time) -> Used {
        if self.views.is_empty() {
            return Used { total: Some(Amount::ZERO), ..Used::default() };
        }
        let Some(view) = self.views.get_mut(&limit.id).filter(|view| view.limit == *limit) else {
            return not_recorded();
        };
        let opening = limit.window.opening(now);
        view.forget(opening);
        view.sweep(bucket, opening);
        view.used(bucket, asked)
    }

    /// Drops what has left its window at `now`, also of sums that nobody asks for.
    pub fn forget(&mut self, now: Time) {
        for view in self.views.values_mut() {
            view.forget(view.limit.window.opening(now));
        }
    }

    /// Every sum of a limit that something counts in at `now`, sorted by its key.
    pub fn sums(&mut self, limit: &Limit, now: Time) -> Vec<(Bucket, Used)> {
        let sums = self.views.get(&limit.id).map(|view| view.sums.keys().cloned());
        let buckets: BTreeSet<Bucket> = sums.into_iter().flatten().collect();
        let nobody = BTreeSet::new();
        let used = buckets.into_iter().map(|bucket| {
            let used = self.used(limit, &bucket, &nobody, now);
            (bucket, used)
        });
        used.filter(|(_, used)| used.oldest.is_some()).collect()
    }

    /// The number of charges held, over all sums: what it costs in memory.
    pub fn len(&self) -> usize {
        self.views.values().flat_map(|view| view.sums.values()).map(|sum| sum.entries.len()).sum()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn not_recorded() -> Used {
    let indeterminate = Some("its sums were never made: the charges of the past were not read for it".into());
    Used { total: Some(Amount::ZERO), indeterminate, doubtful: usize::MAX, ..Used::default() }
}

/// The sums of one limit.
#[derive(Debug)]
struct View {
    limit: Limit,
    sums: HashMap<Bucket, Sum>,
    /// Charges that count in a sum that cannot be named, by the parts of its key that are known, each with what is missing.
    unplaced: BTreeMap<Key, BTreeMap<Entry, String>>,
    /// In the order of time: what leaves next. Nothing where the window never ends.
    leaving: VecDeque<(Time, Option<Bucket>)>,
}

impl View {
    fn new(limit: &Limit) -> Self {
        Self {
            limit: limit.clone(),
            sums: HashMap::new(),
            unplaced: BTreeMap::new(),
            leaving: VecDeque::new(),
        }
    }

    fn insert(&mut self, groups: Groups<'_>, charge: &Charge) {
        let shares = self.limit.shares_of(charge, groups);
        for share in shares.known {
            self.expect(share.at, Some(&share.bucket));
            self.sums.entry(share.bucket.clone()).or_default().insert(share, charge);
        }
        for Unplaced { at, missing, key } in shares.unknown {
            self.expect(at, None);
            self.unplaced.entry(key).or_default().insert((at, charge.key.clone()), missing);
        }
    }

    fn expect(&mut self, at: Time, bucket: Option<&Bucket>) {
        if self.limit.window.ends() {
            self.leaving.push_back((at, bucket.cloned()));
        }
    }

    fn remove(&mut self, groups: Groups<'_>, charge: &Charge) {
        let shares = self.limit.shares_of(charge, groups);
        for share in shares.known {
            if let Some(sum) = self.sums.get_mut(&share.bucket) {
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

    fn used(&self, bucket: &Bucket, asked: &BTreeSet<String>) -> Used {
        let may_be_in = |known: &&Key| Unplaced::may_be_in(known, &bucket.key);
        let here = || self.unplaced.iter().filter(|(known, _)| may_be_in(known)).map(|(_, entries)| entries);
        let unplaced = here().filter_map(BTreeMap::first_key_value).min_by_key(|(entry, _)| *entry);
        let sum = self.sums.get(bucket);
        let oldest = sum.and_then(|sum| sum.entries.keys().next()).map(|(at, _)| *at);
        let indeterminate = match (unplaced, sum) {
            (Some((_, missing)), _) => Some(format!("of an earlier charge, {missing}")),
            (None, Some(sum)) if sum.unpriced > 0 => Some("an earlier charge has no USD value".into()),
            _ => None,
        };
        let total = sum.map_or(Some(Amount::ZERO), Sum::total);
        let doubtful =
            here().map(BTreeMap::len).sum::<usize>().saturating_add(sum.map_or(0, |sum| sum.unpriced));
        let destinations = sum.map(|sum| sum.destinations_of(asked)).unwrap_or_default();
        Used { total, oldest, indeterminate, doubtful, destinations }
    }

    /// Drops what left its window, so that sums nobody asks for do not stay in memory. The queue is in the order
    /// of recording, which is nearly the order of time; a sum that is asked for is swept by its own order.
    fn forget(&mut self, opening: Time) {
        while let Some((at, _)) = self.leaving.front()
            && *at < opening
        {
            if let Some((_, Some(bucket))) = self.leaving.pop_front() {
                self.sweep(&bucket, opening);
            }
        }
        self.unplaced.retain(|_, entries| {
            while let Some(first) = entries.first_entry()
                && first.key().0 < opening
            {
                first.remove();
            }
            !entries.is_empty()
        });
    }

    fn sweep(&mut self, bucket: &Bucket, opening: Time) {
        let Some(sum) = self.sums.get_mut(bucket) else { return };
        while let Some((entry, _)) = sum.entries.first_key_value()
            && entry.0 < opening
        {
            let entry = entry.clone();
            sum.remove(&entry);
        }
        if sum.entries.is_empty() {
            self.sums.remove(bucket);
        }
    }
}
