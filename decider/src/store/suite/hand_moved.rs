//! A journal on a server whose time is moved by hand: its clock is not looked at, so that the decider's counts.

use std::sync::Arc;
use std::time::Duration;

use policy::charge::{Charge, ChargeKey};
use policy::settle::ChargeChange;
use policy::time::Time;

use crate::document::Document;
use crate::store::PostgresJournal;
use crate::store::decision::{Lookup, Record};
use crate::store::journal::{
    Entry, Journal, JournalError, JournalTime, LookupPlan, Recorded, RequestIdentity,
};

pub struct HandMoved(pub PostgresJournal);

fn without_clock(moment: JournalTime) -> JournalTime {
    JournalTime { clock: None, ..moment }
}

impl Journal for HandMoved {
    fn remember_policy(&mut self, hash: &str, document: &Document) -> Result<(), JournalError> {
        self.0.remember_policy(hash, document)
    }

    fn policy(&mut self, hash: &str) -> Result<Option<Document>, JournalError> {
        self.0.policy(hash)
    }

    fn join(&mut self) -> Result<JournalTime, JournalError> {
        self.0.join().map(without_clock)
    }

    fn charges_since(
        &mut self,
        start: Time,
        at_least: usize,
        take: &mut dyn FnMut(&Charge),
    ) -> Result<Option<Time>, JournalError> {
        self.0.charges_since(start, at_least, take)
    }

    fn begin(
        &mut self,
        asked: &mut dyn Iterator<Item = LookupPlan<'_>>,
        take: &mut dyn FnMut(&ChargeChange),
    ) -> Result<JournalTime, JournalError> {
        self.0.begin(asked, take).map(without_clock)
    }

    fn recorded(&mut self, identity: &RequestIdentity) -> Result<Recorded, JournalError> {
        self.0.recorded(identity)
    }

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<Charge>, JournalError> {
        self.0.charge(key)
    }

    fn write(&mut self, entry: &Entry) -> Result<(), JournalError> {
        self.0.write(entry)
    }

    fn commit(&mut self) -> Result<(), JournalError> {
        self.0.commit()
    }

    fn abandon(&mut self) -> Result<(), JournalError> {
        self.0.abandon()
    }

    fn tidy(&mut self) -> Result<(), JournalError> {
        self.0.tidy()
    }

    fn prune(&mut self, end: Time, now: Time) -> Result<Duration, JournalError> {
        self.0.prune(end, now)
    }

    fn keep_up_every(&self) -> Option<Duration> {
        self.0.keep_up_every()
    }

    fn keep_up(&mut self, take: &mut dyn FnMut(&ChargeChange)) -> Result<JournalTime, JournalError> {
        self.0.keep_up(take).map(without_clock)
    }

    fn frozen(&self) -> Option<Arc<str>> {
        self.0.frozen()
    }

    fn find(&mut self, tenant: &str, lookup: &Lookup) -> Result<Option<Record>, JournalError> {
        self.0.find(tenant, lookup)
    }
}
