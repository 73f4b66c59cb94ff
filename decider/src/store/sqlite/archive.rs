//! A store's file as a whole, read in one transaction.

use std::path::{Path, PathBuf};

use policy::charge::ChargeKey;
use policy::identity::Digest;
use rusqlite::{Connection, OpenFlags, Row, params};

use super::file::{LockedFile, existing};
use super::witness::Said;
use super::{rows, schema};
use crate::document::Document;
use crate::private::with_suffix;
use crate::store::archive::{About, Alone, Archive, ChargeRow, DecisionRow, PAGE_ROWS, Release, StoreState};
use crate::store::encoding::kind_of;
use crate::store::error::OpenError;
use crate::store::journal::{JournalError, RequestIdentity};

/// The oldest schema whose rows are read.
const OLDEST_READ: i64 = 2;

/// The last schema in which payloads stood with their decisions.
const LAST_WITH_PAYLOADS: i64 = 3;

/// A file at one moment.
pub struct SqliteArchive {
    path: PathBuf,
    connection: Connection,
    /// Why it will be frozen though it does not say so itself.
    frozen: Option<String>,
    /// Held where nobody else may write meanwhile.
    _file: Option<LockedFile>,
}

impl SqliteArchive {
    /// Opens it; nothing is written, and no lock is asked for.
    ///
    /// # Errors
    /// It cannot be read, or is not a store of this program.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let path = existing(path)?;
        let said = Said::read(&path)?;
        let connection = schema::connect_to_read(&path)?;
        rows::run(&connection, "BEGIN").map_err(unreadable)?;
        let archive = Self::over(path.clone(), connection);
        match archive.number("PRAGMA user_version").map_err(unreadable)? {
            OLDEST_READ => Ok(archive),
            known if known > OLDEST_READ => {
                // An old file that was put back is not to be made a store that decides by being copied.
                let frozen = said.frozen(&archive.connection).map_err(|error| unreadable(error.into()))?;
                Ok(Self { frozen, ..archive })
            }
            old => Err(OpenError::Ledger(format!(
                "{}: it has schema {old}, of an older version: start this version's decider on it once",
                path.display()
            ))),
        }
    }

    /// The same for as long as no decider can serve from it.
    ///
    /// # Errors
    /// One does.
    pub fn open_alone(path: &Path) -> Result<Self, OpenError> {
        // Before the lock, which makes a file where there is none.
        drop(Self::open(path)?);
        let file = LockedFile::take(path)?;
        let archive = Self::open(file.path())?;
        Ok(Self { _file: Some(file), ..archive })
    }

    /// Over a connection in whose transaction it is read.
    pub fn over(path: PathBuf, connection: Connection) -> Self {
        Self { path, connection, frozen: None, _file: None }
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    fn number(&self, sql: &str) -> Result<i64, JournalError> {
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }
}

impl Archive for SqliteArchive {
    fn about(&mut self) -> Result<About, JournalError> {
        let log = with_suffix(&self.path, "-wal").metadata().map_or(0, |log| log.len());
        let pages = self.number("PRAGMA page_count")?.saturating_mul(self.number("PRAGMA page_size")?);
        Ok(About {
            kind: "sqlite",
            schema: self.number("PRAGMA user_version")?,
            bytes: u64::try_from(pages).unwrap_or_default().saturating_add(log),
            head: self.number("SELECT coalesce(max(seq), 0) FROM decisions")?,
        })
    }

    fn state(&mut self) -> Result<StoreState, JournalError> {
        if self.number("PRAGMA user_version")? == OLDEST_READ {
            return Ok(StoreState::default());
        }
        let own: Option<String> =
            self.connection.query_row("SELECT frozen FROM standing", [], |row| row.get(0))?;
        let frozen = own.or_else(|| self.frozen.clone());
        let sql = "SELECT released_us, released_by, frozen, position, lost FROM releases ORDER BY number";
        let mut statement = self.connection.prepare(sql)?;
        let releases = statement.query_map([], |row| {
            Ok(Release {
                released_us: row.get(0)?,
                by: row.get(1)?,
                frozen: row.get(2)?,
                position: row.get(3)?,
                lost: row.get(4)?,
            })
        })?;
        Ok(StoreState { frozen, releases: releases.collect::<Result<_, _>>()? })
    }

