//! The ledger as settling sees it: charges from wherever they are kept, sums from memory.

use std::collections::BTreeSet;

use super::UsageIndex;
use crate::charge::{Charge, ChargeKey};
use crate::ledger::{Ledger, Used};
use crate::limit::{Bucket, Limit};
use crate::time::Time;

/// Sums, with a way to look up charges.
pub struct Books<'a, F> {
    index: &'a mut UsageIndex,
    charge: F,
}

impl UsageIndex {
    /// These sums as a ledger whose charges `charge` finds.
    pub fn over<E, F: FnMut(&ChargeKey) -> Result<Option<Charge>, E>>(&mut self, charge: F) -> Books<'_, F> {
        Books { index: self, charge }
    }
}

impl<E, F: FnMut(&ChargeKey) -> Result<Option<Charge>, E>> Ledger for Books<'_, F> {
    type Error = E;

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<Charge>, E> {
        (self.charge)(key)
    }

    fn used(
        &mut self,
        limit: &Limit,
        bucket: &Bucket,
        asked: &BTreeSet<String>,
        now: Time,
    ) -> Result<Used, E> {
        Ok(self.index.used(limit, bucket, asked, now))
    }
}
