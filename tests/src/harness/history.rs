//! What was asked and answered in a run, so that it can be told afterwards whether all of it fits together.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

use proto::decider::v1::{Action, DecideResponse};

use super::fleet::Payment;
use crate::linearizable::{self, Effect, Operation, Outcome};

/// Of all clients. A request that is asked again is the same one.
pub struct History {
    started: Instant,
    asked: Mutex<BTreeMap<String, Asked>>,
}

struct Asked {
    payment: Payment,
    at: u64,
    answer: Option<(u64, DecideResponse)>,
}

/// A limit of the policy, as its history is read.
pub struct Counted {
    /// Its id.
    pub limit: &'static str,
    /// What of a payment tells its sums apart.
    pub key: fn(&Payment) -> String,
    /// What a payment adds.
    pub amount: fn(&Payment) -> u128,
    /// Its max.
    pub max: u128,
}

impl Default for History {
    fn default() -> Self {
        Self { started: Instant::now(), asked: Mutex::default() }
    }
}

impl History {
    /// Before it is asked.
    pub fn asked(&self, payment: &Payment) {
        let asked = || Asked { payment: payment.clone(), at: self.now(), answer: None };
        self.asked.lock().unwrap().entry(payment.id.clone()).or_insert_with(asked);
    }

    /// After it was answered: whatever was answered before must be answered again.
    pub fn answered(&self, payment: &Payment, answer: &DecideResponse) {
        let (mut asked, now) = (self.asked.lock().unwrap(), self.now());
        let (_, first) = asked.get_mut(&payment.id).unwrap().answer.get_or_insert((now, answer.clone()));
        assert_eq!((&first.decision_id, first.action), (&answer.decision_id, answer.action), "{payment:?}");
        assert_eq!(first.limits, answer.limits, "{payment:?}");
    }

    /// Panics unless what was answered over each key of a limit can have come about one after the other. How many
    /// answers that were.
    pub fn check(&self, counted: &Counted) -> usize {
        let mut keys: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
        for asked in self.asked.lock().unwrap().values() {
            keys.entry((counted.key)(&asked.payment)).or_default().push(operation(asked, counted));
        }
        for (key, history) in &keys {
            let checked = linearizable::check(history, counted.max);
            checked.unwrap_or_else(|why| panic!("{} of {key}: {why}\n{history:#?}", counted.limit));
        }
        keys.values().map(Vec::len).sum()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap()
    }
}

fn operation(asked: &Asked, counted: &Counted) -> Operation {
    let outcome = asked.answer.as_ref().map_or(Outcome::Unknown, |(at, answer)| {
        let line = answer.limits.iter().find(|line| line.limit_id == counted.limit);
        let line = line.unwrap_or_else(|| panic!("{} is not in {answer:?}", counted.limit));
        let effect = match answer.action() {
            Action::Approve => Effect::Added,
            _ if answer.reason.contains(counted.limit) => Effect::HadNoRoom,
            _ => Effect::Looked,
        };
        Outcome::Answered { at: *at, used: line.used.parse().unwrap(), effect }
    });
    Operation { asked: asked.at, amount: (counted.amount)(&asked.payment), outcome }
}
