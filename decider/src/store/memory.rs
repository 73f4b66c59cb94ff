//! The model: what a store means, with nothing in the way. Nothing of it outlives the process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use policy::charge::{Charge, ChargeKey};
use policy::evidence::Evidence;
use policy::identity::Digest;
use policy::settle::ChargeChange;
use policy::time::Time;

use super::bounds::{BETWEEN_PIECES, KEEP_UP_EVERY, MAX_PRUNED_A_PIECE};
use super::decision::{Decision, Lookup, Origin, Record, RequestKind};
use super::journal::{
    Entry, Journal, JournalError, JournalTime, LookupPlan, Recorded, RequestIdentity, latest_time,
};
use crate::document::Document;

/// A journal in memory. Clones share their records, so that a test can close a store and open it again.
#[derive(Debug, Clone, Default)]
pub struct MemoryJournal(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    decisions: Vec<Kept>,
    /// So many of them are pruned.
    pruned: usize,
    answers: HashMap<Digest, Vec<(Digest, usize)>>,
    by_id: HashMap<String, usize>,
    newest: HashMap<(String, String), usize>,
    charges: HashMap<ChargeKey, Charge>,
    by_time: BTreeMap<Time, Vec<ChargeKey>>,
    /// Manifests, by the hash of the policy.
    policies: HashMap<String, String>,
    /// Files, by their own hash.
    policy_files: HashMap<String, Arc<[u8]>>,
    /// Why nothing may be decided.
    frozen: Option<Arc<str>>,
}

/// A decision with what belongs to it.
#[derive(Debug)]
struct Kept {
    decision: Decision,
    kind: RequestKind,
    origin: Origin<Evidence>,
}

impl MemoryJournal {
    /// A thread that panicked while it held the tables has ended its engine; what they hold is whole entries.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Freezes it, or ends that.
    #[cfg(test)]
    pub fn freeze(&self, why: Option<&str>) {
        self.tables().frozen = why.map(Arc::from);
    }
}

/// What is written is there at once, and nothing of it can fail.
impl Journal for MemoryJournal {
    fn remember_policy(&mut self, hash: &str, document: &Document) -> Result<(), JournalError> {
        let mut tables = self.tables();
        for (_, file) in document.files() {
            tables.policy_files.entry(file.hash.clone()).or_insert_with(|| Arc::clone(&file.content));
        }
        tables.policies.insert(hash.to_owned(), document.manifest());
        Ok(())
    }

    fn policy(&mut self, hash: &str) -> Result<Option<Document>, JournalError> {
        let tables = self.tables();
        let Some(manifest) = tables.policies.get(hash) else { return Ok(None) };
        Document::kept(manifest, |hash| Ok(tables.policy_files.get(hash).map(|content| content.to_vec())))
            .map(Some)
    }

    fn join(&mut self) -> Result<JournalTime, JournalError> {
        let latest = self.tables().decisions.last().map(|kept| kept.decision.at);
        Ok(JournalTime { clock: None, latest })
    }

    fn charges_since(
        &mut self,
        start: Time,
        at_least: usize,
        take: &mut dyn FnMut(&Charge),
    ) -> Result<Option<Time>, JournalError> {
        let tables = self.tables();
        let mut count: usize = 0;
        for (time, keys) in tables.by_time.range(start..) {
            if count >= at_least {
                return Ok(Some(*time));
            }
            keys.iter().filter_map(|key| tables.charges.get(key)).for_each(&mut *take);
            count = count.saturating_add(keys.len());
        }
        Ok(None)
    }

    fn begin(
        &mut self,
        _asked: &mut dyn Iterator<Item = LookupPlan<'_>>,
        _take: &mut dyn FnMut(&ChargeChange),
    ) -> Result<JournalTime, JournalError> {
        Ok(JournalTime::default())
    }

    fn recorded(&mut self, identity: &RequestIdentity) -> Result<Recorded, JournalError> {
        Ok(self.tables().recorded(identity))
    }

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<Charge>, JournalError> {
        Ok(self.tables().charges.get(key).cloned())
    }

    fn write(&mut self, entry: &Entry) -> Result<(), JournalError> {
        self.tables().write(entry);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    fn abandon(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    fn tidy(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    fn prune(&mut self, end: Time, now: Time) -> Result<Duration, JournalError> {
        self.tables().prune(end, now);
        Ok(BETWEEN_PIECES)
    }

    fn keep_up_every(&self) -> Option<Duration> {
        Some(KEEP_UP_EVERY)
    }

    fn frozen(&self) -> Option<Arc<str>> {
        self.tables().frozen.clone()
    }

    fn find(&mut self, tenant: &str, lookup: &Lookup) -> Result<Option<Record>, JournalError> {
        Ok(self.tables().find(tenant, lookup))
    }
}

impl Tables {
    fn recorded(&self, identity: &RequestIdentity) -> Recorded {
        let Some(answers) = self.answers.get(&identity.key) else { return Recorded::Nothing };
        let this = answers.iter().find(|(content, _)| *content == identity.content);
        let kept = this.and_then(|(_, position)| self.decisions.get(*position));
        kept.map_or(Recorded::OtherContent, |kept| Recorded::This(Box::new(kept.decision.clone())))
    }

    fn write(&mut self, entry: &Entry) {
        let position = self.decisions.len();
        let Entry { identity, decision, .. } = entry;
        self.answers.entry(identity.key).or_default().push((identity.content, position));
        self.by_id.insert(decision.id.clone(), position);
        self.newest.insert((identity.tenant.clone(), identity.callback_request_id.clone()), position);
        if let Some(change) = &entry.charge {
            self.charge(&change.after);
        }
        self.decisions.push(Kept {
            decision: decision.clone(),
            kind: entry.kind,
            origin: Origin::Kept { payload: entry.payload.clone(), evidence: entry.evidence.clone() },
        });
    }

    fn prune(&mut self, end: Time, now: Time) {
        let old = self.decisions.iter_mut().skip(self.pruned).take_while(|kept| kept.decision.at < end);
        for kept in old.take(MAX_PRUNED_A_PIECE) {
            kept.origin = Origin::Pruned { at: now, charges: kept.origin.charge_keys() };
            self.pruned = self.pruned.saturating_add(1);
        }
    }

    fn charge(&mut self, charge: &Charge) {
        if let Some(before) = self.charges.insert(charge.key.clone(), charge.clone())
            && let Some(keys) = self.by_time.get_mut(&latest_time(&before))
        {
            keys.retain(|key| *key != before.key);
        }
        self.by_time.entry(latest_time(charge)).or_default().push(charge.key.clone());
    }

    fn find(&self, tenant: &str, lookup: &Lookup) -> Option<Record> {
        let position = match lookup {
            Lookup::Id(id) => self.by_id.get(id),
            Lookup::RequestId(id) => self.newest.get(&(tenant.to_owned(), id.clone())),
        };
        let kept = self.decisions.get(*position?).filter(|kept| kept.decision.tenant == tenant)?;
        Some(Record {
            decision: kept.decision.clone(),
            kind: kept.kind,
            charges: kept
                .origin
                .charge_keys()
                .iter()
                .filter_map(|key| self.charges.get(key).cloned())
                .collect(),
            origin: kept.origin.clone(),
        })
    }
}
