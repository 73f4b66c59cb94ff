//! What a settlement read of the ledger, kept with the decision, so that it can be settled again from its
//! record and come out the same (decision model, section 6).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::charge::{Charge, ChargeKey};
use crate::evaluate::Evaluation;
use crate::ledger::{Ledger, Used};
use crate::limit::{Bucket, Limit};
use crate::prices::{Prices, UsedPrice};
use crate::time::{DATA_VERSION, Time, Window};

/// Every answer the ledger gave, and the time the rules went by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Charges that were looked up.
    pub charges: Vec<(ChargeKey, Option<Charge>)>,
    /// Sums that were looked up.
    pub used: Vec<(Bucket, Used)>,
    /// When it was asked, by the store's clock: the rules saw this time. Records of before rules could ask for the
    /// time have none, and need none.
    #[serde(default)]
    pub asked_at: Option<Time>,
    /// The table's price that the value went by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<UsedPrice>,
    /// The version of the time-zone data, where a rule or a calendar window had a look at local time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone_data: Option<String>,
}

impl Evidence {
    /// A table of what was used of the table: evaluated by it, the request comes out the same.
    pub fn prices(&self) -> Prices {
        self.price.clone().map_or(Prices::NONE, Prices::of)
    }
}

/// A ledger that remembers what it was asked.
pub struct Recording<'a, L> {
    ledger: &'a mut L,
    evidence: Evidence,
}

impl<'a, L: Ledger> Recording<'a, L> {
    /// Nothing was asked yet, for a request that the rules have spoken on.
    pub fn new(ledger: &'a mut L, evaluation: &Evaluation) -> Self {
        let (asked_at, time_zone_data) = (Some(evaluation.at), evaluation.time_zone_data.clone());
        let price = evaluation.price.clone();
        Self { ledger, evidence: Evidence { asked_at, price, time_zone_data, ..Evidence::default() } }
    }

    /// Notes that a limit looked through this window.
    pub fn note_window(&mut self, window: &Window) {
        if let Window::Calendar(_) = window {
            self.evidence.time_zone_data = Some(DATA_VERSION.to_owned());
        }
    }

    /// What was asked, with the answers.
    pub fn into_evidence(self) -> Evidence {
        self.evidence
    }
}

impl<L: Ledger> Ledger for Recording<'_, L> {
    type Error = L::Error;

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<Charge>, L::Error> {
        let charge = self.ledger.charge(key)?;
        self.evidence.charges.push((key.clone(), charge.clone()));
        Ok(charge)
    }

    fn used(
        &mut self,
        limit: &Limit,
        bucket: &Bucket,
        asked: &BTreeSet<String>,
        now: Time,
    ) -> Result<Used, L::Error> {
        let used = self.ledger.used(limit, bucket, asked, now)?;
        self.evidence.used.push((bucket.clone(), used.clone()));
        Ok(used)
    }
}

/// The record does not hold what the settlement asks: it was made by other rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record holds no answer about {0}: it was not made by this policy and request")]
pub struct NotInRecord(String);

/// What is on record as a ledger. A payment to many under many limits has asked for a hundred thousand sums: each is
/// looked up.
pub struct Answers<'e> {
    charges: BTreeMap<&'e ChargeKey, &'e Option<Charge>>,
    used: BTreeMap<&'e Bucket, &'e Used>,
}

impl Evidence {
    /// A ledger that gives the answers on record.
    pub fn answers(&self) -> Answers<'_> {
        // Of two answers the first counts.
        let charges = self.charges.iter().rev().map(|(key, charge)| (key, charge)).collect();
        Answers { charges, used: self.used.iter().rev().map(|(bucket, used)| (bucket, used)).collect() }
    }
}

impl Ledger for Answers<'_> {
    type Error = NotInRecord;

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<Charge>, NotInRecord> {
        self.charges.get(key).map(|charge| (*charge).clone()).ok_or_else(|| NotInRecord(key.as_text()))
    }

    fn used(
        &mut self,
        limit: &Limit,
        bucket: &Bucket,
        _asked: &BTreeSet<String>,
        _now: Time,
    ) -> Result<Used, NotInRecord> {
        let used = self.used.get(bucket).map(|used| (*used).clone());
        used.ok_or_else(|| NotInRecord(format!("limit {}", limit.id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::Amount;
    use crate::condition::Conditions;
    use crate::limit::{Cap, KeyPart, OnExceed};
    use crate::time::Window;

    /// To find one answer after the other would take as long as all of them squared.
    #[test]
    fn an_answer_among_many_is_looked_up() {
        use std::time::Instant;

        let bucket = |number: u64| Bucket {
            limit_id: "l".into(),
            key: [(KeyPart::Destination, format!("VAULT:{number}"))].into(),
        };
        let used = |number| Used { total: Some(Amount::from_u64(number)), ..Used::default() };
        let answers = (0..10_000).map(|number| (bucket(number), used(number)));
        let evidence = Evidence { used: answers.collect(), ..Evidence::default() };
        let limit = Limit {
            id: "l".into(),
            when: Conditions::default(),
            key: [KeyPart::Destination].into(),
            cap: Cap::Count(1),
            window: Window::Lifetime,
            on_exceed: OnExceed::Deny,
            leave_to_console: false,
        };
        let (nobody, now) = (BTreeSet::new(), Time::default());
        let started = Instant::now();
        let mut answers = evidence.answers();
        let read = started.elapsed();
        let started = Instant::now();
        for number in 0..10_000 {
            assert_eq!(answers.used(&limit, &bucket(number), &nobody, now), Ok(used(number)));
        }
        assert!(started.elapsed() < read * 20, "{:?} after {read:?}", started.elapsed());
        assert!(answers.used(&limit, &bucket(10_000), &nobody, now).is_err());
    }
}
