//! The statements: one for each thing that is read or written, prepared once.

use policy::charge::{Charge, ChargeKey};
use policy::evidence::Evidence;
use policy::time::Time;
use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension, Params, Row, params};
use serde::de::DeserializeOwned;

use crate::document::Document;
use crate::store::decision::{Decision, Lookup, Origin, Record};
use crate::store::encoding::{self, charge_name, json, kind_of, kind_text};
use crate::store::journal::{Entry, JournalError, Recorded, RequestIdentity, latest_time};

type Result<T> = std::result::Result<T, JournalError>;

/// Runs a statement that takes and gives nothing.
pub fn run(connection: &Connection, sql: &str) -> Result<()> {
    execute(connection, sql, [])
}

/// Keeps a policy's files, then the policy; returns how many bytes were new.
pub fn remember_policy(connection: &Connection, hash: &str, document: &Document) -> Result<usize> {
    let sql = "INSERT INTO policy_files (hash, content) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING";
    let mut bytes: usize = 0;
    for (_, file) in document.files() {
        let rows = prepare(connection, sql)?.execute(params![file.hash, &file.content[..]])?;
        bytes = bytes.saturating_add(rows.saturating_mul(file.content.len()));
    }
    let sql = "INSERT INTO policies (hash, manifest) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING";
    execute(connection, sql, params![hash, document.manifest()])?;
    Ok(bytes)
}

/// A policy with all of its files.
pub fn policy(connection: &Connection, hash: &str) -> Result<Option<Document>> {
    let sql = "SELECT manifest FROM policies WHERE hash = ?1";
    let manifest: Option<String> = one(connection, sql, [hash], |row| row.get(0))?;
    let sql = "SELECT content FROM policy_files WHERE hash = ?1";
    let content = |hash: &str| one(connection, sql, [hash], |row| row.get(0));
    manifest.map(|manifest| Document::kept(&manifest, content)).transpose()
}

/// Decisions are written in the order of the store's time: the last one has the latest.
pub fn latest(connection: &Connection) -> Result<Option<Time>> {
    let sql = "SELECT decided_us FROM decisions ORDER BY seq DESC LIMIT 1";
    let micros: Option<i64> = one(connection, sql, [], |row| row.get(0))?;
    Ok(micros.map(Time::from_micros))
}

pub fn charges_since(
    connection: &Connection,
    start: Time,
    at_least: usize,
    take: &mut dyn FnMut(&Charge),
) -> Result<Option<Time>> {
    let sql =
        "SELECT body, tenant, tx_id, suffix, latest_us FROM charges WHERE latest_us >= ?1 ORDER BY latest_us";
    let mut statement = prepare(connection, sql)?;
    let mut rows = statement.query([start.as_micros()])?;
    let (mut count, mut last) = (0_usize, None);
    while let Some(row) = rows.next()? {
        let time = Time::from_micros(row.get(4)?);
        if count >= at_least && last != Some(time) {
            return Ok(Some(time));
        }
        let key = ChargeKey { tenant: row.get(1)?, tx_id: row.get(2)?, suffix: row.get(3)? };
        take(&parse(row, 0, || charge_name(&key))?);
        (count, last) = (count.saturating_add(1), Some(time));
    }
    Ok(None)
}

/// A request that is new costs one look at the index.
pub fn recorded(connection: &Connection, identity: &RequestIdentity) -> Result<Recorded> {
    let sql = "SELECT digest, seq FROM decisions WHERE tenant = ?1 AND request_id = ?2 AND key = ?3";
    let mut statement = prepare(connection, sql)?;
    let RequestIdentity { tenant, callback_request_id, key, content } = identity;
    let mut rows = statement.query(params![tenant, callback_request_id, key.0])?;
    let mut found = Recorded::Nothing;
    while let Some(row) = rows.next()? {
        if row.get_ref(0)?.as_blob().map_err(|error| JournalError::Unreadable(error.to_string()))?
            == content.0
        {
            return Ok(Recorded::This(Box::new(decision(connection, row.get(1)?)?)));
        }
        found = Recorded::OtherContent;
    }
    Ok(found)
}

fn decision(connection: &Connection, position: i64) -> Result<Decision> {
    let mut statement = prepare(connection, "SELECT body FROM decisions WHERE seq = ?1")?;
    let mut rows = statement.query([position])?;
    let what = || format!("decision number {position}");
    match rows.next()? {
        Some(row) => parse(row, 0, what),
        None => Err(JournalError::Unreadable(format!("{}: it is gone", what()))),
    }
}

/// The position of the last decision; 0 before the first.
pub fn last_position(connection: &Connection) -> Result<i64> {
    Ok(prepare(connection, "SELECT coalesce(max(seq), 0) FROM decisions")?.query_row([], |row| row.get(0))?)
}

/// The charge of a key as JSON.
pub fn charge_body(connection: &Connection, key: &ChargeKey) -> Result<Option<String>> {
    one(connection, CHARGE, params![key.tenant, key.tx_id, key.suffix], |row| row.get(0))
}

const CHARGE: &str = "SELECT body FROM charges WHERE tenant = ?1 AND tx_id = ?2 AND suffix = ?3";

pub fn charge(connection: &Connection, key: &ChargeKey) -> Result<Option<Charge>> {
    let mut statement = prepare(connection, CHARGE)?;
    let mut rows = statement.query(params![key.tenant, key.tx_id, key.suffix])?;
    rows.next()?.map(|row| parse(row, 0, || charge_name(key))).transpose()
}

/// Writes a decision at its position, and its charge; returns how many bytes that was.
pub fn write(connection: &Connection, position: i64, entry: &Entry) -> Result<usize> {
    let decision = write_decision(connection, position, entry)?;
    let charge = entry.charge.as_ref().map(|change| write_charge(connection, &change.after)).transpose()?;
    Ok(decision.saturating_add(charge.unwrap_or_default()))
}

