//! The tables, and how they come about. A decider knows one schema and runs with the next one, too, so that the database
//! is migrated first and the deciders after it, one by one; so each step may only add.

use policy::time::Time;
use tokio_postgres::Client;

use super::config::Config;
use super::connection::Trouble;
use super::ledger::gone;
use super::retention::{self, Months};
use super::rights;
use super::statements::{CLOCK_MICROS, frozen};
use super::{guards, hosts};
use crate::store::retention::Retention;

/// The steps, each from the schema of its number to the next.
const STEPS: [&str; 4] = [
    include_str!("schema.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
];

/// Held while the steps are taken, so that two programs do not: "Csgn".
const LOCK: i64 = 0x4373_676e;

const EXISTS: &str = "SELECT to_regclass('countersign.schema_version') IS NOT NULL";
const VERSION: &str = "SELECT version FROM countersign.schema_version";

/// The schema this program knows.
pub fn known() -> i32 {
    i32::try_from(STEPS.len()).unwrap_or(i32::MAX)
}

/// Whether this program can work with the schema as it is.
///
/// # Errors
/// What to do about it.
pub async fn check(client: &Client) -> Result<(), Trouble> {
    fits(version(client).await?).map_err(Trouble)
}

fn fits(found: i32) -> Result<(), String> {
    let known = known();
    if found == 0 {
        Err("there is no ledger in this database yet: run `decider migrate`".into())
    } else if found < known {
        Err(format!("the ledger has schema {found}, and this decider needs {known}: run `decider migrate`"))
    } else if found > known.saturating_add(1) {
        Err(newer(found))
    } else {
        Ok(())
    }
}

fn newer(found: i32) -> String {
    let known = known();
    format!(
        "the ledger has schema {found}, and this decider knows {known}: it is of a newer version; run that one"
    )
}

/// 0: there is none yet.
async fn version(client: &Client) -> Result<i32, Trouble> {
    rights::check_to_look(client).await?;
    if !client.query_one(EXISTS, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    Ok(client.query_one(VERSION, &[]).await?.try_get(0)?)
}

/// What a database was brought to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The schema that was found; 0: none.
    pub from: i32,
    /// The schema now.
    pub to: i32,
    /// What became of the tables of months.
    pub months: Months,
}

/// Brings a database to the schema of this program, all of it or nothing; then makes the tables of months, and
/// drops those that retention has ended for, unless the ledger is frozen.
///
/// # Errors
/// Why not. The schema was then not changed, or is as it should be and tables of months are missing.
pub async fn migrate(config: &Config, kept: Retention) -> Result<Migrated, Trouble> {
    let connection = hosts::primary(config).await?.connection;
    let client = &connection.client;
    client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await?;
    client.query("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let found = version(client).await?;
    if found > known() {
        return Err(Trouble(newer(found)));
    }
    if found < known() {
        client.batch_execute(&steps_from(found)).await?;
    }
    client.batch_execute("COMMIT").await?;
    guards::check(client).await?;
    let standing =
        format!("SELECT {CLOCK_MICROS}, latest_us, {} IS NOT NULL FROM countersign.head", frozen());
    let row = client.query_opt(&standing, &[]).await?.ok_or_else(gone)?;
    let (now, latest, is_frozen): (i64, Option<i64>, bool) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    // A clock that leapt would drop what does not come back.
    let end = kept.ends_before(Time::from_micros(latest.map_or(now, |latest| latest.min(now))));
    let months = retention::migrate(client, end.filter(|_| !is_frozen), Time::from_micros(now)).await?;
    connection.close().await;
    Ok(Migrated { from: found, to: known(), months })
}

fn steps_from(found: i32) -> String {
    let done = usize::try_from(found).unwrap_or_default();
    let first = "CREATE SCHEMA IF NOT EXISTS countersign; \
                 CREATE TABLE countersign.schema_version (version integer NOT NULL); \
                 INSERT INTO countersign.schema_version VALUES (0);";
    let begin = if found == 0 { first } else { "" };
    let steps: String = STEPS.iter().skip(done).copied().collect();
    format!("{begin}{steps}UPDATE countersign.schema_version SET version = {};", known())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_schema_ahead_is_run_with_and_no_more() {
        let known = known();
        for fitting in [known, known + 1] {
            assert_eq!(fits(fitting), Ok(()));
        }
        assert!(fits(known + 2).is_err() && fits(known - 1).is_err());
        insta::assert_snapshot!(fits(0).unwrap_err(), @"there is no ledger in this database yet: run `decider migrate`");
        insta::assert_snapshot!(fits(99).unwrap_err(), @"the ledger has schema 99, and this decider knows 4: it is of a newer version; run that one");
    }
}
