//! A policy with a ledger and a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use policy::charge::{Charge, ChargeKey};
use policy::document::Policy;
use policy::evaluate::evaluate;
use policy::ledger::{Ledger, Used};
use policy::limit::{Bucket, Limit};
use policy::prices::Prices;
use policy::settle::settle;
use policy::time::Time;
use policy::usage::UsageIndex;
use policy::verdict::{Action, Verdict};

use super::ask::Ask;

pub struct Desk<'a> {
    policy: &'a Policy,
    charges: BTreeMap<ChargeKey, Charge>,
    index: UsageIndex,
}

impl<'a> Desk<'a> {
    pub fn of(policy: &'a Policy) -> Self {
        Self { policy, charges: BTreeMap::new(), index: UsageIndex::default() }
    }

    /// The verdict with its reason; `at` as RFC 3339 has it.
    pub fn answer(&mut self, number: usize, at: &str, ask: &Ask) -> String {
        let request = ask.request(number);
        let at: jiff::Timestamp = at.parse().unwrap();
        let now = Time::from_micros(at.as_microsecond());
        let (policy, evaluation) = (self.policy, evaluate(self.policy, &request, &Prices::NONE, now));
        let settlement = settle(policy, &request, &evaluation, self, now).unwrap();
        if let Some(change) = settlement.charge {
            self.index.record(&policy.limits, policy.groups(), change.before.as_ref(), &change.after);
            self.charges.insert(change.after.key.clone(), change.after);
        }
        let verdict = match (settlement.verdict, settlement.action) {
            (Verdict::Allow, Action::Approve) => "ALLOW",
            (Verdict::Deny, Action::Reject) => "DENY",
            (Verdict::Hold, Action::Ignore) => "HOLD, left to the console",
            (Verdict::Hold, Action::Reject) => "HOLD",
            other => panic!("{other:?}"),
        };
        format!("{verdict}: {}", settlement.reason.text)
    }
}

impl Ledger for Desk<'_> {
    type Error = Infallible;

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<Charge>, Infallible> {
        Ok(self.charges.get(key).cloned())
    }

    fn used(
        &mut self,
        limit: &Limit,
        bucket: &Bucket,
        asked: &BTreeSet<String>,
        now: Time,
    ) -> Result<Used, Infallible> {
        Ok(self.index.used(limit, bucket, asked, now))
    }
}
