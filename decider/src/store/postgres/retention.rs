//! What retention has ended for goes, and tables for the months to come are made: by whichever decider gets the lock for
//! it, each step in a short transaction that rather fails than keeps a decision waiting.

use policy::time::Time;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::connection::Trouble;
use super::month::Month;

/// Months for which a decider makes tables, the present one included. It looks every minute.
pub const KEPT_AHEAD: usize = 2;

/// The same of `decider migrate`: the role of the deciders may not be allowed to.
pub const MIGRATED_AHEAD: usize = 13;

/// Making a table reads all of what has no month of its own, while nobody can write to that. A decider only does it
/// where that is less than this: some milliseconds.
const MAX_READ_BYTES: i64 = 8 * 1024 * 1024;

/// Held in each step, so that two programs do not take it: "Cspr".
const LOCK: i64 = 0x4373_7072;

/// A program that holds one of the tables, such as a backup that reads them, is not waited for: decisions would wait
/// behind us.
/// Nothing here has to be on a standby.
const BEGIN: &str = "
    BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SET LOCAL lock_timeout = '50ms';
    SET LOCAL synchronous_commit = local;";

/// What came of a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pruned {
    /// A piece was pruned, and there may be more.
    Piece,
    /// Nothing is left to do for now.
    Nothing,
    /// Somebody is in the way.
    Busy,
    /// Somebody was faster.
    Taken,
    /// What belongs into a table that was to be made is where nobody has made one for it.
    Elsewhere,
    /// The role may not do it: what the server says.
    Refused(String),
}

/// Prunes a piece of what has no month, or else makes the tables that are missing and drops the months that `end` is
/// past.
pub async fn prune(client: &Client, end: Time, now: Time) -> Result<Pruned, Trouble> {
    for sql in [PRUNE_OLD, PRUNE_OTHER] {
        match piece(client, sql, end, now).await? {
            Pruned::Nothing => {}
            stopped => return Ok(stopped),
        }
    }
    let Tables { months, other_bytes } = there(client).await?;
    let ahead = if other_bytes < MAX_READ_BYTES { KEPT_AHEAD } else { 0 };
    let mut worst = Pruned::Nothing;
    for step in steps(&months, Some(end), now, ahead) {
        match alone(client, &step.sql).await? {
            Pruned::Piece | Pruned::Nothing | Pruned::Taken | Pruned::Elsewhere => {}
            stopped => worst = stopped,
        }
    }
    Ok(worst)
}

/// What became of the tables of months.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Months {
    /// Names of tables that were made.
    pub made: Vec<String>,
    /// Names of tables that were dropped.
    pub dropped: Vec<String>,
    /// Names of those that were not made, because rows of their months are in `countersign.payloads_other`.
    pub elsewhere: Vec<String>,
    /// Names of those that could not be made or dropped now, because somebody was in the way.
    pub put_off: Vec<String>,
}

/// Makes the tables of this month and of those to come, and drops those that `end` is past, as `decider migrate` does.
pub async fn migrate(client: &Client, end: Option<Time>, now: Time) -> Result<Months, Trouble> {
    let Tables { months, .. } = there(client).await?;
    let mut told = Months::default();
    for Step { table, drops, sql } in steps(&months, end, now, MIGRATED_AHEAD) {
        match alone(client, &sql).await? {
            Pruned::Taken => {}
            Pruned::Piece | Pruned::Nothing if drops => told.dropped.push(table),
            Pruned::Piece | Pruned::Nothing => told.made.push(table),
            Pruned::Elsewhere => told.elsewhere.push(table),
            Pruned::Busy => told.put_off.push(table),
            Pruned::Refused(why) => return Err(Trouble(why)),
        }
    }
    Ok(told)
}

/// A table that comes or goes.
struct Step {
    table: String,
    drops: bool,
    sql: String,
}

fn steps(months: &[Month], end: Option<Time>, now: Time, ahead: usize) -> Vec<Step> {
    let old = end.map(|end| past(months, end)).unwrap_or_default();
    let made = missing(months, now, ahead).into_iter().map(make);
    made.chain(old.into_iter().map(|month| drop(month, now))).flatten().collect()
}

/// The tables that there are.
struct Tables {
    months: Vec<Month>,
    /// What has no month of its own, in bytes.
    other_bytes: i64,
}

async fn there(client: &Client) -> Result<Tables, Trouble> {
    let sql = "SELECT c.relname::text, pg_table_size('countersign.payloads_other')
                 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'countersign.payloads_by_month'::regclass";
    let (mut months, mut other_bytes) = (Vec::new(), 0);
    for row in client.query(sql, &[]).await? {
        months.extend(Month::named(row.try_get(0)?));
        other_bytes = row.try_get(1)?;
    }
    Ok(Tables { months, other_bytes })
}

fn missing(there: &[Month], now: Time, ahead: usize) -> Vec<Month> {
    let months = std::iter::successors(Month::of(now), |month| month.next()).take(ahead);
    months.filter(|month| !there.contains(month)).collect()
}

