//! What is used of every limit: each sum that something counts in, computed from the charges on record.

use std::collections::BTreeMap;

use policy::amount::Amount;
use policy::charge::Charge;
use policy::document::Policy;
use policy::limit::{KeyPart, Unit};
use policy::time::Time;
use policy::usage::UsageIndex;
use serde::Serialize;

use crate::shown::shown;
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
pub fn compute(archive: &mut dyn Archive, policy: &Policy, now: Time) -> Result<Vec<SumLine>, JournalError> {
    Ok(lines(&mut index_of(archive, policy, now)?, policy, now))
}

/// Of the charges that are in some window at `now`: those of years need not be held for a window of hours.
fn index_of(archive: &mut dyn Archive, policy: &Policy, now: Time) -> Result<UsageIndex, JournalError> {
    let mut index = UsageIndex::default();
    let opening = policy.limits.iter().map(|limit| limit.window.opening(now)).min();
    each_charge(archive, |row| {
        if opening.is_none_or(|opening| row.latest_us < opening.as_micros()) {
            return Ok(());
        }
        let charge: Charge = parse(&row.body, || charge_name(&row.key))?;
        index.record(policy.limits(), None, &charge);
        Ok::<_, JournalError>(())
    })?;
    Ok(index)
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
        let key = self.key.iter().map(|(part, value)| format!("{} {}", part.name(), shown(value)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::suite::fixture::{HOUR, START, later};
    use crate::upkeep::testing::{POLICY, archive_of, backends, history, policy_of};

    /// A history of years is not held in memory for the sake of a window of hours.
    #[test]
    fn what_left_every_window_is_not_held() {
        let hourly = POLICY.split("  - id: ever").next().unwrap_or_default();
        let policy = policy_of(hourly).policy;
        for backend in backends() {
            drop(history(&backend));
            let mut archive = archive_of(&backend);
            let mut at = |now| {
                let index = index_of(archive.as_mut(), &policy, now).unwrap();
                (index.len(), compute(archive.as_mut(), &policy, now).unwrap().len())
            };
            assert_eq!(at(later(START, HOUR)), (5, 1), "{}", backend.name());
            assert_eq!(at(later(START, HOUR * 3)), (0, 0), "{}", backend.name());
        }
    }
}
