//! A policy's own tests: what was asked before, what is asked, and what must come out (decision model, section 6).
//!
//! They go the way of decisions: [`evaluate`], then [`settle`] over a ledger that holds their history and nothing
//! else.
//!
//! [`evaluate`]: crate::evaluate::evaluate
//! [`settle`]: crate::settle::settle

mod expectation;
mod run;
mod outcome;

use crate::document::Policy;
use crate::prices::Prices;
use crate::request::Request;
use crate::time::Time;

pub use expectation::{Expectation, can_be_told, can_be_why};
pub use outcome::Outcome;
pub use run::TestRun;

/// One test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyTest {
    /// What was asked before, oldest first.
    pub history: Vec<Before>,
    /// What is asked.
    pub asked: TimedRequest,
    /// What must come out.
    pub expected: Expectation,
}

/// What was asked before, and what must have come out: nothing of what was refused is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// What was asked.
    pub asked: TimedRequest,
    /// What must have come out.
    pub expected: Expectation,
}

/// A request, when it is asked, and the prices then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimedRequest {
    /// What is asked.
    pub request: Request,
    /// When, by the store's clock.
    pub at: Time,
    /// What the price table says then.
    pub prices: Prices,
}

/// Something else came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The request of the history with this number, from 0, came out otherwise.
    History(usize, Box<Outcome>),
    /// What was asked came out otherwise.
    Asked(Box<Outcome>),
}

impl PolicyTest {
    /// Plays it through.
    ///
    /// # Errors
    /// The first thing that came out otherwise.
    pub fn run(&self, policy: &Policy) -> Result<(), Failure> {
        let mut run = TestRun::new(policy);
        for (number, Before { asked, expected }) in self.history.iter().enumerate() {
            let outcome = run.ask(asked);
            if !expected.is_met_by(&outcome) {
                return Err(Failure::History(number, Box::new(outcome)));
            }
        }
        let outcome = run.ask(&self.asked);
        if self.expected.is_met_by(&outcome) { Ok(()) } else { Err(Failure::Asked(Box::new(outcome))) }
    }
}
