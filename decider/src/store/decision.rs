//! What goes in and out of a store.

use std::sync::Arc;

use policy::charge::{Charge, ChargeKey};
use policy::config_change::{ConfigChange, ConfigChangeOutcome};
use policy::document::Policy;
use policy::evaluate::{Evaluation, RuleResult};
use policy::evidence::Evidence;
use policy::request::{CallerProof, Request, Stage};
use policy::settle::LimitStatus;
use policy::time::Time;
use policy::verdict::{Action, Reason, Verdict};
use serde::{Deserialize, Serialize};

use crate::prices::CurrentPrices;

/// The durable record of one answer. What never changes once it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// A version 7 UUID as text.
    pub id: String,
    /// The tenant that it was asked for.
    pub tenant: String,
    /// The id of the request, byte for byte.
    pub callback_request_id: String,
    /// The stage it went by; `None` for a configuration change.
    pub stage: Option<Stage>,
    /// What the policy says.
    pub verdict: Verdict,
    /// What the Co-signer is told.
    pub action: Action,
    /// The stable code, and the words for people.
    pub reason: Reason,
    /// Rules that matched or could not be evaluated.
    pub rules: Vec<RuleResult>,
    /// Every limit that applies, as it stood.
    pub limits: Vec<LimitStatus>,
    /// The policy that decided.
    pub policy_hash: String,
    /// When, by the store's clock.
    pub at: Time,
    /// What was proven of who asked; `None`: nobody said. Decisions from before this was kept have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_proof: Option<CallerProof>,
}

/// A decision, and whether it was there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The decision on record.
    pub decision: Decision,
    /// True: nothing was evaluated or charged for this answer.
    pub recorded_earlier: bool,
}

/// A transaction that the rules have spoken on, on its way to the ledger.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The policy that evaluated it: its limits apply.
    pub policy: Arc<Policy>,
    /// What was asked.
    pub request: Request,
    /// The prices, should another policy decide by the time that it is settled.
    pub prices: CurrentPrices,
    /// What the rules say.
    pub evaluation: Evaluation,
    /// The request as it came, kept for the record. Opaque here.
    pub payload: Vec<u8>,
}

/// A configuration change that the rules have spoken on, on its way to the record.
#[derive(Debug, Clone)]
pub struct ConfigProposal {
    /// The policy that evaluated it.
    pub policy_hash: String,
    /// What was asked.
    pub change: ConfigChange,
    /// What the rules say.
    pub outcome: ConfigChangeOutcome,
    /// The request as it came, kept for the record. Opaque here.
    pub payload: Vec<u8>,
}

/// Everything kept of one decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What was answered.
    pub decision: Decision,
    /// What kind of request that was.
    pub kind: RequestKind,
    /// What it came out of.
    pub origin: Origin<Evidence>,
    /// The charges of the transaction as they stand now.
    pub charges: Vec<Charge>,
}

/// What a decision came out of, until retention lets it go (decision model, section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin<E> {
    /// With the policy this reproduces the decision.
    Kept {
        /// The request as it came.
        payload: Vec<u8>,
        /// What was read of the ledger.
        evidence: E,
    },
    /// It was let go: the decision stands, and cannot be reproduced any more.
    Pruned {
        /// By the store's clock.
        at: Time,
        /// The charges that the decision looked at, its own among them, as far as that is known.
        charges: Vec<ChargeKey>,
    },
}

impl<E> Origin<E> {
    /// With the evidence in another form.
    ///
    /// # Errors
    /// It cannot be brought into that.
    pub fn read<T, F>(self, read: impl FnOnce(E) -> Result<T, F>) -> Result<Origin<T>, F> {
        Ok(match self {
            Self::Kept { payload, evidence } => Origin::Kept { payload, evidence: read(evidence)? },
            Self::Pruned { at, charges } => Origin::Pruned { at, charges },
        })
    }
}

impl Origin<Evidence> {
    /// The charges that it looked at, its own among them.
    pub fn charge_keys(&self) -> Vec<ChargeKey> {
        match self {
            Self::Kept { evidence, .. } => evidence.charges.iter().map(|(key, _)| key.clone()).collect(),
            Self::Pruned { charges, .. } => charges.clone(),
        }
    }
}

/// What was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// A transaction.
    Transaction,
    /// A configuration change.
    ConfigChange,
}

/// Which record is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// By decision id.
    Id(String),
    /// The newest decision for a request id, whatever its stage or signer.
    RequestId(String),
}
