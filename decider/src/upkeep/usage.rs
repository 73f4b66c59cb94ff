//! What is used of every limit: each sum that something counts in, computed from the charges on record.

use std::collections::BTreeMap;

use policy::amount::Amount;
use policy::charge::Charge;
use policy::document::Policy;
use policy::limit::{KeyPart, Unit};
use policy::time::Time;
use policy::usage::UsageIndex;
use serde::Serialize;

use crate::store::archive::{Archive, each_charge};
use crate::store::encoding::{charge_name, parse};
use crate::store::journal::JournalError;

/// One sum of one limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SumLine {
    /// The limit.
    pub limit: String,
    /// The key of the sum.
    pub key: BTreeMap<KeyPart, String>,
    /// What the numbers count.
    pub unit: Option<Unit>,
    /// Inside the window now. `None`: more than 256 bits hold.
    pub used: Option<Amount>,
    /// The cap.
    pub max: Option<Amount>,
    /// What is left.
    pub headroom: Option<Amount>,
}

/// Every sum of a policy's limits at `now`, in the order of the policy and then of the keys.
///
/// # Errors
/// A charge could not be read: sums made of the others would have too much room.
pub fn of(archive: &mut dyn Archive, policy: &Policy, now: Time) -> Result<Vec<SumLine>, JournalError> {
    let mut index = UsageIndex::default();
    each_charge(archive, |row| {
        let charge: Charge = parse(&row.body, || charge_name(&row.key))?;
        index.record(&policy.limits, policy.groups(), None, &charge);
        Ok::<_, JournalError>(())
    })?;
    Ok(lines(&mut index, policy, now))
}

fn lines(index: &mut UsageIndex, policy: &Policy, now: Time) -> Vec<SumLine> {
    let each = policy.limits.iter().flat_map(|limit| {
        let sums = index.sums(limit, now);
        sums.into_iter().map(|(bucket, used)| {
            let (unit, max) = limit.most_in(&bucket).unzip();
            let headroom = max.zip(used.total).map(|(max, used)| max.saturating_sub(used));
            SumLine { limit: bucket.limit_id, key: bucket.key, unit, used: used.total, max, headroom }
        })
    });
    each.collect()
}

impl SumLine {
    /// Limit and key as people read them.
    pub fn name(&self) -> String {
        let key = self.key.iter().map(|(part, value)| format!("{} {value}", part.name()));
        [self.limit.clone()].into_iter().chain(key).collect::<Vec<_>>().join(", ")
    }

    /// So many of its unit as people read them.
    pub fn in_words(&self, policy: &Policy, amount: Option<Amount>) -> String {
        match (amount, &self.unit) {
            (Some(amount), Some(unit)) => unit.in_words(&policy.assets, amount),
            (Some(amount), None) => amount.to_string(),
            (None, _) => "more than can be told".into(),
        }
    }
}
