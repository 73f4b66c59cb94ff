//! Whether a store holds together: everything that is on record comes out of what is on record before it.
//!
//! The log is played from its beginning, over a ledger of its own. Each decision must come out of its evidence again,
//! and its evidence must be what the decisions before it have left; so must the charges that stand at the end. No
//! window can then ever have been over the max of the policy that decided.

mod replay;
pub mod record;
pub mod finding;

use std::collections::HashMap;

use policy::charge::{Charge, ChargeKey};

use super::progress::Progress;
use crate::store::archive::{Archive, ChargeRow, each_charge, each_decision};
use crate::store::encoding::{charge_name, parse};
use crate::store::journal::{JournalError, latest_time};
use finding::{Finding, Findings};
use replay::Replay;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Verified {
    /// Decisions on record.
    pub decisions: u64,
    /// Those of them that retention has let go of: they could not be played.
    pub pruned: u64,
    /// Charges that were compared.
    pub charges: u64,
    /// What is wrong, the first of it.
    pub findings: Vec<Finding>,
    /// How much more is wrong.
    pub more_findings: u64,
    /// Why the store decides nothing, or will not at its next start: what is on record holds together all the same.
    pub frozen: Option<String>,
}

/// Checks a store.
///
/// # Errors
/// It could not be read at all. What can be read and is wrong is a finding.
pub fn verify(archive: &mut dyn Archive, progress: &mut Progress<'_>) -> Result<Verified, JournalError> {
    let mut findings = Findings::default();
    archive.lacking()?.into_iter().for_each(|what| findings.add("schema", what));
    check_policies(archive, &mut findings)?;
    let mut replay = Replay::over(archive)?;
    let mut decisions: u64 = 0;
    each_decision(archive, |archive, row| {
        progress.step();
        decisions = decisions.saturating_add(1);
        replay.play(archive, &row, &mut findings)
    })?;
    let head = archive.about()?.head;
    if head != replay.position() {
        let what = format!("the log ends at position {}, and its head says {head}", replay.position());
        findings.add("log", what);
    }
    let pruned = replay.pruned();
    replay.check_untouched(&mut findings);
    let charges = check_charges(archive, replay.into_charges(), &mut findings, progress)?;
    let (findings, more_findings) = findings.into_parts();
    let frozen = archive.state()?.frozen;
    Ok(Verified { decisions, pruned, charges, findings, more_findings, frozen })
}

fn check_policies(archive: &mut dyn Archive, findings: &mut Findings) -> Result<(), JournalError> {
    for hash in archive.policies()? {
        match archive.policy(&hash) {
            Ok(Some(document)) if replay::is_hash_of(&hash, &document) => {}
            Ok(Some(document)) => {
                findings
                    .add(format!("policy {hash}"), format!("its files have the hash {}", document.hash()));
            }
            Ok(None) => {}
            Err(JournalError::Unreadable(why)) => findings.add(format!("policy {hash}"), why),
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// Every charge on record is one that the decisions left, and the other way round.
fn check_charges(
    archive: &mut dyn Archive,
    mut left: HashMap<ChargeKey, Charge>,
    findings: &mut Findings,
    progress: &mut Progress<'_>,
) -> Result<u64, JournalError> {
    let mut count: u64 = 0;
    each_charge(archive, |row| {
        progress.step();
        count = count.saturating_add(1);
        if let Err(what) = check_charge(&row, left.remove(&row.key)) {
            findings.add(charge_name(&row.key), what);
        }
        Ok::<_, JournalError>(())
    })?;
    let mut gone: Vec<String> = left.keys().map(charge_name).collect();
    gone.sort();
    gone.into_iter().for_each(|name| findings.add(name, "it is gone: the decisions left it"));
    Ok(count)
}

fn check_charge(row: &ChargeRow, left: Option<Charge>) -> Result<(), String> {
    let charge: Charge = parse(&row.body, || "its content".into()).map_err(|error| error.to_string())?;
    if latest_time(&charge).as_micros() != row.latest_us {
        return Err(format!(
            "it counts until {}, and is filed under {}",
            latest_time(&charge).as_micros(),
            row.latest_us
        ));
    }
    match left {
        Some(left) if left == charge => Ok(()),
        Some(_) => Err("it is not what the decisions left".into()),
        None => Err("no decision left it".into()),
    }
}
