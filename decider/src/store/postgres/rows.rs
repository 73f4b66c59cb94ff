//! Records as rows.

use policy::charge::{Charge, ChargeKey};
use policy::evidence::Evidence;
use policy::settle::ChargeChange;
use policy::time::Time;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::connection::Trouble;
use crate::store::archive::{ChargeRow, DecisionRow};
use crate::store::decision::{Decision, Origin, Record};
use crate::store::encoding::{json, kind_of, kind_text, parse};
use crate::store::journal::{Entry, JournalError, latest_time};
use crate::telemetry::word;

/// What stands for `$1` and so on.
pub type Parameters<'a, const COUNT: usize> = [&'a (dyn ToSql + Sync); COUNT];

/// What a batch writes, column by column; positions are given when it is written.
#[derive(Default)]
pub struct Rows {
    pub ids: Vec<String>,
    pub tenants: Vec<String>,
    pub request_ids: Vec<String>,
    pub keys: Vec<Vec<u8>>,
    pub digests: Vec<Vec<u8>>,
    pub kinds: Vec<&'static str>,
    pub decided_us: Vec<i64>,
    pub policy_hashes: Vec<String>,
    pub stages: Vec<Option<&'static str>>,
    pub verdicts: Vec<&'static str>,
    pub actions: Vec<&'static str>,
    pub reason_codes: Vec<&'static str>,
    pub reasons: Vec<String>,
    pub bodies: Vec<String>,
    /// `None`: it is pruned.
    pub payloads: Vec<Option<Vec<u8>>>,
    pub evidences: Vec<Option<String>>,
    pub charges: ChargeRows,
}

/// The charges among them. The first is of the decision `decisions[0]`, and so on.
#[derive(Default)]
pub struct ChargeRows {
    pub decisions: Vec<usize>,
    pub tenants: Vec<String>,
    pub tx_ids: Vec<String>,
    pub suffixes: Vec<String>,
    pub latest_us: Vec<i64>,
    pub bodies: Vec<String>,
}

impl Rows {
    /// One more decision, with its charge.
    pub fn add(&mut self, entry: &Entry) -> Result<(), JournalError> {
        let Entry { identity, kind, decision, payload, evidence, charge } = entry;
        let (body, evidence) = (json(decision)?, json(evidence)?);
        if let Some(change) = charge {
            self.charges.add(self.ids.len(), &change.after)?;
        }
        self.ids.push(plain(&decision.id));
        self.tenants.push(plain(&identity.tenant));
        self.request_ids.push(plain(&identity.callback_request_id));
        self.keys.push(identity.key.0.to_vec());
        self.digests.push(identity.content.0.to_vec());
        self.kinds.push(kind_text(*kind));
        self.policy_hashes.push(plain(&decision.policy_hash));
        self.payloads.push(Some(payload.clone()));
        self.bodies.push(body);
        self.evidences.push(Some(evidence));
        self.add_outcome(decision);
        Ok(())
    }

    /// The same of a decision that is kept elsewhere, with the charge that it was the last to change.
    pub fn add_kept(&mut self, row: DecisionRow, decision: &Decision, charge: Option<ChargeRow>) {
        if let Some(charge) = charge {
            self.charges.add_kept(self.ids.len(), charge);
        }
        self.ids.push(plain(&row.id));
        self.tenants.push(plain(&row.identity.tenant));
        self.request_ids.push(plain(&row.identity.callback_request_id));
        self.keys.push(row.identity.key.0.to_vec());
        self.digests.push(row.identity.content.0.to_vec());
        self.kinds.push(kind_text(row.kind));
        self.policy_hashes.push(plain(&row.policy_hash));
        let (payload, evidence) = match row.origin {
            Origin::Kept { payload, evidence } => (Some(payload), Some(evidence)),
            Origin::Pruned { .. } => (None, None),
        };
        self.payloads.push(payload);
        self.bodies.push(row.body);
        self.evidences.push(evidence);
        self.add_outcome(decision);
    }

    fn add_outcome(&mut self, decision: &Decision) {
        self.decided_us.push(decision.at.as_micros());
        self.stages.push(decision.stage.map(|stage| word(&stage)));
        self.verdicts.push(word(&decision.verdict));
        self.actions.push(word(&decision.action));
        self.reason_codes.push(word(&decision.reason.code));
        self.reasons.push(plain(&decision.reason.text));
    }

    /// What `write_decisions` writes.
    pub fn decisions<'a>(&'a self, positions: &'a Vec<i64>) -> Parameters<'a, 15> {
        [
            positions,
            &self.ids,
            &self.tenants,
            &self.request_ids,
            &self.keys,
            &self.digests,
            &self.kinds,
            &self.decided_us,
            &self.policy_hashes,
            &self.stages,
            &self.verdicts,
            &self.actions,
            &self.reason_codes,
            &self.reasons,
            &self.bodies,
        ]
    }

    /// What `write_payloads` writes.
    pub fn payloads<'a>(&'a self, positions: &'a Vec<i64>) -> Parameters<'a, 5> {
        [positions, &self.decided_us, &self.tenants, &self.payloads, &self.evidences]
    }

