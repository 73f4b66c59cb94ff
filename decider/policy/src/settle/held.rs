//! What a transaction holds in the sums of a limit before this request: it is not counted twice, and what was not
//! known of it then does not stand in the way of knowing it now.

use std::collections::{BTreeMap, BTreeSet};

use crate::amount::Amount;
use crate::charge::Charge;
use crate::group::Groups;
use crate::ledger::Used;
use crate::limit::{Bucket, Limit, Quantity};
use crate::time::Time;

#[derive(Default)]
pub struct Held {
    sums: BTreeMap<Bucket, Quantity>,
    unplaced: BTreeSet<Time>,
}

/// What a request asks of one sum, beside what its transaction holds there.
pub struct Demand {
    /// What the transaction will have in it that nobody else has.
    pub requested: Amount,
    /// What it had before.
    pub counted: Amount,
}

impl Held {
    /// `opening`: the first moment that counts.
    pub fn of(before: &Charge, limit: &Limit, groups: Groups<'_>, opening: Time) -> Self {
        let shares = limit.shares_of(before, groups);
        let known = shares.known.into_iter().filter(|share| share.at >= opening);
        let unplaced = shares.unknown.into_iter().map(|(at, _)| at);
        Self {
            sums: known.map(|share| (share.bucket, share.quantity)).collect(),
            unplaced: unplaced.filter(|at| *at >= opening).collect(),
        }
    }

    /// The destinations of which the ledger has to say whether they are in the sum.
    pub fn destinations(&self, bucket: &Bucket, asked: &Quantity) -> BTreeSet<String> {
        [Some(asked), self.sums.get(bucket)].into_iter().flatten().flat_map(names).cloned().collect()
    }

    pub fn demand(&self, bucket: &Bucket, asked: &Quantity, used: &Used) -> Demand {
        let held = self.sums.get(bucket);
        let counted = match held {
            Some(Quantity::Known(amount)) => *amount,
            Some(Quantity::Unknown) | None => Amount::ZERO,
            Some(Quantity::Destinations(own)) => paid_by_nobody_else(own, held, used),
        };
        let requested = match asked {
            Quantity::Known(amount) => *amount,
            Quantity::Unknown => Amount::ZERO,
            Quantity::Destinations(asked) => paid_by_nobody_else(asked, held, used),
        };
        Demand { requested, counted }
    }

    /// As [`Used::doubtful`] counts it.
    pub fn doubts_of(&self, bucket: &Bucket) -> usize {
        let unpriced = self.sums.get(bucket).is_some_and(|held| *held == Quantity::Unknown);
        self.unplaced.len().saturating_add(usize::from(unpriced))
    }
}

/// How many of these destinations are in the sum by this transaction alone, or by nobody yet.
fn paid_by_nobody_else(destinations: &BTreeSet<String>, held: Option<&Quantity>, used: &Used) -> Amount {
    let own = |name: &String| u64::from(held.into_iter().flat_map(names).any(|held| held == name));
    let charges = |name: &String| used.destinations.get(name).copied().unwrap_or_default();
    let alone = destinations.iter().filter(|name| charges(name) <= own(name)).count();
    Amount::from_u64(u64::try_from(alone).unwrap_or(u64::MAX))
}

fn names(quantity: &Quantity) -> impl Iterator<Item = &String> {
    let names = match quantity {
        Quantity::Destinations(names) => Some(names),
        Quantity::Known(_) | Quantity::Unknown => None,
    };
    names.into_iter().flatten()
}
