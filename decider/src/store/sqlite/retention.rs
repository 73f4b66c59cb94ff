//! What retention has ended for, a piece at a time. Pages that become free are used again; the file does not shrink.

use policy::charge::ChargeKey;
use policy::evidence::Evidence;
use policy::time::Time;
use rusqlite::{Connection, params};

use super::rows;
use crate::store::bounds::MAX_PRUNED_A_PIECE;
use crate::store::encoding::json;
use crate::store::journal::JournalError;

/// The oldest payloads, each with the time of its decision.
const OLDEST: &str = "SELECT p.seq, p.evidence, d.decided_us FROM payloads AS p JOIN decisions AS d ON d.seq = p.seq \
                      ORDER BY p.seq";

/// Prunes the oldest decisions that were made before `end`, so many at most; how many those were.
pub fn prune(connection: &Connection, end: Time, now: Time) -> Result<usize, JournalError> {
    let old = older_than(connection, end)?;
    let Some((last, _)) = old.last() else { return Ok(0) };
    rows::run(connection, "BEGIN IMMEDIATE")?;
    let pruned = old.iter().try_for_each(|(position, charges)| note(connection, *position, now, charges));
    let gone = || rows::execute(connection, "DELETE FROM payloads WHERE seq <= ?1", [last]);
    match pruned.and_then(|()| gone()).and_then(|()| rows::run(connection, "COMMIT")) {
        Ok(()) => Ok(old.len()),
        Err(error) => rows::run(connection, "ROLLBACK").and(Err(error)),
    }
}

/// Positions in their order, with the charges that are to be remembered.
fn older_than(connection: &Connection, end: Time) -> Result<Vec<(i64, Vec<ChargeKey>)>, JournalError> {
    let mut statement = connection.prepare_cached(OLDEST)?;
    let (mut rows, mut old) = (statement.query([])?, Vec::new());
    while old.len() < MAX_PRUNED_A_PIECE
        && let Some(row) = rows.next()?
        && row.get::<_, i64>(2)? < end.as_micros()
    {
        // Evidence that cannot be read is no reason to keep it for ever.
        let evidence: Evidence = serde_json::from_str(&row.get::<_, String>(1)?).unwrap_or_default();
        old.push((row.get(0)?, evidence.charges.into_iter().map(|(key, _)| key).collect()));
    }
    Ok(old)
}

/// Notes that a decision is pruned.
pub fn note(
    connection: &Connection,
    position: i64,
    at: Time,
    charges: &[ChargeKey],
) -> Result<(), JournalError> {
    let sql = "INSERT INTO pruned (seq, pruned_us, charges) VALUES (?1, ?2, ?3)";
    rows::execute(connection, sql, params![position, at.as_micros(), json(&charges)?])
}
