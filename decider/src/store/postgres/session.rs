//! What must be true of a server, and of a connection to it, before anything rests on it.

use tokio_postgres::Row;

use super::config::{Config, Durability};
use super::connection::{Connection, Trouble};
use super::durability::{self, Settings};
use super::schema;

/// The oldest server that this is tested with.
const OLDEST_SERVER: i32 = 150_000;

/// A holder of the ledger that says nothing for longer (its process is stopped, or cut off) loses it, so that the others
/// go on; nobody waits for the ledger as long as a holder may be silent and the next ones work.
/// Plans are those that read by index, whatever the statistics of a young table say.
pub const SETTINGS: &str = "
    SET synchronous_commit = on;
    SET idle_in_transaction_session_timeout = '2s';
    SET lock_timeout = '4s';
    SET statement_timeout = '60s';
    SET client_connection_check_interval = '2s';
    SET search_path = pg_catalog;
    SET enable_seqscan = off;
    SET enable_bitmapscan = off;
    SET enable_sort = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET plan_cache_mode = force_generic_plan;
    SET jit = off;";

/// What a server says of itself.
#[derive(Debug)]
struct Server {
    version: i32,
    encoding: String,
    in_recovery: bool,
    timeline: Option<String>,
    settings: Settings,
}

/// A connection over which the ledger may be kept.
pub struct Session {
    /// The connection.
    pub connection: Connection,
    /// The server's timeline: it rises at every failover.
    pub timeline: i64,
    /// What is missing for a commit to last, where that is only to be said.
    pub shortfall: Option<String>,
}

impl Session {
    /// Connects, sets what must be set, and looks at the server and its schema.
    ///
    /// # Errors
    /// Why the ledger cannot be kept there now.
    pub async fn open(config: &Config) -> Result<Self, Trouble> {
        let connection = Connection::open(config).await?;
        let server = look(&connection).await?;
        let timeline = server.check()?;
        let shortfall = accepted(&server.settings, config)?;
        schema::check(&connection.client).await?;
        Ok(Self { connection, timeline, shortfall })
    }
}

/// What is missing for a commit to last, where the configuration lets that be.
///
/// # Errors
/// It does not.
pub fn accepted(settings: &Settings, config: &Config) -> Result<Option<String>, Trouble> {
    match settings.shortfall(config) {
        Some(shortfall) if config.durability == Durability::Require => Err(Trouble(shortfall)),
        shortfall => Ok(shortfall),
    }
}

async fn look(connection: &Connection) -> Result<Server, Trouble> {
    connection.client.batch_execute(SETTINGS).await?;
    let sql = format!(
        "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), pg_is_in_recovery(), \
                CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END, {}",
        durability::COLUMNS
    );
    let row = connection.client.query_one(&sql, &[]).await?;
    Ok(Server::read(&row)?)
}

impl Server {
    fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            version: row.try_get(0)?,
            encoding: row.try_get(1)?,
            in_recovery: row.try_get(2)?,
            timeline: row.try_get(3)?,
            settings: Settings::read(row, 4)?,
        })
    }

    /// Its timeline, if it can keep a ledger.
    fn check(&self) -> Result<i64, Trouble> {
        let refused = |why: String| Err(Trouble(why));
        if self.version < OLDEST_SERVER {
            return refused(format!(
                "the server has version {}; 15 or later is needed",
                self.version / 10_000
            ));
        }
        if self.encoding != "UTF8" {
            return refused(format!("the database has encoding {}; UTF8 is needed", self.encoding));
        }
        let timeline = self.timeline.as_deref().and_then(|digits| i64::from_str_radix(digits, 16).ok());
        match timeline {
            Some(timeline) if !self.in_recovery => Ok(timeline),
            _ => refused("the server is a standby: limits are never read from one".into()),
        }
    }
}
