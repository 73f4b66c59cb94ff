//! One sum, with what it is made of.

use std::collections::{BTreeMap, BTreeSet};

use crate::amount::Amount;
use crate::charge::{Charge, ChargeKey};
use crate::limit::{Quantity, Share};
use crate::time::Time;

/// One charge in a sum, in the order of time.
pub type Entry = (Time, ChargeKey);

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
        match &share.quantity {
            Quantity::Known(amount) => self.amount = self.amount.and_then(|sum| sum.checked_add(*amount)),
            Quantity::Unknown => self.unpriced += 1,
            Quantity::Destinations(names) => {
                for name in names {
                    *self.destinations.entry(name.clone()).or_default() += 1;
                }
            }
        }
        self.entries.insert(entry, share.quantity);
    }

    pub fn remove(&mut self, entry: &Entry) {
        match self.entries.remove(entry) {
            None => {}
            Some(Quantity::Known(amount)) => self.take_off(amount),
            Some(Quantity::Unknown) => self.unpriced -= 1,
            Some(Quantity::Destinations(names)) => names.iter().for_each(|name| self.take_out(name)),
        }
    }

    fn take_off(&mut self, amount: Amount) {
        let known = |quantity: &Quantity| match quantity {
            Quantity::Known(amount) => Some(*amount),
            Quantity::Unknown | Quantity::Destinations(_) => None,
        };
        self.amount = match self.amount {
            Some(sum) => sum.checked_sub(amount),
            None => Amount::checked_sum(self.entries.values().filter_map(known)),
        };
    }

    fn take_out(&mut self, name: &str) {
        let Some(charges) = self.destinations.get_mut(name) else { return };
        *charges -= 1;
        if *charges == 0 {
            self.destinations.remove(name);
        }
    }
}
