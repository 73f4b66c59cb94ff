//! Which host is the present primary.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio_postgres::Row;

use super::collation;
use super::config::Config;
use super::connection::{Connection, Trouble};
use super::durability::{self, Settings};

/// Until a host has said what it is. One that is silent must not keep us from the others.
const LOOK_WITHIN: Duration = Duration::from_secs(4);

/// The oldest server that this is tested with.
const OLDEST_SERVER: i32 = 150_000;

const STANDBY: &str = "the server is a standby: limits are never read from one. Name the primary in the URL, alone or beside it";

/// What the client says of a server that it did not take because of that.
const TAKES_NO_WRITES: &str = "database does not allow writes";

const WHO_REFUSES_WRITES: &str = "
    SELECT pg_is_in_recovery(), quote_ident(current_user), quote_ident(current_database()), source FROM pg_settings
     WHERE name = 'default_transaction_read_only'";

/// A holder of the ledger that says nothing for longer (its process is stopped, or cut off) loses it, so that the others
/// go on; nobody waits for the ledger as long as a holder may be silent and the next ones work.
/// Plans are those that read by index, whatever the statistics of a young table say. What is read in pieces of some hundred
/// rows starts no workers for each. What a policy of the tables hides is an error, not a row less.
pub const SETTINGS: &str = "
    SET synchronous_commit = on;
    SET client_min_messages = warning;
    SET row_security = off;
    SET default_transaction_isolation = 'read committed';
    SET idle_in_transaction_session_timeout = '2s';
    SET idle_session_timeout = 0;
    SET lock_timeout = '4s';
    SET statement_timeout = '60s';
    SET client_connection_check_interval = '2s';
    SET search_path = pg_catalog;
    SET enable_seqscan = off;
    SET enable_bitmapscan = off;
    SET enable_sort = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET max_parallel_workers_per_gather = 0;
    SET plan_cache_mode = force_generic_plan;
    SET jit = off;";

/// A host that can be written to.
pub struct Host {
    /// With everything set.
    pub connection: Connection,
    /// What durability rests on there.
    pub settings: Settings,
    /// It rises at every failover.
    pub timeline: i64,
}

/// What a server says of itself.
#[derive(Debug)]
struct Server {
    version: i32,
    encoding: String,
    in_recovery: bool,
    timeline: Option<String>,
    settings: Settings,
}

/// Of the hosts that can be written to, the one of the latest timeline: an old primary that has come back can be written
/// to as well, and stands first where it always stood.
///
/// # Errors
/// None can be written to, or none can hold a ledger.
pub async fn primary(config: &Config) -> Result<Host, Trouble> {
    let mut looking = JoinSet::new();
    for (place, config) in config.each_host().into_iter().enumerate() {
        looking
            .spawn(async move { (place, look_in_time(&config).await.map_err(|why| of_host(&config, &why))) });
    }
    let mut hosts = looking.join_all().await;
    hosts.sort_by_key(|(place, _)| *place);
    let (mut latest, mut troubles): (Option<Host>, Vec<String>) = (None, Vec::new());
    for (_, host) in hosts {
        match host {
            Ok(host) if latest.as_ref().is_none_or(|latest| latest.timeline < host.timeline) => {
                latest = Some(host);
            }
            Ok(_) => {}
            Err(Trouble(why)) => troubles.push(why),
        }
    }
    let host = latest.ok_or_else(|| Trouble(troubles.join("; ")))?;
    // Not of each: an old primary is no better for a collation that did not change.
    collation::check(&host.connection.client, config).await?;
    Ok(host)
}

/// Which of several it was.
fn of_host(config: &Config, Trouble(why): &Trouble) -> Trouble {
    Trouble(format!("{}: {why}", config.host_name()))
}

async fn look_in_time(config: &Config) -> Result<Host, Trouble> {
    let silent = |_| Err(Trouble(format!("it says nothing within {LOOK_WITHIN:?}")));
    tokio::time::timeout(LOOK_WITHIN, look_at(config)).await.unwrap_or_else(silent)
}

async fn look_at(config: &Config) -> Result<Host, Trouble> {
    let connection = match Connection::open(config).await {
        Err(Trouble(why)) if why.contains(TAKES_NO_WRITES) => return Err(who_refuses_writes(config).await?),
        opened => opened?,
    };
    let server = look(&connection).await?;
    Ok(Host { timeline: server.check()?, settings: server.settings, connection })
}

/// Of several addresses that a name has, one that takes writes was looked for in vain. The first says why it takes none.
async fn who_refuses_writes(config: &Config) -> Result<Trouble, Trouble> {
    let connection = Connection::open(&config.to_read_only()).await?;
    let row = connection.client.query_one(WHO_REFUSES_WRITES, &[]).await?;
    let (in_recovery, role, database): (bool, String, String) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    connection.close().await;
    Ok(Trouble(if in_recovery { STANDBY.into() } else { read_only(&role, &database, row.try_get(3)?) }))
}

/// By where it was set.
fn read_only(role: &str, database: &str, source: &str) -> String {
    let of = match source {
        "user" => format!("ROLE {role}"),
        "database user" => format!("ROLE {role} IN DATABASE {database}"),
        "database" => format!("DATABASE {database}"),
        "global" => "ROLE ALL".into(),
        _ => return format!("default_transaction_read_only is on, by the {source}: take it out there"),
    };
    format!("default_transaction_read_only is on: run `ALTER {of} RESET default_transaction_read_only`")
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
            _ => refused(STANDBY.into()),
        }
    }
}
