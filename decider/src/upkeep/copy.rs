//! One store into another: every decision, charge and policy as it is kept, in the same order; or those of one tenant.

use std::sync::Arc;

use policy::charge::Charge;
use policy::document::Policy;
use policy::identity;
use policy::limit::KeyPart;
use policy::time::Time;
use policy::verdict::Verdict;

use super::of_tenant::OfTenant;
use super::progress::Progress;
use super::usage::{self, SumLine};
use crate::document::Document;
use crate::policy_file;
use crate::store::Decision;
use crate::store::archive::{Alone, Archive, ChargeRow, DecisionRow, each_charge, each_decision};
use crate::store::encoding::{charge_name, parse};
use crate::store::intake::Intake;
use crate::store::journal::{JournalError, latest_time};

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Copied {
    /// Policies.
    pub policies: usize,
    /// Decisions.
    pub decisions: u64,
    /// Charges.
    pub charges: u64,
    /// What is used of every limit, the same in both.
    pub usage: Vec<SumLine>,
}

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One of the stores.
    #[error("{0}")]
    Store(#[from] JournalError),
    /// A charge would be left behind.
    #[error(
        "{0} charges are on record that no decision on record was the last to change: `decider store verify` says which"
    )]
    LeftBehind(u64),
    /// A tenant would have more room in the target than in the source.
    #[error(
        "limit {limit} of policy {policy} has no tenant in its key, so that other tenants are in its sums: alone this one \
         would have room that it has not. Copy the whole store"
    )]
    Shared {
        /// The limit.
        limit: String,
        /// The policy's hash.
        policy: String,
    },
    /// There is nothing of a tenant.
    #[error("no decision is on record for tenant {0}: is it another store, or another name?")]
    Nothing(String),
    /// The target, when the source was frozen already.
    #[error(
        "{0}. The source is already frozen: copy it again into another store, or end the freeze by `decider store release \
         --lost nothing`"
    )]
    Left(JournalError),
    /// The target would allow more or less than the source.
    #[error("what is used of the limits is not the same in both stores: {0}")]
    Differs(String),
}

/// By what source and target are compared: what is used of the limits of a policy.
#[derive(Clone, Copy)]
pub struct Comparison<'p> {
    /// Whose limits.
    pub policy: &'p Policy,
    /// At this time, or at the latest decision where that is later.
    pub now: Time,
}

/// Copies a store into an empty one, which the caller finishes.
///
/// # Errors
/// Nothing may be finished.
pub fn copy(
    source: &mut dyn Archive,
    target: &mut dyn Intake,
    comparison: Comparison<'_>,
    progress: &mut Progress<'_>,
) -> Result<Copied, CopyError> {
    let Comparison { policy, now } = comparison;
    let policies = copy_policies(source, target)?;
    copy_releases(source, target)?;
    let (mut decisions, mut written, mut latest): (u64, u64, Time) = (0, 0, now);
    each_decision(source, |source, row| {
        progress.step();
        let decision: Decision = parse(&row.body, || format!("decision {}", row.id))?;
        let charge = last_changed_by(source, &row, &decision)?;
        decisions = decisions.saturating_add(1);
        written = written.saturating_add(u64::from(charge.is_some()));
        latest = latest.max(Time::from_micros(row.decided_us));
        target.write(row, &decision, charge)
    })?;
    let charges = count_charges(source)?;
    if charges != written {
        return Err(CopyError::LeftBehind(charges.saturating_sub(written)));
    }
    let usage = usage::compute(source, policy, latest)?;
    let copied = usage::compute(target.written()?, policy, latest)?;
    // At the end: a ledger on PostgreSQL takes no decisions while it is frozen.
    if let Some(why) = source.state()?.frozen {
        target.freeze(&why)?;
    }
    match usage == copied {
        true => Ok(Copied { policies, decisions, charges, usage }),
        false => Err(CopyError::Differs(first_difference(&usage, &copied))),
    }
}

/// Copies a store into an empty one, which takes its place: before that can be decided over, the source is frozen.
///
/// # Errors
/// The target is empty as it was.
pub fn copy_whole(
    mut source: Box<dyn Alone>,
    mut target: Box<dyn Intake>,
    comparison: Comparison<'_>,
    progress: &mut Progress<'_>,
) -> Result<Copied, CopyError> {
    let copied = copy(source.as_mut(), target.as_mut(), comparison, progress)?;
    let head = source.about()?.head;
    source.leave(&format!("it was copied at decision {head} into another store, which takes its place"))?;
    target.finish().map_err(CopyError::Left)?;
    Ok(copied)
}

