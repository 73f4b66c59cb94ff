//! What a policy says of a limit.

use std::collections::BTreeSet;
use std::mem::discriminant;

use super::cap::{Cap, Unit};
use super::key::{Bucket, KeyPart};
use crate::amount::Amount;
use crate::condition::Conditions;
use crate::condition_index::Named;
use crate::intent::Intent;
use crate::time::Window;

/// A cap over the charges that share a key inside a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Name in the policy, unique among its rules and limits.
    pub id: String,
    /// Which destinations of which transactions it counts. Stages and totals are not asked.
    pub when: Conditions,
    /// What keeps sums apart.
    pub key: BTreeSet<KeyPart>,
    /// How much, of what.
    pub cap: Cap,
    /// Over how long.
    pub window: Window,
    /// What becomes of a transaction that does not fit.
    pub on_exceed: OnExceed,
    /// Whether people may decide at the console over what it holds.
    pub leave_to_console: bool,
}

/// What a limit does with a transaction that it has no room for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnExceed {
    /// Denies it.
    #[default]
    Deny,
    /// Holds it.
    Hold,
}

impl Limit {
    /// Whether it has the same sums as another: all but how much of them may be used, and what becomes of the rest.
    pub fn counts_like(&self, other: &Self) -> bool {
        let Self { id, when, key, cap, window, on_exceed: _, leave_to_console: _ } = self;
        let same_cap = discriminant(cap) == discriminant(&other.cap);
        same_cap && (id, when, key, window) == (&other.id, &other.when, &other.key, &other.window)
    }

    /// What it can be found by. Charges of the past may be of assets that the policy does not know any more, and count.
    pub fn named(&self) -> Named {
        let named = Named::by(&self.when);
        if self.when.unlisted.is_some() { named.of_any_asset() } else { named }
    }

    /// The most that may be in a sum. `None`: the cap says nothing of the key's asset, so nothing passes.
    pub fn max_of(&self, intent: &Intent) -> Option<Amount> {
        self.cap.max(&intent.asset)
    }

    /// The most that may be in one of its sums, and the unit of that. `None`: the cap says nothing of the sum's asset.
    pub fn most_in(&self, bucket: &Bucket) -> Option<(Unit, Amount)> {
        let only = match &self.cap {
            Cap::Amount(by_asset) if by_asset.len() == 1 => by_asset.keys().next(),
            _ => None,
        };
        let asset = bucket.key.get(&KeyPart::Asset).or(only).map_or("", String::as_str);
        Some((self.unit(asset), self.cap.max(asset)?))
    }

    /// The unit of its numbers.
    pub fn unit_of(&self, intent: &Intent) -> Unit {
        self.unit(&intent.asset)
    }

    fn unit(&self, asset: &str) -> Unit {
        match &self.cap {
            Cap::Count(_) if self.counts_payments() => Unit::Payments,
            cap => cap.unit(asset),
        }
    }

    /// A count is one per transaction unless the destination is in the key (decision model, section 4).
    pub(super) fn counts_payments(&self) -> bool {
        self.key.contains(&KeyPart::Destination)
    }
}
