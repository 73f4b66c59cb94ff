//! The log played again over a ledger of its own. What is pruned cannot be played: then the ledger begins with what the
//! pruned part has left, as the decisions after it have seen it.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;

use policy::charge::{Charge, ChargeKey, ChargePart};
use policy::config_change;
use policy::document::Policy;
use policy::evaluate::{Evaluation, evaluate};
use policy::evidence::Evidence;
use policy::identity::{self, Digest};
use policy::request::Request;
use policy::settle::{self, ChargeChange, Settlement};
use policy::time::Time;
use policy::usage::UsageIndex;
use policy::verdict::{Action, Reason, Verdict};

use super::finding::Findings;
use super::record::{RecordedDecision, RecordedRequest, misfiled_answer};
use crate::document::Document;
use crate::policy_file;
use crate::store::archive::{Archive, DecisionRow, each_charge, each_decision_after};
use crate::store::encoding::charge_name;
use crate::store::journal::{JournalError, latest_time};
use crate::store::{Decision, Origin};
use crate::telemetry::word;

/// What the decisions that were played have left.
#[derive(Default)]
pub struct Replay {
    position: i64,
    /// Up to here something is pruned: what is kept of that is played by itself alone.
    pruned_to: i64,
    /// Charges that no decision after that has looked at.
    untouched: Vec<ChargeKey>,
    /// Decisions that could not be played.
    pruned: u64,
    latest: Option<Time>,
    answered: HashSet<Digest>,
    charges: HashMap<ChargeKey, Charge>,
    /// By hash; `None`: it cannot be had, which was told.
    policies: HashMap<String, Option<Decider>>,
}

/// Policies whose sums are at hand: deciders of one ledger may decide by different ones while a change is rolled out.
/// Those of all that ever decided would fill the memory.
const SUMS_AT_HAND: usize = 4;

/// A policy with the sums of its limits.
struct Decider {
    policy: Arc<Policy>,
    /// `None`: let go, because others have decided since.
    index: Option<UsageIndex>,
    /// The position of the last decision by it.
    last: i64,
}

/// What a decision says, for comparing.
type Said<'a> = (Verdict, Action, &'a Reason);

impl Replay {
    /// With the ledger that the pruned part of the log has left. A charge was then what the first decision after it has
    /// found, and is still the same where none has looked.
    ///
    /// # Errors
    /// The store could not be read.
    pub fn over(archive: &mut dyn Archive) -> Result<Self, JournalError> {
        let pruned_to = archive.pruned_to()?;
        if pruned_to == 0 {
            return Ok(Self::default());
        }
        let mut found: HashMap<ChargeKey, Option<Charge>> = HashMap::new();
        each_decision_after(archive, pruned_to, |_, row| {
            for (key, charge) in evidence_of(&row).charges {
                found.entry(key).or_insert(charge);
            }
            Ok::<_, JournalError>(())
        })?;
        let (mut charges, mut untouched) = (HashMap::new(), Vec::new());
        each_charge(archive, |row| {
            // What cannot be read is told when the charges are compared.
            let now = || serde_json::from_str::<Charge>(&row.body).ok();
            let then = match found.remove(&row.key) {
                Some(then) => then,
                None => {
                    untouched.push(row.key.clone());
                    now()
                }
            };
            charges.extend(then.map(|charge| (row.key.clone(), charge)));
            Ok::<_, JournalError>(())
        })?;
        // Found by a decision and gone now.
        charges.extend(found.into_iter().filter_map(|(key, charge)| charge.map(|charge| (key, charge))));
        Ok(Self { pruned_to, untouched, charges, ..Self::default() })
    }

    /// Plays one more decision.
    ///
    /// # Errors
    /// The store could not be read.
    pub fn play(
        &mut self,
        archive: &mut dyn Archive,
        row: &DecisionRow,
        findings: &mut Findings,
    ) -> Result<(), JournalError> {
        let place = format!("decision {}", row.id);
        self.check_order(row, &place, findings);
        let Origin::Kept { payload, evidence } = &row.origin else {
            self.pruned = self.pruned.saturating_add(1);
            self.answered.insert(row.identity.key);
            tell_misfiled(misfiled_answer(row), &place, findings);
            return Ok(());
        };
        self.know(archive, &row.policy_hash, &place, findings)?;
        match RecordedDecision::read(row, payload, evidence) {
            Ok(record) => {
                tell_misfiled(Ok(record.misfiled(row)), &place, findings);
                self.settle(record, row, &place, findings);
            }
            Err(why) => tell_misfiled(Err(why), &place, findings),
        }
        Ok(())
    }

    /// Decisions that could not be played, because they are pruned.
    pub fn pruned(&self) -> u64 {
        self.pruned
    }

    /// Tells the charges that no decision on record has left, of those that could not be played.
    pub fn check_untouched(&self, findings: &mut Findings) {
        for charge in self.untouched.iter().filter_map(|key| self.charges.get(key)) {
            let left = |part: &ChargePart| {
                let (id, signer) = (&part.callback_request_id, part.signer.as_deref());
                self.answered.contains(&identity::of_answer(&charge.key.tenant, id, signer, part.stage))
            };
            if !charge.parts.iter().all(left) {
                findings.add(charge_name(&charge.key), "no decision left it");
            }
        }
    }

