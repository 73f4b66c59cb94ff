//! Opening the database: what must be true of it before anything rests on it.

use std::path::Path;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags};

use super::file::{existing, write_again};
use crate::private::with_suffix;
use crate::store::error::OpenError;

/// What stands in the path of a URI otherwise than as it is.
const NOT_IN_A_URI_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

const SCHEMA: &str = include_str!("schema.sql");

/// The schema this program knows. A change of `schema.sql` needs a new number, and a way from the old one.
const SCHEMA_VERSION: i64 = 4;

/// From schema 1, in which a policy was one file and had its hash.
const FROM_1: &str = "
    CREATE TABLE policy_files (hash TEXT NOT NULL PRIMARY KEY, content BLOB NOT NULL) STRICT;
    INSERT INTO policy_files SELECT hash, CAST(document AS BLOB) FROM policies;
    ALTER TABLE policies RENAME COLUMN document TO manifest;
    UPDATE policies SET manifest = hash || '  policy.yaml' || char(10);";

/// From schema 2, which knew no restores.
const FROM_2: &str = include_str!("schema_3.sql");

/// From schema 3, in which payloads stood with their decisions. All of them are moved, at the first start.
const FROM_3: &str = include_str!("schema_4.sql");

/// The first there was.
const OLDEST_VERSION: i64 = 1;

/// Marks a file as ours: "Csgn".
const APPLICATION_ID: i64 = 0x4373_676e;

/// How long to wait for another program that writes to the file, where there should be none.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// What SQLite may keep of the file in memory, in KiB (as a negative number; a positive one would be pages). It
/// is taken as it is needed.
const CACHE_KIB: i64 = -32 * 1024;

/// Statements that are kept prepared: all of ours.
const PREPARED_STATEMENTS: usize = 32;

/// `PRAGMA synchronous`: synced at every commit.
const SYNCHRONOUS_FULL: i64 = 2;

/// Opens the database, and makes safe what a process that was killed has left in the log.
pub fn connect(path: &Path) -> Result<Connection, OpenError> {
    let failed =
        |error: rusqlite::Error| OpenError::Database { path: path.to_owned(), why: error.to_string() };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    let state = State::read(&connection).map_err(|error| foreign(path, &error))?;
    state.check(path)?;
    configure(&connection, path)?;
    if state.is_empty() {
        let steps = format!("{SCHEMA} {FROM_2} {FROM_3} PRAGMA application_id = {APPLICATION_ID};");
        bring_to_this_version(&connection, &steps).map_err(failed)?;
    } else if state.version < SCHEMA_VERSION {
        bring_to_this_version(&connection, &steps_from(state.version)).map_err(failed)?;
    }
    make_safe(&connection, path)?;
    Ok(connection)
}

/// Opens a database to read it and nothing else, beside whoever writes it. Without a log there is nobody: then it is
/// read as a file that does not change, because SQLite would make a log for its own sake.
pub fn connect_to_read(path: &Path) -> Result<Connection, OpenError> {
    let path = &existing(path)?;
    let failed =
        |error: rusqlite::Error| OpenError::Database { path: path.to_owned(), why: error.to_string() };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = if with_suffix(path, "-wal").exists() {
        Connection::open_with_flags(path, flags).map_err(failed)?
    } else {
        let escaped = percent_encode(path.as_os_str().as_encoded_bytes(), NOT_IN_A_URI_PATH);
        let file = format!("file:{escaped}?immutable=1");
        Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_URI).map_err(failed)?
    };
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    let state = State::read(&connection).map_err(|error| foreign(path, &error))?;
    if state.is_empty() {
        return Err(OpenError::NotOurs { path: path.to_owned(), why: "it is empty".into() });
    }
    state.check(path)?;
    Ok(connection)
}

/// Copies the log into the database; the numbers are whether somebody was in the way, the log's pages, and how
/// many of them were copied.
pub fn checkpoint(connection: &Connection, mode: &str) -> Result<(bool, i64, i64), rusqlite::Error> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

/// What a file says of itself.
struct State {
    application_id: i64,
    version: i64,
    tables: i64,
}

impl State {
    fn read(connection: &Connection) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            application_id: pragma(connection, "application_id")?,
            version: pragma(connection, "user_version")?,
            tables: connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?,
        })
    }

    fn is_empty(&self) -> bool {
        self.application_id == 0 && self.version == 0 && self.tables == 0
    }

    fn check(&self, path: &Path) -> Result<(), OpenError> {
        let path = path.to_owned();
        if self.is_empty() {
            return Ok(());
        }
        if self.application_id != APPLICATION_ID {
            return Err(OpenError::NotOurs { path, why: "another program's database".into() });
        }
        if self.version > SCHEMA_VERSION {
            return Err(OpenError::Newer { path, found: self.version, known: SCHEMA_VERSION });
        }
        if self.version < OLDEST_VERSION {
            return Err(OpenError::NotOurs { path, why: format!("schema {} never was", self.version) });
        }
        Ok(())
    }
}

/// Sets what durability rests on, and asks whether it is set: SQLite answers with what it could do.
fn configure(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |why: String| OpenError::Database { path: path.to_owned(), why };
    let set = || -> Result<(String, i64), rusqlite::Error> {
        let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
        connection.pragma_update(None, "cache_size", CACHE_KIB)?;
        connection.query_row("PRAGMA wal_autocheckpoint = 0", [], |_| Ok(()))?;
        Ok((mode, pragma(connection, "synchronous")?))
    };
    match set().map_err(|error| failed(error.to_string()))? {
        (mode, SYNCHRONOUS_FULL) if mode == "wal" => Ok(()),
        (mode, synchronous) => Err(failed(format!(
            "the file system cannot keep it safely: journal_mode is {mode} and synchronous is {synchronous}, where wal \
             and {SYNCHRONOUS_FULL} are needed"
        ))),
    }
}

fn steps_from(version: i64) -> String {
    let steps = (OLDEST_VERSION..).zip([FROM_1, FROM_2, FROM_3]);
    steps.filter(|(from, _)| *from >= version).map(|(_, step)| step).collect::<Vec<_>>().join(" ")
}

/// All of it or, should the process end on the way, nothing.
fn bring_to_this_version(connection: &Connection, steps: &str) -> Result<(), rusqlite::Error> {
    connection
        .execute_batch(&format!("BEGIN IMMEDIATE; {steps} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"))
}

/// A commit that failed may still be there to read, though not on the disk: written once more and synced, it is. Into the
/// database or, while somebody reads an earlier moment of that, into the log where it stands.
fn make_safe(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    match checkpoint(connection, "FULL") {
        Ok((false, ..)) => Ok(()),
        Ok((true, ..)) => write_log_again(connection, path),
        Err(error) => Err(OpenError::Database { path: path.to_owned(), why: error.to_string() }),
    }
}

/// Nobody may append to it meanwhile. Readers find the same bytes.
fn write_log_again(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy) => OpenError::Held(path.to_owned()),
        _ => OpenError::Database { path: path.to_owned(), why: error.to_string() },
    };
    connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    let log = with_suffix(path, "-wal");
    let written = write_again(&log).map_err(|why| OpenError::File { path: log, why });
    connection.execute_batch("ROLLBACK").map_err(failed).and(written)
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

fn foreign(path: &Path, error: &rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => {
            OpenError::NotOurs { path, why: "no database at all".into() }
        }
        _ => OpenError::Database { path, why: error.to_string() },
    }
}
