//! A ledger with the sums that a store keeps, and a store's clock: it stands still where the wall clock steps back.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use policy::charge::{Charge, ChargeKey};
use policy::document::Policy;
use policy::evaluate::evaluate;
use policy::prices::Prices;
use policy::request::Request;
use policy::settle::{Settlement, settle};
use policy::time::Time;
use policy::usage::UsageIndex;

#[derive(Debug)]
pub struct Desk {
    pub policy: Arc<Policy>,
    pub charges: BTreeMap<ChargeKey, Charge>,
    pub index: UsageIndex,
    wall: Time,
    mark: Time,
}

impl Desk {
    pub fn new(policy: Policy, now: Time) -> Self {
        Self {
            policy: policy.indexed().into(),
            charges: BTreeMap::new(),
            index: UsageIndex::default(),
            wall: now,
            mark: now,
        }
    }

    /// Another policy from here on: its limits count the past.
    pub fn adopt(&mut self, policy: Policy) {
        let policy = policy.indexed();
        self.index = UsageIndex::build(policy.limits(), self.charges.values());
        self.policy = policy.into();
    }

    pub fn now(&self) -> Time {
        self.mark
    }

    /// Sets the wall clock.
    pub fn set(&mut self, wall: Time) {
        self.wall = wall;
        self.mark = self.mark.max(wall);
    }

    /// Moves the wall clock, back as well.
    pub fn step(&mut self, micros: i64) {
        self.set(Time::from_micros(self.wall.as_micros() + micros));
    }

    pub fn decide(&mut self, request: &Request) -> Settlement {
        let policy = self.policy.clone();
        let now = self.now();
        let evaluation = evaluate(&policy, request, &Prices::NONE, now);
        let mut ledger = self.index.over(|key| Ok::<_, Infallible>(self.charges.get(key).cloned()));
        let settlement = settle(&policy, request, &evaluation, &mut ledger, now).unwrap();
        if let Some(change) = &settlement.charge {
            self.index.record(policy.limits(), change.before.as_ref(), &change.after);
            self.charges.insert(change.after.key.clone(), change.after.clone());
        }
        settlement
    }
}
