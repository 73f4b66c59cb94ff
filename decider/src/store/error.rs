//! Why a store did not open, or did not decide. None of these is a denial: the caller is asked to come back.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::bounds::{MAX_FORWARD_JUMP, MAX_QUEUED};

/// Nothing was decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The queue is full: shed.
    #[error("{MAX_QUEUED} requests already wait for the store; ask again later")]
    Overloaded,
    /// The wall clock ran away from the monotonic one: windows cannot be trusted.
    #[error(
        "the wall clock is {ahead:?} ahead of the time that passed since the start; up to {MAX_FORWARD_JUMP:?} is \
         believed. Set it right, or restart the decider if it is right now"
    )]
    ClockJumped {
        /// By how much.
        ahead: Duration,
    },
    /// Somebody else holds the ledger's write lock.
    #[error("somebody else holds the ledger; nothing was decided")]
    Busy,
    /// It was restored, and what was lost with the rest may be among what is asked: nothing is answered, not even by a
    /// final no, until an operator has stated what was lost.
    #[error(
        "the store is frozen: {0}. Nothing is decided until `decider store release` states what was lost; ask again \
         later"
    )]
    Frozen(Arc<str>),
    /// The store cannot be used now. It is tried again until it can; what was asked may be on record or not.
    #[error("the store cannot be used now: {0}; ask again")]
    Unavailable(Arc<str>),
    /// This one request meets a record that cannot be read.
    #[error("a record that this request needs cannot be read: {0}")]
    Unreadable(Arc<str>),
    /// Settling came to no verdict: a fault of this program.
    #[error("settling came to no verdict: a fault of this program")]
    Undecided,
    /// The store failed. It decides nothing any more, and the process ends: what the file holds is read back at
    /// the next start.
    #[error("the store failed and decides nothing any more: {0}")]
    Failed(Arc<str>),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// The store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is nothing to open.
    #[error(
        "a store in memory is gone with its process: there is nothing to look at. Configure store.sqlite or store.postgres"
    )]
    Forgetful,
    /// There is no such file.
    #[error("{path}: there is no such file: is this the path of the store?", path = .0.display())]
    Missing(PathBuf),
    /// It is to be filled, and holds something.
    #[error("{0} holds decisions already: only an empty store is filled. Name another one")]
    NotEmpty(String),
    /// It is to be released, and decides.
    #[error("the store is not frozen: there is nothing to release")]
    NotFrozen,
    /// It is to be read alone, and is not.
    #[error("{0} other connections of deciders are open to the ledger: stop the deciders that use it first")]
    InUse(i64),
    /// Another process has it.
    #[error(
        "{path}: another decider has this store open. One file serves one decider: stop the other one, or give this \
         one its own file",
        path = .0.display()
    )]
    Locked(PathBuf),
    /// The file is not a store of this program.
    #[error("{path}: this file is not a decider's store: {why}", path = .path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What gives it away.
        why: String,
    },
    /// A newer version of this program wrote it.
    #[error(
        "{path}: the store has schema {found}, and this decider knows {known}: it was written by a newer version; \
         run that one",
        path = .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Schema in the file.
        found: i64,
        /// Schema of this program.
        known: i64,
    },
    /// Somebody else writes to the database.
    #[error(
        "{path}: another program writes to this database, so that it cannot be made safe: close that program",
        path = .0.display()
    )]
    Held(PathBuf),
    /// The file system would not do it.
    #[error("{path}: {why}", path = .path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What it said.
        why: std::io::Error,
    },
    /// The database would not do it.
    #[error("{path}: {why}", path = .path.display())]
    Database {
        /// Which file.
        path: PathBuf,
        /// What it said.
        why: String,
    },
    /// The server would not do it.
    #[error("{0}")]
    Server(String),
    /// The ledger cannot be read.
    #[error("the ledger cannot be read: {0}")]
    Ledger(String),
    /// There is no thread for the writer.
    #[error("no thread for the store's writer: {0}")]
    Thread(std::io::Error),
}
