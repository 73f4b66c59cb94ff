//! A decider without a store: what it allowed is in its memory, and gone with it.

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::TimedRequest;
use super::outcome::Outcome;
use crate::charge::{Charge, ChargeKey};
use crate::document::Policy;
use crate::evaluate::evaluate;
use crate::identity::{Digest, content_of_transaction, of_transaction};
use crate::ledger::Ledger;
use crate::settle::{content_changed, settle};
use crate::usage::UsageIndex;

/// Decides by one policy, over what it allowed itself.
#[derive(Debug)]
pub struct TestRun<'p> {
    policy: &'p Policy,
    answers: BTreeMap<Digest, (Digest, Outcome)>,
    memory: Memory,
}

/// The ledger.
#[derive(Debug, Default)]
struct Memory {
    charges: BTreeMap<ChargeKey, Charge>,
    index: UsageIndex,
}

impl<'p> TestRun<'p> {
    /// Nothing was asked yet.
    pub fn new(policy: &'p Policy) -> Self {
        Self { policy, answers: BTreeMap::new(), memory: Memory::default() }
    }

    /// Decides. Requests come in the order of their time. One that came before gets the answer it got, and one
    /// with its id and other content is denied (decision model, section 3).
    pub fn ask(&mut self, asked: &TimedRequest) -> Outcome {
        let (key, content) = (of_transaction(&asked.request), content_of_transaction(&asked.request));
        match self.answers.get(&key) {
            Some((known, outcome)) if *known == content => outcome.clone(),
            Some(_) => self.refuse(asked),
            None => {
                let outcome = self.decide(asked);
                self.answers.insert(key, (content, outcome.clone()));
                outcome
            }
        }
    }

    /// What it decides by, and over.
    pub(crate) fn parts(&mut self) -> (&'p Policy, impl Ledger<Error = Infallible>) {
        (self.policy, self.memory.ledger())
    }

    fn refuse(&self, TimedRequest { request, at, prices }: &TimedRequest) -> Outcome {
        Outcome {
            evaluation: evaluate(self.policy, request, prices, *at),
            settlement: content_changed(request, *at),
        }
    }

    fn decide(&mut self, TimedRequest { request, at, prices }: &TimedRequest) -> Outcome {
        let policy = self.policy;
        let evaluation = evaluate(policy, request, prices, *at);
        let Ok(settlement) = settle(policy, request, &evaluation, &mut self.memory.ledger(), *at);
        if let Some(change) = &settlement.charge {
            let memory = &mut self.memory;
            memory.index.record(policy.limits(), change.before.as_ref(), &change.after);
            memory.charges.insert(change.after.key.clone(), change.after.clone());
        }
        Outcome { evaluation, settlement }
    }
}

impl Memory {
    fn ledger(&mut self) -> impl Ledger<Error = Infallible> {
        self.index.over(|key| Ok(self.charges.get(key).cloned()))
    }
}