/// Copies one tenant of a store, which others may go on with, into an empty one, as if it had been alone. Whoever opens
/// that decides nothing until an operator states what was decided for the tenant since: `mark` says so.
///
/// # Errors
/// Nothing may be finished.
pub fn copy_tenant(
    source: &mut dyn Archive,
    target: &mut dyn Intake,
    tenant: &str,
    mark: &str,
    comparison: Comparison<'_>,
    progress: &mut Progress<'_>,
) -> Result<Copied, CopyError> {
    let mut source = OfTenant::of(source, tenant);
    check_own_sums(comparison.policy)?;
    for hash in source.policies()? {
        if let Some(document) = source.policy(&hash)? {
            let decided = reread(document, &hash)?;
            check_own_sums(&decided)?;
        }
    }
    let copied = copy(&mut source, target, comparison, progress)?;
    if copied.decisions == 0 {
        return Err(CopyError::Nothing(tenant.to_owned()));
    }
    target.freeze(mark)?;
    Ok(copied)
}

fn reread(document: Document, hash: &str) -> Result<Arc<Policy>, JournalError> {
    let unreadable = |why| JournalError::Unreadable(format!("policy {hash} is none any more: {why}"));
    Ok(policy_file::reread(document).map_err(unreadable)?.policy)
}

/// What other tenants have used of a sum would be missing in it.
fn check_own_sums(policy: &Policy) -> Result<(), CopyError> {
    let shared = policy.limits.iter().find(|limit| !limit.key.contains(&KeyPart::Tenant));
    shared.map_or(Ok(()), |limit| {
        Err(CopyError::Shared { limit: limit.id.clone(), policy: policy.hash.clone() })
    })
}

fn copy_policies(source: &mut dyn Archive, target: &mut dyn Intake) -> Result<usize, JournalError> {
    let hashes = source.policies()?;
    for hash in &hashes {
        if let Some(document) = source.policy(hash)? {
            target.policy(hash, &document)?;
        }
    }
    Ok(hashes.len())
}

/// What operators have stated goes with it, and so does the freeze of a store that nobody has released.
fn copy_releases(source: &mut dyn Archive, target: &mut dyn Intake) -> Result<(), JournalError> {
    let standing = source.state()?;
    standing.releases.iter().try_for_each(|release| target.state(release))
}

/// The charge that this decision was the last to change: where the log of the target says so, whoever follows it finds
/// what stands.
fn last_changed_by(
    source: &mut dyn Archive,
    row: &DecisionRow,
    decision: &Decision,
) -> Result<Option<ChargeRow>, JournalError> {
    if decision.verdict != Verdict::Allow || decision.stage.is_none() {
        return Ok(None);
    }
    for key in row.charge_keys()? {
        let Some(body) = source.charge(&key)? else { continue };
        let charge: Charge = parse(&body, || charge_name(&key))?;
        if is_last(&charge, row) {
            let latest_us = latest_time(&charge).as_micros();
            return Ok(Some(ChargeRow { place: row.position, key, latest_us, body }));
        }
    }
    Ok(None)
}

/// Each part of a charge is of one decision: no idempotency key allows twice.
pub fn is_last(charge: &Charge, row: &DecisionRow) -> bool {
    charge.parts.last().is_some_and(|part| {
        let (id, signer) = (&part.callback_request_id, part.signer.as_deref());
        identity::of_answer(&charge.key.tenant, id, signer, part.stage) == row.identity.key
    })
}

fn count_charges(source: &mut dyn Archive) -> Result<u64, JournalError> {
    let mut count: u64 = 0;
    each_charge(source, |_| {
        count = count.saturating_add(1);
        Ok::<_, JournalError>(())
    })?;
    Ok(count)
}

fn first_difference(one: &[SumLine], other: &[SumLine]) -> String {
    let differs = |line: &&SumLine| !other.contains(line);
    let line = one.iter().find(differs).or_else(|| other.iter().find(|line| !one.contains(line)));
    line.map_or_else(|| "their order".into(), SumLine::name)
}
