//! Sums of charges per limit and key, held in memory and kept exact as time moves on. Built from the ledger at
//! start: limits are views over it, so a new limit counts the past (decision model, section 4).

mod books;
mod view;
mod sum;
mod gone;
mod queue;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use crate::amount::Amount;
use crate::charge::Charge;
use crate::ledger::Used;
use crate::limit::{Bucket, Key, Limit, Limits};
use crate::time::Time;

pub use books::Books;
use view::View;

/// Places of charges that left their windows, or charges of one place, that are forgotten for one question. All that is in
/// a calendar window leaves at once: nobody is to wait for a million of them.
const FORGOTTEN_AT_ONCE: usize = 1024;

/// The same while nobody asks: some milliseconds of work.
const FORGOTTEN_ASIDE: usize = 16 * 1024;

/// Every sum of every limit.
#[derive(Debug, Default)]
pub struct UsageIndex {
    views: HashMap<String, View>,
}

impl UsageIndex {
    /// The sums of these limits over the charges of the past.
    pub fn build<'a>(limits: Limits<'_>, charges: impl IntoIterator<Item = &'a Charge>) -> Self {
        let mut index = Self::default();
        for charge in charges {
            index.record(limits, None, charge);
        }
        index
    }

    /// Goes on as the sums of `limits`, if nothing is to be counted anew for these: each of them, with what it sees a
    /// charge by, counts like one of those that charges were recorded for. Returns the sums of the others then.
    pub fn go_on(&mut self, before: Limits<'_>, limits: Limits<'_>) -> Option<Self> {
        let known: HashMap<&str, &Limit> =
            before.all.iter().map(|limit| (limit.id.as_str(), limit)).collect();
        let is_known =
            |limit: &Limit| known.get(limit.id.as_str()).is_some_and(|known| limit.counts_like(known));
        if before.groups != limits.groups || !limits.all.iter().all(is_known) {
            return None;
        }
        let mut others = std::mem::take(self);
        let kept = limits.all.iter().filter_map(|limit| {
            let view = others.views.remove(&limit.id)?;
            Some((limit.id.clone(), View { limit: limit.clone(), ..view }))
        });
        self.views = kept.collect();
        Some(others)
    }

    /// Takes in a charge, in the place of what it was before.
    pub fn record(&mut self, limits: Limits<'_>, before: Option<&Charge>, after: &Charge) {
        if self.views.is_empty() {
            self.views = limits.all.iter().map(|limit| (limit.id.clone(), View::new(limit))).collect();
        }
        if let Some(before) = before {
            self.views_of(limits, before, |view| view.remove(limits.groups, before));
        }
        self.views_of(limits, after, |view| view.insert(limits.groups, after));
    }

    fn views_of(&mut self, limits: Limits<'_>, charge: &Charge, mut change: impl FnMut(&mut View)) {
        for limit in limits.that_may_count(charge) {
            self.views.get_mut(&limit.id).map(&mut change);
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
        view.forget(opening, FORGOTTEN_AT_ONCE);
        view.used(&bucket.key, asked, opening)
    }

    /// Drops what has left its window at `now`, also of sums that nobody asks for: a good deal of it.
    pub fn forget(&mut self, now: Time) {
        for view in self.views.values_mut() {
            view.forget(view.limit.window.opening(now), FORGOTTEN_ASIDE);
        }
    }

    /// Every sum of a limit that something counts in at `now`, sorted by its key.
    pub fn sums(&mut self, limit: &Limit, now: Time) -> Vec<(Bucket, Used)> {
        let sums = self.views.get(&limit.id).map(|view| view.sums.keys().cloned());
        let keys: Vec<Key> = sums.into_iter().flatten().collect();
        let nobody = BTreeSet::new();
        let used = keys.into_iter().map(|key| {
            let bucket = Bucket { limit_id: limit.id.clone(), key };
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