    /// The position of the last decision; 0 of an empty log.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// The charges as they must stand now.
    pub fn into_charges(self) -> HashMap<ChargeKey, Charge> {
        self.charges
    }

    fn check_order(&mut self, row: &DecisionRow, place: &str, findings: &mut Findings) {
        let (before, at) = (self.position, Time::from_micros(row.decided_us));
        if row.position != before.saturating_add(1) {
            let what = format!("it has position {}, after {before}: the log has a hole", row.position);
            findings.add(place, what);
        }
        if self.latest.is_some_and(|latest| at < latest) {
            findings.add(place, "it is dated before the decision before it");
        }
        (self.position, self.latest) = (row.position, self.latest.max(Some(at)));
    }

    /// Has the policy of a hash at hand, with the sums of everything that was played.
    fn know(
        &mut self,
        archive: &mut dyn Archive,
        hash: &str,
        place: &str,
        findings: &mut Findings,
    ) -> Result<(), JournalError> {
        if let Entry::Vacant(unknown) = self.policies.entry(hash.to_owned()) {
            unknown.insert(match kept(archive, hash) {
                Ok(policy) => Some(Decider { policy, index: None, last: 0 }),
                Err(Unkept::Store(error)) => return Err(error),
                Err(Unkept::Why(why)) => {
                    findings.add(place, format!("its policy {hash} {why}"));
                    None
                }
            });
        }
        self.have_sums(hash);
        Ok(())
    }

    /// Makes the sums of a policy that decides, unless they are at hand, and lets go of those that were used least lately.
    fn have_sums(&mut self, hash: &str) {
        let (charges, now) = (&self.charges, self.latest.unwrap_or(Time::MIN));
        if let Some(Some(decider)) = self.policies.get_mut(hash) {
            decider.last = self.position;
            decider.index.get_or_insert_with(|| sums(&decider.policy, charges, now));
        }
        let at_hand = self.policies.values_mut().flatten().filter(|decider| decider.index.is_some());
        let mut at_hand: Vec<_> = at_hand.collect();
        at_hand.sort_by_key(|decider| Reverse(decider.last));
        at_hand.into_iter().skip(SUMS_AT_HAND).for_each(|decider| decider.index = None);
    }

    fn settle(&mut self, record: RecordedDecision, row: &DecisionRow, place: &str, findings: &mut Findings) {
        let new = self.answered.insert(row.identity.key);
        let Some(Some(decider)) = self.policies.get_mut(&row.policy_hash) else { return };
        let follows = row.position > self.pruned_to;
        let change = match &record.asked {
            RecordedRequest::Transaction(request) if new => {
                let (change, wrong) = decider.settle(&record, request, follows.then_some(&self.charges));
                wrong.into_iter().for_each(|what| findings.add(place, what));
                change.filter(|_| follows)
            }
            RecordedRequest::Transaction(request) => {
                let again = settle::content_changed(request, record.decision.at);
                same(&record, (again.verdict, again.action, &again.reason), place, findings);
                None
            }
            RecordedRequest::ConfigChange(change) => {
                let again = match new {
                    true => config_change::evaluate(&decider.policy, change),
                    false => config_change::content_changed(),
                };
                same(&record, (again.verdict, again.action, &again.reason), place, findings);
                None
            }
        };
        if let Some(change) = change {
            self.charge(change);
        }
    }

    fn charge(&mut self, change: ChargeChange) {
        for Decider { policy, index, .. } in self.policies.values_mut().flatten() {
            let Some(index) = index else { continue };
            index.record(policy.limits(), change.before.as_ref(), &change.after);
            index.forget(change.after.at);
        }
        self.charges.insert(change.after.key.clone(), change.after);
    }
}

impl Decider {
    /// The charge that the decision leaves, whether or not anything is wrong with it: so that one that is wrong is
    /// told once, and not by all that come after it. Without charges it is not compared with what was left.
    fn settle(
        &mut self,
        record: &RecordedDecision,
        request: &Request,
        charges: Option<&HashMap<ChargeKey, Charge>>,
    ) -> (Option<ChargeChange>, Option<String>) {
        let (decision, evidence) = (&record.decision, &record.evidence);
        let asked_at = evidence.asked_at.unwrap_or(decision.at);
        let evaluation = evaluate(&self.policy, request, &evidence.prices(), asked_at);
        let again =
            match settle::settle(&self.policy, request, &evaluation, &mut evidence.answers(), decision.at) {
                Ok(again) => again,
                Err(error) => return (None, Some(format!("{NOT_AGAIN}: {error}"))),
            };
        if !comes_out(decision, &evaluation, &again) {
            let (verdict, reason) = (word(&again.verdict), &again.reason.text);
            return (again.charge, Some(format!("{NOT_AGAIN}: {verdict} now, {reason}")));
        }
        let Some(charges) = charges else { return (again.charge, None) };
        let left = self.read(request, &evaluation, charges, decision.at).evidence;
        let is_left = (&left.charges, &left.used) == (&record.evidence.charges, &record.evidence.used);
        (again.charge, (!is_left).then(|| NOT_LEFT.to_owned()))
    }