/// Where somebody else has written a decision meanwhile its position is taken: then our sums lack its charge.
fn write_decision(connection: &Connection, position: i64, entry: &Entry) -> Result<usize> {
    let sql = "INSERT INTO decisions \
               (seq, id, tenant, request_id, key, digest, kind, decided_us, policy_hash, body) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let Entry { identity, kind, decision, payload, evidence, .. } = entry;
    let (body, evidence) = (json(decision)?, json(evidence)?);
    let values = params![
        position,
        decision.id,
        identity.tenant,
        identity.callback_request_id,
        identity.key.0,
        identity.content.0,
        kind_text(*kind),
        decision.at.as_micros(),
        decision.policy_hash,
        body,
    ];
    execute(connection, sql, values).map_err(|error| taken(position, error))?;
    write_payload(connection, position, payload, &evidence)?;
    Ok([payload.len(), body.len(), evidence.len()].iter().sum())
}

fn taken(position: i64, error: JournalError) -> JournalError {
    match error {
        JournalError::Failed(why) if why.contains(POSITION_TAKEN) => JournalError::Failed(format!(
            "another program has written decision {position} to this file: let one decider alone write to it"
        )),
        error => error,
    }
}

/// What SQLite says of two rows with one position.
const POSITION_TAKEN: &str = "decisions.seq";

/// Writes what the decision at a position came out of.
pub fn write_payload(connection: &Connection, position: i64, payload: &[u8], evidence: &str) -> Result<()> {
    let sql = "INSERT INTO payloads (seq, payload, evidence) VALUES (?1, ?2, ?3)";
    execute(connection, sql, params![position, payload, evidence])
}

fn write_charge(connection: &Connection, charge: &Charge) -> Result<usize> {
    let sql = "INSERT INTO charges (tenant, tx_id, suffix, latest_us, body) VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT (tenant, tx_id, suffix) DO UPDATE SET latest_us = excluded.latest_us, body = excluded.body";
    let (key, body) = (&charge.key, json(charge)?);
    let latest = latest_time(charge).as_micros();
    execute(connection, sql, params![key.tenant, key.tx_id, key.suffix, latest, body])?;
    Ok(body.len())
}

pub fn find(connection: &Connection, tenant: &str, lookup: &Lookup) -> Result<Option<Record>> {
    let (condition, id) = match lookup {
        Lookup::Id(id) => ("id", id),
        Lookup::RequestId(id) => ("request_id", id),
    };
    let sql = format!(
        "SELECT d.body, d.kind, d.id, p.payload, p.evidence, g.pruned_us, g.charges \
         FROM decisions AS d LEFT JOIN payloads AS p ON p.seq = d.seq LEFT JOIN pruned AS g ON g.seq = d.seq \
         WHERE d.tenant = ?1 AND d.{condition} = ?2 ORDER BY d.seq DESC LIMIT 1"
    );
    let mut statement = prepare(connection, &sql)?;
    let mut rows = statement.query(params![tenant, id])?;
    rows.next()?.map(|row| record(connection, row)).transpose()
}

fn record(connection: &Connection, row: &Row<'_>) -> Result<Record> {
    let id: String = row.get(2)?;
    let origin = origin(row, 3, &id)?;
    let origin: Origin<Evidence> =
        origin.read(|evidence| encoding::parse(&evidence, || format!("evidence of decision {id}")))?;
    let keys = origin.charge_keys();
    let charges = keys.iter().filter_map(|key| charge(connection, key).transpose());
    Ok(Record {
        decision: parse(row, 0, || format!("decision {id}"))?,
        kind: kind_of(&row.get::<_, String>(1)?)?,
        charges: charges.collect::<Result<_>>()?,
        origin,
    })
}

/// Four columns from `first` on: payload and evidence, or when they were pruned and the charges that are remembered.
pub fn origin(row: &Row<'_>, first: usize, id: &str) -> Result<Origin<String>> {
    let column = |place: usize| first.saturating_add(place);
    if let (Some(payload), Some(evidence)) = (row.get(column(0))?, row.get(column(1))?) {
        return Ok(Origin::Kept { payload, evidence });
    }
    let (Some(micros), Some(charges)) =
        (row.get::<_, Option<i64>>(column(2))?, row.get::<_, Option<String>>(column(3))?)
    else {
        return Err(JournalError::Unreadable(format!("decision {id}: its payload is gone")));
    };
    let charges = encoding::parse(&charges, || format!("charges of decision {id}"))?;
    Ok(Origin::Pruned { at: Time::from_micros(micros), charges })
}

fn prepare<'a>(connection: &'a Connection, sql: &str) -> Result<CachedStatement<'a>> {
    Ok(connection.prepare_cached(sql)?)
}

/// Runs a statement.
pub fn execute(connection: &Connection, sql: &str, values: impl Params) -> Result<()> {
    prepare(connection, sql)?.execute(values)?;
    Ok(())
}

fn one<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>> {
    Ok(prepare(connection, sql)?.query_row(values, read).optional()?)
}

/// Reads JSON in place. What cannot be read is named: somebody has to look at it.
fn parse<T: DeserializeOwned>(row: &Row<'_>, column: usize, what: impl Fn() -> String) -> Result<T> {
    let text = row.get_ref(column)?.as_str().map_err(|error| JournalError::Unreadable(error.to_string()))?;
    encoding::parse(text, what)
}

/// One value that cannot be read concerns the request that needs it; everything else concerns all.
impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        match (&error, error.sqlite_error_code()) {
            (_, Some(ErrorCode::DatabaseBusy)) => Self::Busy,
            (
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..),
                _,
            ) => Self::Unreadable(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}
