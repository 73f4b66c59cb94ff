//! What a store's file is held against at each start: a small file beside it that says how far the store had come, so
//! that an old file which is put back by hand is noticed. Restored headroom is not real (decision model, invariant 12).
//!
//! The number of the start is raised in both, first in the store: a start that is killed between the two leaves the small
//! file one behind, and the next one brings it up before it raises the number again. The small file follows the log,
//! unsynced, between rounds: it may be behind the store, after a power failure, and never before it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::file::replace;
use crate::private::with_suffix;
use crate::store::error::OpenError;

/// The name of the small file, after the store's.
pub const SUFFIX: &str = ".seen";

/// How far a store has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WitnessState {
    /// How often it was started.
    incarnation: i64,
    /// The position of the last decision.
    position: i64,
}

impl WitnessState {
    /// As the small file says it.
    fn text(self) -> String {
        let Self { incarnation, position } = self;
        format!("start {incarnation:020} decision {position:020}\n")
    }
}

/// The small file, kept up to date.
pub struct Witness {
    file: File,
    seen: WitnessState,
}

/// What a start found.
pub struct Started {
    pub witness: Witness,
    /// Why nothing may be decided.
    pub frozen: Option<String>,
}

impl Witness {
    /// Holds a store's file against it, freezes the store where it is older, and raises the number of the start in both.
    ///
    /// # Errors
    /// One of the files could not be read or written.
    pub fn start(path: &Path, connection: &Connection) -> Result<Started, OpenError> {
        let database =
            |error: rusqlite::Error| OpenError::Database { path: path.into(), why: error.to_string() };
        let said = Said::read(path)?;
        let (store, frozen) = standing(connection).map_err(database)?;
        let (seen, suspicion) = said.judge(store);
        if suspicion.is_none() && seen != Some(store.incarnation) {
            // Before the number is raised: a store that is two starts ahead is another one.
            replace(&said.path, store.text().as_bytes())?;
        }
        let frozen = frozen.or(suspicion);
        let incarnation = store.incarnation.max(seen.unwrap_or_default()).saturating_add(1);
        let sql = "UPDATE standing SET incarnation = ?1, frozen = ?2";
        connection.execute(sql, params![incarnation, frozen]).map_err(database)?;
        let seen = WitnessState { incarnation, ..store };
        let file = replace(&said.path, seen.text().as_bytes())?;
        Ok(Started { witness: Self { file, seen }, frozen })
    }

    /// Notes that so many decisions more are on record. Synced by nobody: what is not on the disk is not missed.
    pub fn follow(&mut self, decisions: i64) {
        self.seen.position = self.seen.position.saturating_add(decisions);
        // All of it at once, always as long.
        if let Err(error) = self.file.write_all_at(self.seen.text().as_bytes(), 0) {
            tracing::warn!(%error, "the file beside the store cannot be written: a restore may go unnoticed");
        }
    }
}

/// What the small file says. It is to be read before the store is, which a decider may write to meanwhile: so it says no
/// more than is there.
pub struct Said {
    path: PathBuf,
    text: Option<Vec<u8>>,
}

impl Said {
    /// Of the store at this path.
    ///
    /// # Errors
    /// It could not be read.
    pub fn read(store: &Path) -> Result<Self, OpenError> {
        let path = with_suffix(store, SUFFIX);
        match std::fs::read(&path) {
            Ok(text) => Ok(Self { path, text: Some(text) }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self { path, text: None }),
            Err(why) => Err(OpenError::File { path, why }),
        }
    }

    /// Why the store would be frozen at its next start, or is frozen already.
    ///
    /// # Errors
    /// The store could not be read.
    pub fn frozen(&self, connection: &Connection) -> Result<Option<String>, rusqlite::Error> {
        let (store, frozen) = standing(connection)?;
        Ok(frozen.or(self.judge(store).1))
    }

    /// The number of the start that it knows, and what is suspicious. A store that was never started has none; one without
    /// a decision may have been stopped at its first start, and lacks nothing.
    fn judge(&self, store: WitnessState) -> (Option<i64>, Option<String>) {
        let told = |how| format!("{}, which says how far the store had come, {how}", self.path.display());
        let WitnessState { incarnation, position } = store;
        let Some(text) = &self.text else {
            return (None, (incarnation > 0 && position > 0).then(|| told("is not beside it")));
        };
        let Some(seen) = parse(&String::from_utf8_lossy(text)) else {
            return (None, (position > 0).then(|| told("cannot be read")));
        };
        let older = seen.incarnation > incarnation || seen.position > position;
        let foreign = seen.incarnation.saturating_add(1) < incarnation;
        let suspicion = (older || foreign).then(|| {
            format!(
                "the file is not the one that was here last: it had come to start {} and decision {}, and this one has \
                 start {incarnation} and decision {position}",
                seen.incarnation, seen.position
            )
        });
        (Some(seen.incarnation), suspicion)
    }
}

/// What the database says of itself: how far it has come, and why it is frozen.
fn standing(connection: &Connection) -> Result<(WitnessState, Option<String>), rusqlite::Error> {
    let sql = "SELECT incarnation, frozen, (SELECT coalesce(max(seq), 0) FROM decisions) FROM standing";
    connection.query_row(sql, [], |row| {
        Ok((WitnessState { incarnation: row.get(0)?, position: row.get(2)? }, row.get(1)?))
    })
}

fn parse(text: &str) -> Option<WitnessState> {
    let mut words = text.split_ascii_whitespace();
    let (Some("start"), Some(incarnation), Some("decision"), Some(position), None) =
        (words.next(), words.next(), words.next(), words.next(), words.next())
    else {
        return None;
    };
    Some(WitnessState { incarnation: incarnation.parse().ok()?, position: position.parse().ok()? })
}
