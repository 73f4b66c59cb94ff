//! An explanation as JSON.

use std::path::Path;

use policy::explain::{ExplainedRule, Explanation};
use policy::settle::LimitStatus;
use policy::verdict::{Action, Reason, Verdict};
use serde::Serialize;

/// An explanation as programs read it.
#[derive(Serialize)]
pub struct Report<'a> {
    verdict: Verdict,
    action: Action,
    reason: &'a Reason,
    /// Microseconds since 1970, by which rules and windows went.
    at: policy::time::Time,
    /// The store that was read; absent: an empty ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<&'a Path>,
    rules: &'a [ExplainedRule],
    limits: &'a [LimitStatus],
}

impl<'a> Report<'a> {
    /// Of an explanation over a store.
    pub fn of(explanation: &'a Explanation, store: Option<&'a Path>) -> Self {
        let settlement = &explanation.outcome.settlement;
        Self {
            verdict: settlement.verdict,
            action: settlement.action,
            reason: &settlement.reason,
            at: settlement.at,
            store,
            rules: &explanation.rules,
            limits: &settlement.limits,
        }
    }
}
