//! One sum, with what it is made of.

use std::collections::btree_map::OccupiedEntry;
use std::collections::{BTreeMap, BTreeSet};

use super::gone::Gone;
use crate::amount::Amount;
use crate::charge::{Charge, ChargeKey};
use crate::limit::{Quantity, Share};
use crate::time::Time;

/// One charge in a sum, in the order of time.
pub type Entry = (Time, ChargeKey);

/// Charges that are taken off one by one when they leave: a few milliseconds of work. Where more leave at once, as at the
/// end of a calendar window, they are cut off.
const TAKEN_OFF_AT_ONCE: usize = 4096;

#[derive(Debug)]
pub struct Sum {
    pub entries: BTreeMap<Entry, Quantity>,
    /// Of the quantities that are amounts. `None`: more than 256 bits hold.
    amount: Option<Amount>,
    pub unpriced: usize,
    /// Each destination in it, with the number of its charges.
    destinations: BTreeMap<String, u64>,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            amount: Some(Amount::ZERO),
            unpriced: 0,
            destinations: BTreeMap::new(),
        }
    }
}

impl Sum {
    /// A limit counts either amounts or destinations: the other is nothing.
    pub fn total(&self) -> Option<Amount> {
        let destinations = u64::try_from(self.destinations.len()).unwrap_or(u64::MAX);
        self.amount?.checked_add(Amount::from_u64(destinations))
    }

    pub fn destinations_of(&self, asked: &BTreeSet<String>) -> BTreeMap<String, u64> {
        let known = asked.iter().filter_map(|name| self.destinations.get_key_value(name));
        known.map(|(name, charges)| (name.clone(), *charges)).collect()
    }

    pub fn insert(&mut self, share: Share, charge: &Charge) {
        let entry = (share.at, charge.key.clone());
        self.remove(&entry);
        self.add(&share.quantity);
        self.entries.insert(entry, share.quantity);
    }

    pub fn remove(&mut self, entry: &Entry) {
        if let Some(quantity) = self.entries.remove(entry) {
            self.take_off(&quantity);
        }
    }

    /// Drops what is from before `opening`. What is cut off is dropped later, as `gone`.
    pub fn forget(&mut self, opening: Time, gone: &mut Gone) {
        for _ in 0..TAKEN_OFF_AT_ONCE {
            let first = self.entries.first_entry().filter(|first| first.key().0 < opening);
            let Some(quantity) = first.map(OccupiedEntry::remove) else { return };
            self.take_off(&quantity);
        }
        self.cut_off(opening, gone);
    }

    /// The smaller part is added up, or taken off one by one.
    fn cut_off(&mut self, opening: Time, gone: &mut Gone) {
        let lowest = ChargeKey { tenant: String::new(), tx_id: String::new(), suffix: String::new() };
        let stay = self.entries.split_off(&(opening, lowest));
        let leave = std::mem::replace(&mut self.entries, stay);
        if leave.len() < self.entries.len() && self.amount.is_some() {
            leave.values().for_each(|quantity| self.take_off(quantity));
        } else {
            let Self { entries, destinations, .. } = std::mem::take(self);
            entries.values().for_each(|quantity| self.add(quantity));
            self.entries = entries;
            gone.keep_destinations(destinations);
        }
        gone.keep_entries(leave);
    }

    fn add(&mut self, quantity: &Quantity) {
        match quantity {
            Quantity::Known(amount) => self.amount = self.amount.and_then(|sum| sum.checked_add(*amount)),
            Quantity::Unknown => self.unpriced += 1,
            Quantity::Destinations(names) => {
                for name in names {
                    *self.destinations.entry(name.clone()).or_default() += 1;
                }
            }
        }
    }

    /// Of a quantity that is not among the entries any more.
    fn take_off(&mut self, quantity: &Quantity) {
        match quantity {
            Quantity::Known(amount) => self.amount = self.less(*amount),
            Quantity::Unknown => self.unpriced -= 1,
            Quantity::Destinations(names) => names.iter().for_each(|name| self.take_out(name)),
        }
    }

    fn less(&self, amount: Amount) -> Option<Amount> {
        let known = |quantity: &Quantity| match quantity {
            Quantity::Known(amount) => Some(*amount),
            Quantity::Unknown | Quantity::Destinations(_) => None,
        };
        match self.amount {
            Some(sum) => sum.checked_sub(amount),
            None => Amount::checked_sum(self.entries.values().filter_map(known)),
        }
    }

    fn take_out(&mut self, name: &str) {
        let Some(charges) = self.destinations.get_mut(name) else { return };
        *charges -= 1;
        if *charges == 0 {
            self.destinations.remove(name);
        }
    }
}
