//! What counts nowhere any more, and is dropped a piece at a time: to free a million charges takes a tenth of a second.

use std::collections::{BTreeMap, VecDeque};

use super::sum::Entry;
use crate::limit::Quantity;

/// What was cut off from sums.
#[derive(Debug, Default)]
pub struct Gone {
    entries: VecDeque<BTreeMap<Entry, Quantity>>,
    destinations: VecDeque<BTreeMap<String, u64>>,
}

impl Gone {
    pub fn keep_entries(&mut self, entries: BTreeMap<Entry, Quantity>) {
        self.entries.push_back(entries);
    }

    pub fn keep_destinations(&mut self, destinations: BTreeMap<String, u64>) {
        self.destinations.push_back(destinations);
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.entries.iter().map(BTreeMap::len).sum()
    }

    /// Drops so many of each at most.
    pub fn drop_some(&mut self, at_most: usize) {
        drop_some(&mut self.entries, at_most);
        drop_some(&mut self.destinations, at_most);
    }
}

fn drop_some<K: Ord, V>(all: &mut VecDeque<BTreeMap<K, V>>, at_most: usize) {
    let Some(first) = all.front_mut() else { return };
    for _ in 0..at_most {
        if first.pop_first().is_none() {
            all.pop_front();
            return;
        }
    }
}