    fn decisions(&mut self, after: i64) -> Result<Vec<DecisionRow>, JournalError> {
        let together = self.number("PRAGMA user_version")? <= LAST_WITH_PAYLOADS;
        let (columns, joined) = match together {
            true => ("d.payload, d.evidence, NULL, NULL", ""),
            false => (
                "p.payload, p.evidence, g.pruned_us, g.charges",
                "LEFT JOIN payloads AS p ON p.seq = d.seq LEFT JOIN pruned AS g ON g.seq = d.seq",
            ),
        };
        let sql = format!(
            "SELECT d.seq, d.id, d.tenant, d.request_id, d.key, d.digest, d.kind, d.decided_us, d.policy_hash, d.body, \
             {columns} FROM decisions AS d {joined} WHERE d.seq > ?1 ORDER BY d.seq LIMIT ?2"
        );
        page(&self.connection, &sql, after, decision)
    }

    fn pruned_to(&mut self) -> Result<i64, JournalError> {
        if self.number("PRAGMA user_version")? <= LAST_WITH_PAYLOADS {
            return Ok(0);
        }
        self.number("SELECT coalesce(max(seq), 0) FROM pruned")
    }

    fn charges(&mut self, after: i64) -> Result<Vec<ChargeRow>, JournalError> {
        let sql = "SELECT rowid, tenant, tx_id, suffix, latest_us, body FROM charges WHERE rowid > ?1 \
                   ORDER BY rowid LIMIT ?2";
        page(&self.connection, sql, after, charge)
    }

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<String>, JournalError> {
        rows::charge_body(&self.connection, key)
    }

    fn policies(&mut self) -> Result<Vec<String>, JournalError> {
        let mut statement = self.connection.prepare("SELECT hash FROM policies ORDER BY hash")?;
        let hashes = statement.query_map([], |row| row.get(0))?;
        Ok(hashes.collect::<Result<_, _>>()?)
    }

    fn policy(&mut self, hash: &str) -> Result<Option<Document>, JournalError> {
        rows::policy(&self.connection, hash)
    }
}

impl Alone for SqliteArchive {
    /// Deciders older than the schema that knows of freezes would not look.
    fn leave(self: Box<Self>, why: &str) -> Result<(), JournalError> {
        if self.number("PRAGMA user_version")? == OLDEST_READ {
            return Ok(());
        }
        let Self { path, connection, frozen, _file: file } = *self;
        let why = frozen.as_deref().unwrap_or(why);
        drop(connection);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        rows::execute(&connection, "UPDATE standing SET frozen = coalesce(frozen, ?1)", [why])?;
        schema::checkpoint(&connection, "TRUNCATE")?;
        drop(connection);
        drop(file);
        Ok(())
    }
}

fn unreadable(error: JournalError) -> OpenError {
    OpenError::Ledger(error.to_string())
}

fn page<T>(
    connection: &Connection,
    sql: &str,
    after: i64,
    read: impl Fn(&Row<'_>) -> Result<T, JournalError>,
) -> Result<Vec<T>, JournalError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![after, PAGE_ROWS])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(read(row)?);
    }
    Ok(page)
}

fn decision(row: &Row<'_>) -> Result<DecisionRow, JournalError> {
    Ok(DecisionRow {
        position: row.get(0)?,
        id: row.get(1)?,
        identity: RequestIdentity {
            tenant: row.get(2)?,
            callback_request_id: row.get(3)?,
            key: Digest(row.get(4)?),
            content: Digest(row.get(5)?),
        },
        kind: kind_of(&row.get::<_, String>(6)?)?,
        decided_us: row.get(7)?,
        policy_hash: row.get(8)?,
        body: row.get(9)?,
        origin: rows::origin(row, 10, &row.get::<_, String>(1)?)?,
    })
}

fn charge(row: &Row<'_>) -> Result<ChargeRow, JournalError> {
    let key = ChargeKey { tenant: row.get(1)?, tx_id: row.get(2)?, suffix: row.get(3)? };
    Ok(ChargeRow { place: row.get(0)?, key, latest_us: row.get(4)?, body: row.get(5)? })
}
