//! What is wrong with a store, each with its place.

use serde::Serialize;

/// How many are told; the others are counted.
pub const MAX_TOLD: usize = 100;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The record: a decision with its id, a charge with its key, a policy with its hash, the log, or the schema.
    pub place: String,
    /// What is wrong with it.
    pub what: String,
}

/// What was found so far.
#[derive(Debug, Default)]
pub struct Findings {
    told: Vec<Finding>,
    more: u64,
}

impl Findings {
    /// Notes one more.
    pub fn add(&mut self, place: impl Into<String>, what: impl Into<String>) {
        if self.told.len() < MAX_TOLD {
            self.told.push(Finding { place: place.into(), what: what.into() });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// The first of them, and how many more there are.
    pub fn into_parts(self) -> (Vec<Finding>, u64) {
        (self.told, self.more)
    }
}
