//! Settling: a request that the rules have spoken on meets the ledger. Pure: a store reads what is asked here
//! inside its transaction, and writes what comes out of it, or nothing.

mod outcome;
mod status;
mod held;
mod claim;

use crate::charge::ChargeKey;
use crate::document::Policy;
use crate::evaluate::{BeforeLimits, Evaluation};
use crate::evidence::{Evidence, Recording};
use crate::ledger::Ledger;
use crate::request::Request;
use crate::time::Time;
use crate::verdict::{Action, Reason, ReasonCode, Unresolved, Verdict};

use claim::{Claim, Claimed};
use outcome::Outcome;

pub use claim::ChargeChange;
pub use status::LimitStatus;

/// What is decided, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// What the policy says.
    pub verdict: Verdict,
    /// What the Co-signer is told.
    pub action: Action,
    /// The stable code, and the words for people.
    pub reason: Reason,
    /// Every limit that applies, before this transaction was counted.
    pub limits: Vec<LimitStatus>,
    /// The charge to write; `None` where nothing is charged.
    pub charge: Option<ChargeChange>,
    /// What was read of the ledger.
    pub evidence: Evidence,
    /// By the store's clock.
    pub at: Time,
}

/// Decides over a request that was not answered before, as of `now` by the store's clock, which never goes back.
///
/// Every limit whose selector matches applies, whichever rule allowed; all of them have room, or nothing is
/// charged (decision model, sections 1 and 4).
///
/// # Errors
/// The ledger could not be read: nothing is decided.
pub fn settle<L: Ledger>(
    policy: &Policy,
    request: &Request,
    evaluation: &Evaluation,
    ledger: &mut L,
    now: Time,
) -> Result<Settlement, L::Error> {
    let mut ledger = Recording::new(ledger, evaluation);
    let outcome = match (&evaluation.before_limits, &evaluation.intent, ChargeKey::of(request)) {
        (BeforeLimits::Denied(reason), ..) => Outcome::denied(reason.clone()),
        (_, Some(intent), Some(key)) => {
            let (callback_request_id, assets) = (&request.callback_request_id, &policy.assets);
            let claim = Claim { callback_request_id, intent, assets, now };
            meet(policy, evaluation, &claim, &key, &mut ledger)?
        }
        _ => Outcome::denied(Reason::new(ReasonCode::FieldMissing, "txId is missing")),
    };
    Ok(Settlement {
        verdict: outcome.verdict,
        action: Action::for_transaction(outcome.verdict, request.stage, outcome.unresolved),
        reason: outcome.reason,
        limits: outcome.limits,
        charge: outcome.charge,
        evidence: ledger.into_evidence(),
        at: now,
    })
}

fn meet<L: Ledger>(
    policy: &Policy,
    evaluation: &Evaluation,
    claim: &Claim<'_>,
    key: &ChargeKey,
    ledger: &mut Recording<'_, L>,
) -> Result<Outcome, L::Error> {
    let change = match claim.change(key, ledger)? {
        Claimed::Change(change) => change,
        Claimed::Differs(how) => return Ok(Outcome::denied(Reason::new(ReasonCode::IntentChanged, how))),
    };
    let findings = status::findings(policy, evaluation, claim, &change, ledger)?;
    Ok(outcome::conclude(policy, evaluation, findings, change))
}

/// The settlement of a request whose idempotency key came before with other content; the first record stands.
pub fn content_changed(request: &Request, now: Time) -> Settlement {
    let reason = Reason::new(
        ReasonCode::ContentChanged,
        "this requestId came before with other content: the first stands",
    );
    Settlement {
        verdict: Verdict::Deny,
        action: Action::for_transaction(Verdict::Deny, request.stage, Unresolved::Reject),
        reason,
        limits: Vec::new(),
        charge: None,
        evidence: Evidence::default(),
        at: now,
    }
}