    /// What it would have read of the ledger that was played.
    fn read(
        &mut self,
        request: &Request,
        evaluation: &Evaluation,
        charges: &HashMap<ChargeKey, Charge>,
        at: Time,
    ) -> Settlement {
        let mut none = UsageIndex::default();
        let index = self.index.as_mut().unwrap_or(&mut none);
        let mut ledger = index.over(|key| Ok::<_, Infallible>(charges.get(key).cloned()));
        let Ok(settlement) = settle::settle(&self.policy, request, evaluation, &mut ledger, at);
        settlement
    }
}

/// Those of a policy that decides at `now`: what has left its windows already is not held for it.
fn sums(policy: &Policy, charges: &HashMap<ChargeKey, Charge>, now: Time) -> UsageIndex {
    let Some(opening) = policy.limits.iter().map(|limit| limit.window.opening(now)).min() else {
        return UsageIndex::default();
    };
    let inside = charges.values().filter(|charge| latest_time(charge) >= opening);
    UsageIndex::build(policy.limits(), inside)
}

const NOT_AGAIN: &str = "it does not come out of its evidence again";
const NOT_LEFT: &str = "what it read of the ledger is not what the decisions before it left";

fn evidence_of(row: &DecisionRow) -> Evidence {
    match &row.origin {
        // What cannot be read is told when it is played.
        Origin::Kept { evidence, .. } => serde_json::from_str(evidence).unwrap_or_default(),
        Origin::Pruned { .. } => Evidence::default(),
    }
}

fn tell_misfiled(misfiled: Result<Vec<&'static str>, String>, place: &str, findings: &mut Findings) {
    match misfiled {
        Ok(wrong) if wrong.is_empty() => {}
        Ok(wrong) => {
            findings.add(place, format!("filed under other words than it says: {}", wrong.join(", ")));
        }
        Err(why) => findings.add(place, format!("it cannot be read: {why}")),
    }
}

fn comes_out(decision: &Decision, evaluation: &Evaluation, again: &Settlement) -> bool {
    (decision.verdict, decision.action, &decision.reason) == (again.verdict, again.action, &again.reason)
        && decision.limits == again.limits
        && decision.rules == evaluation.rules
}

fn same(record: &RecordedDecision, again: Said<'_>, place: &str, findings: &mut Findings) {
    let decision = &record.decision;
    if again != (decision.verdict, decision.action, &decision.reason) {
        findings.add(place, format!("it does not come out again: {} now", word(&again.0)));
    }
}

/// Why a policy cannot be had.
enum Unkept {
    Store(JournalError),
    Why(String),
}

fn kept(archive: &mut dyn Archive, hash: &str) -> Result<Arc<Policy>, Unkept> {
    let document = match archive.policy(hash) {
        Ok(Some(document)) => document,
        Ok(None) => return Err(Unkept::Why("is not kept".into())),
        Err(JournalError::Unreadable(why)) => return Err(Unkept::Why(format!("cannot be read: {why}"))),
        Err(other) => return Err(Unkept::Store(other)),
    };
    let file = policy_file::reread(document);
    let file = file.map_err(|mistakes| Unkept::Why(format!("is none any more: {mistakes}")))?;
    Ok(file.policy)
}

/// The hash of a policy's document, or of its one file: so it was in schema 1.
pub fn is_hash_of(hash: &str, document: &Document) -> bool {
    let mut files = document.files();
    let only = files.next().filter(|_| files.next().is_none());
    document.hash() == hash || only.is_some_and(|(_, file)| file.hash == hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::archive::each_decision;
    use crate::store::suite::fixture::{Backend, HOUR};
    use crate::upkeep::testing::{Office, POLICY, archive_of, policy_of, transfer};

    /// A policy that changes every day has hundreds of versions after a year.
    #[test]
    fn the_sums_of_the_policies_that_decided_last_are_held_and_no_others() {
        const VERSIONS: usize = SUMS_AT_HAND + 2;
        let versions: Vec<_> =
            (1..=VERSIONS).map(|max| policy_of(&POLICY.replace("\"3\"", &format!("\"{max}\"")))).collect();
        let backend = Backend::Sqlite(tempfile::tempdir().unwrap());
        let office = Office::open(&backend, &versions[0]);
        for (number, version) in versions.iter().cycle().take(VERSIONS * 2).enumerate() {
            office.adopt(version);
            office.clock.advance(HOUR / 3);
            office.ask(transfer(&format!("tx-{number}"), "0.3")).unwrap();
        }
        let (mut replay, mut findings) = (Replay::default(), Findings::default());
        let mut archive = archive_of(&backend);
        each_decision(archive.as_mut(), |archive, row| replay.play(archive, &row, &mut findings)).unwrap();
        let held = replay.policies.values().flatten().filter(|decider| decider.index.is_some());
        assert_eq!((held.count(), replay.policies.len()), (SUMS_AT_HAND, VERSIONS));
        assert_eq!(findings.into_parts(), (Vec::new(), 0));
    }
}
