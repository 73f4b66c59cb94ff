//! One tenant of a store, as if it had been alone in it: its decisions with positions of their own, its charges, and the
//! policies that decided for it.

use std::collections::BTreeSet;

use policy::charge::ChargeKey;

use crate::document::Document;
use crate::store::archive::{About, Archive, ChargeRow, DecisionRow, Release, StoreState, each_decision};
use crate::store::journal::JournalError;

/// What a store holds for one tenant.
pub struct OfTenant<'a> {
    whole: &'a mut dyn Archive,
    tenant: &'a str,
    /// Up to here the whole log was read.
    read: i64,
    /// So many of its decisions were this tenant's.
    position: i64,
}

impl<'a> OfTenant<'a> {
    /// Nothing is read yet.
    pub fn of(whole: &'a mut dyn Archive, tenant: &'a str) -> Self {
        Self { whole, tenant, read: i64::MIN, position: 0 }
    }

    fn each(&mut self, mut take: impl FnMut(DecisionRow)) -> Result<(), JournalError> {
        let tenant = self.tenant;
        each_decision(self.whole, |_, row| {
            if row.identity.tenant == tenant {
                take(row);
            }
            Ok(())
        })
    }

    /// How many of its decisions stand up to a position of the whole log.
    fn position_at(&mut self, end: i64) -> Result<i64, JournalError> {
        let mut position: i64 = 0;
        self.each(|row| position = position.saturating_add(i64::from(row.position <= end)))?;
        Ok(position)
    }

    /// Its own decisions of a page, numbered on.
    fn own(&mut self, page: Vec<DecisionRow>) -> Vec<DecisionRow> {
        let tenant = self.tenant;
        let own = page.into_iter().filter(|row| row.identity.tenant == tenant);
        let numbered = own.map(|row| {
            self.position = self.position.saturating_add(1);
            DecisionRow { position: self.position, ..row }
        });
        numbered.collect()
    }
}

impl Archive for OfTenant<'_> {
    fn about(&mut self) -> Result<About, JournalError> {
        Ok(About { head: self.position_at(i64::MAX)?, ..self.whole.about()? })
    }

    fn state(&mut self) -> Result<StoreState, JournalError> {
        let StoreState { frozen, releases } = self.whole.state()?;
        let own = |release: Release| {
            Ok::<_, JournalError>(Release { position: self.position_at(release.position)?, ..release })
        };
        Ok(StoreState { frozen, releases: releases.into_iter().map(own).collect::<Result<_, _>>()? })
    }

    fn decisions(&mut self, after: i64) -> Result<Vec<DecisionRow>, JournalError> {
        if after != self.position {
            (self.read, self.position) = (i64::MIN, 0);
        }
        loop {
            let page = self.whole.decisions(self.read)?;
            let Some(last) = page.last() else { return Ok(Vec::new()) };
            self.read = last.position;
            let mut own = self.own(page);
            own.retain(|row| row.position > after);
            if !own.is_empty() {
                return Ok(own);
            }
        }
    }

    fn pruned_to(&mut self) -> Result<i64, JournalError> {
        let end = self.whole.pruned_to()?;
        self.position_at(end)
    }

    fn charges(&mut self, mut after: i64) -> Result<Vec<ChargeRow>, JournalError> {
        loop {
            let mut page = self.whole.charges(after)?;
            let Some(last) = page.last() else { return Ok(Vec::new()) };
            after = last.place;
            page.retain(|row| row.key.tenant == self.tenant);
            if !page.is_empty() {
                return Ok(page);
            }
        }
    }

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<String>, JournalError> {
        if key.tenant == self.tenant { self.whole.charge(key) } else { Ok(None) }
    }

    fn policies(&mut self) -> Result<Vec<String>, JournalError> {
        let mut own = BTreeSet::new();
        self.each(|row| {
            own.insert(row.policy_hash);
        })?;
        Ok(self.whole.policies()?.into_iter().filter(|hash| own.contains(hash)).collect())
    }

    fn policy(&mut self, hash: &str) -> Result<Option<Document>, JournalError> {
        self.whole.policy(hash)
    }
}
