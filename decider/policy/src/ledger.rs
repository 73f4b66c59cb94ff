//! What settling asks of a store, all of it inside one transaction.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::charge::{Charge, ChargeKey};
use crate::limit::{Bucket, Limit};
use crate::time::Time;

/// The ledger as it stands, read after the store's locks are held.
pub trait Ledger {
    /// Why it could not be read.
    type Error;

    /// The charge of this key, if there is one.
    ///
    /// # Errors
    /// The ledger could not be read: nothing may be decided.
    fn charge(&mut self, key: &ChargeKey) -> Result<Option<Charge>, Self::Error>;

    /// What counts in this sum of a limit at `now`, whoever it belongs to. `asked`: the destinations of which the
    /// asker has to know whether they are in it.
    ///
    /// # Errors
    /// The ledger could not be read: nothing may be decided.
    fn used(
        &mut self,
        limit: &Limit,
        bucket: &Bucket,
        asked: &BTreeSet<String>,
        now: Time,
    ) -> Result<Used, Self::Error>;
}

/// What counts in one sum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// The total; `None` where it is more than 256 bits hold.
    pub total: Option<Amount>,
    /// Time of the oldest charge in it, of those that take room.
    pub oldest: Option<Time>,
    /// Time of the one after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<Time>,
    /// Why the total cannot be relied on: of a charge of the past it is not known in which sum it counts, or how much.
    pub indeterminate: Option<String>,
    /// How many charges that reason is true of: the one that asks may be the only one.
    pub doubtful: usize,
    /// Of the destinations that were asked about those that are in it, each with the number of its charges.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub destinations: BTreeMap<String, u64>,
}
