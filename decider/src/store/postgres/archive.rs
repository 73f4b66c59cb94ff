//! A server's ledger as a whole, read in one transaction that sees one moment of it.

use std::time::{Duration, Instant};

use policy::charge::ChargeKey;
use policy::identity::Digest;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};

use super::config::Config;
use super::connection::{Connection, Trouble};
use super::durability::{self, Settings};
use super::inquiry::ChargeColumns;
use super::ledger::gone;
use super::rows::{origin, original, plain};
use super::schema;
use super::statements::{ORIGIN_COLUMNS, ORIGIN_TABLES, frozen};
use super::{guards, hosts, policies, statements};
use crate::document::Document;
use crate::store::archive::{About, Alone, Archive, ChargeRow, DecisionRow, PAGE_ROWS, Release, StoreState};
use crate::store::encoding::kind_of;
use crate::store::error::OpenError;
use crate::store::journal::{JournalError, RequestIdentity};

/// A reader that is away for longer ends: an old moment that is held open keeps the server from tidying up.
const BEGIN: &str = "
    SET search_path = pg_catalog;
    SET idle_in_transaction_session_timeout = '10min';
    SET statement_timeout = 0;
    SET enable_seqscan = off;
    SET enable_sort = off;
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;";

/// The lock of the log's head is held to the end: deciders have to wait meanwhile.
const BEGIN_ALONE: &str = "
    SET search_path = pg_catalog;
    SET idle_in_transaction_session_timeout = '10min';
    SET statement_timeout = 0;
    SET lock_timeout = '4s';
    SET enable_seqscan = off;
    SET enable_sort = off;
    BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE;
    SELECT 1 FROM countersign.head FOR UPDATE;";

/// How long a decider that has ended may still be listed, and how often that is looked at. Those that go on wait
/// meanwhile.
const GONE_WITHIN: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Deciders that are connected, and other programs of ours.
const OTHERS: &str = "
    SELECT count(*) FROM pg_stat_activity
     WHERE application_name = 'countersign-decider' AND datname = current_database() AND pid <> pg_backend_pid()";

const ABOUT: &str = "
    SELECT v.version::bigint, h.position,
           (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
              FROM pg_class c WHERE c.relnamespace = 'countersign'::regnamespace AND c.relkind IN ('r', 'p'))
      FROM countersign.schema_version v, countersign.head h";

const PRUNED_TO: &str = "
    SELECT position FROM countersign.decisions
     WHERE decided_us < (SELECT before_us FROM countersign.prunings ORDER BY before_us DESC LIMIT 1)
     ORDER BY position DESC LIMIT 1";

/// Payloads are looked for by position alone: a decision that is filed under another time is to be told, not missed.
fn decisions() -> String {
    format!(
        "SELECT d.position, d.id, d.tenant, d.request_id, d.key, d.digest, d.kind, d.decided_us, d.policy_hash, d.body,
                {ORIGIN_COLUMNS}
           FROM countersign.decisions d
           LEFT JOIN countersign.payloads_by_month m ON m.position = d.position {ORIGIN_TABLES}
          WHERE d.position > $1 ORDER BY d.position LIMIT $2"
    )
}

const CHARGES: &str = "
    SELECT c.position, c.tenant, c.tx_id, c.suffix, c.latest_us, c.body FROM countersign.charges c
     WHERE c.position > $1
       AND NOT EXISTS (SELECT 1 FROM countersign.charges n
                        WHERE n.tenant = c.tenant AND n.tx_id = c.tx_id AND n.suffix = c.suffix
                          AND n.position > c.position)
     ORDER BY c.position LIMIT $2";

const CHARGE: &str = "
    SELECT body FROM countersign.charges WHERE tenant = $1 AND tx_id = $2 AND suffix = $3
     ORDER BY position DESC LIMIT 1";

/// A ledger at one moment.
pub struct PostgresArchive {
    runtime: Runtime,
    connection: Connection,
}

impl PostgresArchive {
    /// Opens it; nothing is written.
    ///
    /// # Errors
    /// It cannot be read, or has a schema that this program does not know.
    pub fn open(config: &Config) -> Result<Self, OpenError> {
        Self::begin(config, BEGIN)
    }

    /// The same for as long as no decider can write to it.
    ///
    /// # Errors
    /// One is connected.
    pub fn open_alone(config: &Config) -> Result<Self, OpenError> {
        let archive = Self::begin(config, BEGIN_ALONE)?;
        match archive.others().map_err(|error| OpenError::Server(error.to_string()))? {
            0 => Ok(archive),
            others => Err(OpenError::InUse(others)),
        }
    }

