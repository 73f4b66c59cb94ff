//! What a transaction holds in the sums of a limit before this request: it is not counted twice, and what was not
//! known of it then does not stand in the way of knowing it now.

use std::collections::{BTreeMap, BTreeSet};

use crate::amount::Amount;
use crate::charge::Charge;
use crate::group::Groups;
use crate::ledger::Used;
use crate::limit::{Bucket, Key, Limit, Quantity, Unplaced};
use crate::time::Time;

#[derive(Default)]
pub struct HeldBefore {
    sums: BTreeMap<Bucket, (Time, Quantity)>,
    unplaced: BTreeSet<(Time, Key)>,
}

/// What a request asks of one sum, beside what its transaction holds there.
pub struct Demand {
    /// What the transaction will have in it that nobody else has.
    pub requested: Amount,
    /// What it had before.
    pub counted: Amount,
}

impl HeldBefore {
    /// `opening`: the first moment that counts.
    pub fn of(before: &Charge, limit: &Limit, groups: Groups<'_>, opening: Time) -> Self {
        let shares = limit.shares_of(before, groups);
        let known = shares.known.into_iter().filter(|share| share.at >= opening);
        let unplaced = shares.unknown.into_iter().map(|unplaced| (unplaced.at, unplaced.key));
        Self {
            sums: known.map(|share| (share.bucket, (share.at, share.quantity))).collect(),
            unplaced: unplaced.filter(|(at, _)| *at >= opening).collect(),
        }
    }

    /// The destinations of which the ledger has to say whether they are in the sum.
    pub fn destinations(&self, bucket: &Bucket, asked: &Quantity) -> BTreeSet<String> {
        names(Some(asked)).union(names(self.quantity(bucket))).cloned().collect()
    }

    pub fn demand(&self, bucket: &Bucket, asked: &Quantity, used: &Used) -> Demand {
        let held = self.quantity(bucket);
        let of = |quantity: Option<&Quantity>| match quantity {
            Some(Quantity::Known(amount)) => *amount,
            Some(Quantity::Unknown) | None => Amount::ZERO,
            Some(Quantity::Destinations(_)) => paid_by_nobody_else(names(quantity), names(held), used),
        };
        Demand { requested: of(Some(asked)), counted: of(held) }
    }

    /// Time of the oldest charge in a sum that is another's.
    pub fn oldest_of_others(&self, bucket: &Bucket, used: &Used) -> Option<Time> {
        let own = self.sums.get(bucket).filter(|(_, quantity)| !quantity.is_nothing());
        if own.is_some_and(|(at, _)| used.oldest == Some(*at)) { used.second } else { used.oldest }
    }

    fn quantity(&self, bucket: &Bucket) -> Option<&Quantity> {
        self.sums.get(bucket).map(|(_, quantity)| quantity)
    }

    /// As [`Used::doubtful`] counts it.
    pub fn doubts_of(&self, bucket: &Bucket) -> usize {
        let unpriced = self.quantity(bucket) == Some(&Quantity::Unknown);
        let unplaced =
            self.unplaced.iter().filter(|(_, known)| Unplaced::may_be_in(known, &bucket.key)).count();
        unplaced.saturating_add(usize::from(unpriced))
    }
}

/// How many of these destinations are in the sum by what the transaction holds alone, or not at all.
fn paid_by_nobody_else(these: &BTreeSet<String>, held: &BTreeSet<String>, used: &Used) -> Amount {
    let charges = |name: &String| used.destinations.get(name).copied().unwrap_or_default();
    let alone = these.iter().filter(|name| charges(name) <= u64::from(held.contains(*name))).count();
    Amount::from_u64(u64::try_from(alone).unwrap_or(u64::MAX))
}

fn names(quantity: Option<&Quantity>) -> &BTreeSet<String> {
    const NONE: &BTreeSet<String> = &BTreeSet::new();
    match quantity {
        Some(Quantity::Destinations(names)) => names,
        Some(Quantity::Known(_) | Quantity::Unknown) | None => NONE,
    }
}