    /// How many of them are kept.
    pub fn kept(&self) -> usize {
        self.payloads.iter().flatten().count()
    }

    /// How many decisions there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Their positions, and those of the charges, after `end`.
    pub fn positions(&self, end: i64) -> (Vec<i64>, Vec<i64>) {
        let after =
            |place: usize| end.saturating_add(1).saturating_add(i64::try_from(place).unwrap_or(i64::MAX));
        let decisions = (0..self.len()).map(after).collect();
        (decisions, self.charges.decisions.iter().map(|place| after(*place)).collect())
    }
}

impl ChargeRows {
    /// What `write_charges` writes.
    pub fn parameters<'a>(&'a self, positions: &'a Vec<i64>) -> Parameters<'a, 6> {
        [positions, &self.tenants, &self.tx_ids, &self.suffixes, &self.latest_us, &self.bodies]
    }

    fn add(&mut self, decision: usize, charge: &Charge) -> Result<(), JournalError> {
        let (key, body) = (charge.key.clone(), json(charge)?);
        self.add_kept(
            decision,
            ChargeRow { place: 0, key, latest_us: latest_time(charge).as_micros(), body },
        );
        Ok(())
    }

    fn add_kept(&mut self, decision: usize, charge: ChargeRow) {
        self.bodies.push(charge.body);
        self.decisions.push(decision);
        self.tenants.push(plain(&charge.key.tenant));
        self.tx_ids.push(plain(&charge.key.tx_id));
        self.suffixes.push(plain(&charge.key.suffix));
        self.latest_us.push(charge.latest_us);
    }
}

/// A text that the server can hold: it knows no NUL. Two texts never become one.
pub fn plain(text: &str) -> String {
    if text.contains(['\\', '\0']) { text.replace('\\', r"\\").replace('\0', r"\0") } else { text.to_owned() }
}

/// What became such a text.
pub fn original(plain: &str) -> String {
    let mut text = String::with_capacity(plain.len());
    let mut characters = plain.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(if characters.next() == Some('0') { '\0' } else { '\\' }),
            other => text.push(other),
        }
    }
    text
}

/// A charge as it was written.
pub fn charge_of(body: &str, what: impl Fn() -> String) -> Result<Charge, JournalError> {
    parse(body, what)
}

/// A row of `follow`: its position, and what changed there.
pub fn change_of(row: &Row) -> Result<(i64, ChargeChange), Trouble> {
    let (position, after, before): (i64, &str, Option<&str>) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let read = |body| charge_of(body, || format!("charge number {position}"));
    let change = || Ok(ChargeChange { before: before.map(read).transpose()?, after: read(after)? });
    change().map(|change| (position, change)).map_err(|error: JournalError| Trouble(error.to_string()))
}

/// A row of `find`, without the charges: its position, and the record.
pub fn record_of(row: &Row) -> Result<(i64, Result<Record, JournalError>), tokio_postgres::Error> {
    let (position, id, body, kind): (i64, &str, &str, &str) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    let origin = origin(row, 4)?;
    let record = || {
        let gone = || JournalError::Unreadable(format!("decision {id}: its payload is gone"));
        let evidence = |text: String| parse(&text, || format!("evidence of decision {id}"));
        let origin: Origin<Evidence> = origin.ok_or_else(gone)?.read(evidence)?;
        let decision = parse(body, || format!("decision {id}"))?;
        Ok(Record { decision, kind: kind_of(kind)?, origin, charges: Vec::new() })
    };
    Ok((position, record()))
}

/// The columns of [`ORIGIN_COLUMNS`](super::statements::ORIGIN_COLUMNS) from `first` on. `None`: it is gone, and nothing
/// says that it was let go.
pub fn origin(row: &Row, first: usize) -> Result<Option<Origin<String>>, tokio_postgres::Error> {
    let column = |place: usize| first.saturating_add(place);
    if let (Some(payload), Some(evidence)) = (row.try_get(column(0))?, row.try_get(column(1))?) {
        return Ok(Some(Origin::Kept { payload, evidence }));
    }
    let text = |place| row.try_get::<_, Option<&str>>(column(place)).map(|text| text.map(original));
    let (pruned_us, tenant): (Option<i64>, _) = (row.try_get(column(2))?, text(3)?);
    let key = tenant.zip(text(4)?).zip(text(5)?);
    let charges = key.map(|((tenant, tx_id), suffix)| ChargeKey { tenant, tx_id, suffix });
    let at = pruned_us.map(Time::from_micros);
    Ok(at.map(|at| Origin::Pruned { at, charges: charges.into_iter().collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_differ_stay_apart_and_have_no_nul() {
        let texts = ["", "a", "\0", r"\0", r"\\0", "\\\0", r"\", "\0\0", r"\\"];
        let plain: std::collections::HashSet<String> = texts.iter().map(|text| plain(text)).collect();
        assert_eq!(plain.len(), texts.len(), "{plain:?}");
        assert!(plain.iter().all(|text| !text.contains('\0')));
        for text in texts {
            assert_eq!(original(&super::plain(text)), text);
        }
    }
}