    /// Deciders that stay connected: one that has just ended is listed for a moment.
    fn others(&self) -> Result<i64, JournalError> {
        let begun = Instant::now();
        loop {
            let others: Option<i64> = self.one(OTHERS, &[])?;
            match others.unwrap_or_default() {
                1.. if begun.elapsed() < GONE_WITHIN => std::thread::sleep(LOOK_AGAIN),
                others => return Ok(others),
            }
            // A transaction sees who is connected as it was when it first asked.
            self.execute("SELECT pg_stat_clear_snapshot()", &[])?;
        }
    }

    /// On the host on which deciders would decide: an old primary that has come back knows less.
    fn begin(config: &Config, begin: &str) -> Result<Self, OpenError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(OpenError::Thread)?;
        let opened = runtime.block_on(async {
            let connection = hosts::primary(config).await?.connection;
            schema::check(&connection.client).await?;
            connection.client.batch_execute(begin).await?;
            Ok(connection)
        });
        let connection = opened.map_err(|trouble: Trouble| OpenError::Server(trouble.to_string()))?;
        Ok(Self::over(runtime, connection))
    }

    /// Over a connection in whose transaction it is read.
    pub fn over(runtime: Runtime, connection: Connection) -> Self {
        Self { runtime, connection }
    }

    /// Runs a statement; how many rows it wrote.
    pub fn execute(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64, JournalError> {
        let done = self.runtime.block_on(self.connection.client.execute(sql, parameters));
        Ok(done.map_err(Trouble::from)?)
    }

    /// Keeps a policy and its files.
    pub fn remember_policy(&self, hash: &str, document: &Document) -> Result<(), JournalError> {
        let kept = self.runtime.block_on(policies::remember(&self.connection.client, hash, document));
        Ok(kept.map_err(Trouble::from)?)
    }

    /// Ends the transaction; on return it is durable. The server only warns of a commit that was not replicated.
    pub fn commit(&self) -> Result<(), JournalError> {
        let _ = self.connection.warning();
        self.runtime.block_on(self.connection.client.batch_execute("COMMIT")).map_err(Trouble::from)?;
        self.connection.warning().map_or(Ok(()), |warning| Err(Trouble(warning).into()))
    }

    /// What durability rests on now.
    pub fn settings(&self) -> Result<Settings, JournalError> {
        let row = self.runtime.block_on(self.connection.client.query_one(&durability::select(), &[]));
        Ok(row.and_then(|row| Settings::read(&row, 0)).map_err(Trouble::from)?)
    }

    fn rows(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, JournalError> {
        let found = self.runtime.block_on(self.connection.client.query(sql, parameters));
        Ok(found.map_err(Trouble::from)?)
    }

    fn page<T>(
        &self,
        sql: &str,
        after: i64,
        read: impl Fn(&Row) -> Result<T, JournalError>,
    ) -> Result<Vec<T>, JournalError> {
        self.rows(sql, &[&after, &PAGE_ROWS])?.iter().map(read).collect()
    }

    fn one<T>(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Option<T>, JournalError>
    where
        T: for<'a> tokio_postgres::types::FromSql<'a>,
    {
        let found = self.rows(sql, parameters)?;
        Ok(found.first().map(|row| row.try_get(0)).transpose().map_err(Trouble::from)?)
    }
}

impl Archive for PostgresArchive {
    fn about(&mut self) -> Result<About, JournalError> {
        let rows = self.rows(ABOUT, &[])?;
        let row = rows.first().ok_or_else(gone)?;
        let read = || -> Result<About, tokio_postgres::Error> {
            let bytes: i64 = row.try_get(2)?;
            let bytes = u64::try_from(bytes).unwrap_or_default();
            Ok(About { kind: "postgres", schema: row.try_get(0)?, bytes, head: row.try_get(1)? })
        };
        Ok(read().map_err(Trouble::from)?)
    }

    fn lacking(&mut self) -> Result<Vec<String>, JournalError> {
        Ok(self.runtime.block_on(guards::lacking(&self.connection.client)).map_err(Trouble::from)?)
    }

    fn state(&mut self) -> Result<StoreState, JournalError> {
        let frozen: Option<Option<String>> =
            self.one(&format!("SELECT {} FROM countersign.head", frozen()), &[])?;
        let sql = "SELECT released_us, released_by, frozen, position, lost FROM countersign.releases ORDER BY number";
        let releases = self.rows(sql, &[])?.iter().map(release).collect::<Result<_, _>>();
        Ok(StoreState { frozen: frozen.flatten(), releases: releases.map_err(Trouble::from)? })
    }

    fn decisions(&mut self, after: i64) -> Result<Vec<DecisionRow>, JournalError> {
        self.page(&decisions(), after, |row| {
            let position: i64 = row.try_get(0).map_err(Trouble::from)?;
            decision(row, position)
        })
    }

    fn pruned_to(&mut self) -> Result<i64, JournalError> {
        Ok(self.one(PRUNED_TO, &[])?.unwrap_or_default())
    }

    fn charges(&mut self, after: i64) -> Result<Vec<ChargeRow>, JournalError> {
        self.page(CHARGES, after, |row| charge(row).map_err(|error| Trouble::from(error).into()))
    }

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<String>, JournalError> {
        self.one(CHARGE, &[&plain(&key.tenant), &plain(&key.tx_id), &plain(&key.suffix)])
    }

    fn charges_of(&mut self, keys: &[ChargeKey]) -> Result<Vec<Option<String>>, JournalError> {
        let found = self.rows(statements::CHARGES, &ChargeColumns::of(keys).parameters())?;
        let bodies = found.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>();
        Ok(bodies.map_err(Trouble::from)?)
    }

    fn policies(&mut self) -> Result<Vec<String>, JournalError> {
        let rows = self.rows("SELECT hash FROM countersign.policies ORDER BY hash COLLATE \"C\"", &[])?;
        let hashes = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>();
        Ok(hashes.map_err(Trouble::from)?)
    }

    fn policy(&mut self, hash: &str) -> Result<Option<Document>, JournalError> {
        let client = &self.connection.client;
        let manifest = self.runtime.block_on(policies::manifest(client, hash)).map_err(Trouble::from)?;
        let content = |hash: &str| {
            let file = self.runtime.block_on(policies::file(client, hash));
            Ok::<_, JournalError>(file.map_err(Trouble::from)?)
        };
        manifest.map(|manifest| Document::kept(&manifest, content)).transpose()
    }
}

impl Alone for PostgresArchive {
    fn leave(self: Box<Self>, why: &str) -> Result<(), JournalError> {
        self.execute(&format!("UPDATE countersign.head SET frozen = coalesce({}, $1)", frozen()), &[&why])?;
        self.commit()
    }
}

fn at(position: i64, error: &tokio_postgres::Error) -> JournalError {
    JournalError::Unreadable(format!("decision number {position}: {error}"))
}

/// A column of the decision at a position. One that cannot be read concerns that decision alone.
fn column<'r, T: FromSql<'r>>(row: &'r Row, index: usize, position: i64) -> Result<T, JournalError> {
    row.try_get(index).map_err(|error| at(position, &error))
}

fn decision(row: &Row, position: i64) -> Result<DecisionRow, JournalError> {
    let text = |index| column(row, index, position).map(original);
    let kind: &str = column(row, 6, position)?;
    let origin = origin(row, 10).map_err(|error| at(position, &error))?;
    let gone = || JournalError::Unreadable(format!("decision number {position}: its payload is gone"));
    let digest = |index| {
        let bytes: Vec<u8> = column(row, index, position)?;
        let digest = bytes.try_into().map(Digest);
        digest.map_err(|_| JournalError::Unreadable(format!("decision number {position}: no digest")))
    };
    Ok(DecisionRow {
        position,
        id: text(1)?,
        identity: RequestIdentity {
            tenant: text(2)?,
            callback_request_id: text(3)?,
            key: digest(4)?,
            content: digest(5)?,
        },
        kind: kind_of(kind)?,
        decided_us: column(row, 7, position)?,
        policy_hash: column(row, 8, position)?,
        body: column(row, 9, position)?,
        origin: origin.ok_or_else(gone)?,
    })
}

fn release(row: &Row) -> Result<Release, tokio_postgres::Error> {
    Ok(Release {
        released_us: row.try_get(0)?,
        by: row.try_get(1)?,
        frozen: row.try_get(2)?,
        position: row.try_get(3)?,
        lost: row.try_get(4)?,
    })
}

fn charge(row: &Row) -> Result<ChargeRow, tokio_postgres::Error> {
    let [tenant, tx_id, suffix] = [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?].map(original);
    let key = ChargeKey { tenant, tx_id, suffix };
    Ok(ChargeRow { place: row.try_get(0)?, key, latest_us: row.try_get(4)?, body: row.try_get(5)? })
}