/// In their order: what is let go is the older part of the log.
fn past(there: &[Month], end: Time) -> Vec<Month> {
    let mut past: Vec<Month> =
        there.iter().filter(|month| month.end().is_some_and(|last| last <= end)).copied().collect();
    past.sort();
    past
}

/// A table of its own is attached: one that is made in its place would lock out whoever writes to the others.
fn make(month: Month) -> Option<Step> {
    let (table, start, end) = (month.table(), month.start()?.as_micros(), month.end()?.as_micros());
    let sql = format!(
        "CREATE TABLE countersign.{table} (LIKE countersign.payloads_by_month INCLUDING ALL);
         ALTER TABLE countersign.payloads_by_month ATTACH PARTITION countersign.{table}
           FOR VALUES FROM ({start}) TO ({end})"
    );
    Some(Step { table, drops: false, sql })
}

fn drop(month: Month, now: Time) -> Option<Step> {
    let (table, end, now) = (month.table(), month.end()?.as_micros(), now.as_micros());
    let sql = format!(
        "DROP TABLE countersign.{table}; INSERT INTO countersign.prunings (before_us, pruned_us) VALUES ({end}, {now})"
    );
    Some(Step { table, drops: true, sql })
}

/// In the order of the log, as far as it is older: so many at most.
const PRUNE_OLD: &str = "
    WITH first AS (SELECT p.position, d.decided_us
                     FROM countersign.payloads p JOIN countersign.decisions d ON d.position = p.position
                    ORDER BY p.position LIMIT 64),
         gone AS (DELETE FROM countersign.payloads
                   WHERE position = ANY (ARRAY(SELECT position FROM first WHERE decided_us < $1))),
         last AS (SELECT max(decided_us) + 1 AS before_us FROM first WHERE decided_us < $1)
    INSERT INTO countersign.prunings (before_us, pruned_us) SELECT before_us, $2 FROM last WHERE before_us IS NOT NULL";

const PRUNE_OTHER: &str = "
    WITH first AS (SELECT position, decided_us FROM countersign.payloads_other ORDER BY position LIMIT 64),
         gone AS (DELETE FROM countersign.payloads_other
                   WHERE position = ANY (ARRAY(SELECT position FROM first WHERE decided_us < $1))),
         last AS (SELECT max(decided_us) + 1 AS before_us FROM first WHERE decided_us < $1)
    INSERT INTO countersign.prunings (before_us, pruned_us) SELECT before_us, $2 FROM last WHERE before_us IS NOT NULL";

async fn piece(client: &Client, sql: &str, end: Time, now: Time) -> Result<Pruned, Trouble> {
    client.batch_execute(BEGIN).await?;
    let pruned = client.execute(sql, &[&end.as_micros(), &now.as_micros()]).await;
    ended(client, pruned.map(|rows| if rows > 0 { Pruned::Piece } else { Pruned::Nothing })).await
}

async fn alone(client: &Client, sql: &str) -> Result<Pruned, Trouble> {
    client.batch_execute(BEGIN).await?;
    let work = async {
        let locked = client.query_one("SELECT pg_try_advisory_xact_lock($1)", &[&LOCK]).await?;
        if !locked.try_get::<_, bool>(0)? {
            return Ok(Pruned::Busy);
        }
        client.batch_execute(sql).await.map(|()| Pruned::Nothing)
    };
    let done = work.await;
    ended(client, done).await
}

/// Commits, or takes it back where somebody is in the way or was faster, or the role may not do it.
async fn ended(client: &Client, done: Result<Pruned, tokio_postgres::Error>) -> Result<Pruned, Trouble> {
    let error = match done {
        Ok(done) => {
            client.batch_execute("COMMIT").await?;
            return Ok(done);
        }
        Err(error) => error,
    };
    let stopped = match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE | &SqlState::T_R_DEADLOCK_DETECTED) => Pruned::Busy,
        Some(&SqlState::DUPLICATE_TABLE | &SqlState::UNDEFINED_TABLE) => Pruned::Taken,
        Some(&SqlState::CHECK_VIOLATION) => Pruned::Elsewhere,
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Pruned::Refused(Trouble::from(error).0),
        _ => return Err(error.into()),
    };
    client.batch_execute("ROLLBACK").await?;
    Ok(stopped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_past_once_retention_has_ended_for_its_last_moment() {
        let month = Month::named("payloads_2023_11").unwrap();
        let end = month.end().unwrap();
        let there = [month.next().unwrap(), month];
        assert_eq!(past(&there, end), [month]);
        assert_eq!(past(&there, Time::from_micros(end.as_micros() - 1)), []);
    }

    #[test]
    fn this_month_and_those_to_come_are_made_once() {
        let month = Month::named("payloads_2023_12").unwrap();
        let now = Time::from_micros(month.end().unwrap().as_micros() - 1);
        let names =
            |there: &[Month]| missing(there, now, 3).into_iter().map(Month::table).collect::<Vec<_>>();
        assert_eq!(names(&[]), ["payloads_2023_12", "payloads_2024_01", "payloads_2024_02"]);
        assert_eq!(names(&[month]), ["payloads_2024_01", "payloads_2024_02"]);
    }
}
