//! Where decisions, charges and headroom live: settle a request and record it in one durable step, or not at
//! all (decision model, sections 1, 3 and 4).
//!
//! One [`Engine`] serves every store: a single writer thread owns a [`Journal`] and the sums of the limits, and
//! commits together whatever has queued up. In memory for tests and for trying things out, on SQLite for one decider,
//! on PostgreSQL for many.

pub mod engine;
mod writer;
mod shared;
mod pace;
pub mod intake;
pub mod archive;
mod adoption;
mod question;
pub mod memory;
pub mod postgres;
pub mod sqlite;
pub mod encoding;
pub mod journal;
pub mod retention;
pub mod time;
pub mod metrics;
pub mod decision;
pub mod error;
pub mod bounds;

#[cfg(test)]
pub(crate) mod suite;

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use policy::document::Policy;
use policy::time::Time;

use crate::document::Document;

pub use decision::{Answer, ConfigProposal, Decision, Lookup, Origin, Proposal, Record, RequestKind};
pub use engine::{Engine, Setting};
pub use error::{OpenError, StoreError};
pub use journal::Journal;
pub use memory::MemoryJournal;
pub use metrics::Metrics;
pub use postgres::PostgresJournal;
pub use retention::Retention;
pub use sqlite::SqliteJournal;

/// What a store promises to answer with. It goes on whether or not anybody waits for it.
pub type Pending<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// The ledger and the record of decisions.
pub trait Store: Send + Sync {
    /// Settles a request against the ledger and records the decision; the same request again gets the recorded
    /// answer. What was begun is ended even if the caller hangs up.
    ///
    /// # Errors
    /// Nothing was decided; see [`StoreError`].
    fn decide(&self, proposal: Proposal) -> Pending<Answer>;

    /// Records the decision over a configuration change; the same change again gets the recorded answer.
    ///
    /// # Errors
    /// Nothing was decided; see [`StoreError`].
    fn decide_config_change(&self, proposal: ConfigProposal) -> Pending<Answer>;

    /// The policy that decides at present.
    fn policy(&self) -> Arc<Policy>;

    /// Decides by another policy from some moment on, and says when that has come. Its limits count the past. Until
    /// then the present one decides; after an error, too. One at a time: a further call ends one that is under way.
    ///
    /// # Errors
    /// The policy could not be kept, or the ledger not be read; see [`StoreError`].
    fn adopt(&self, policy: Arc<Policy>, document: Document) -> Pending<()>;

    /// What is on record, with the charges as they stand now. `None`: this tenant has no such decision.
    ///
    /// # Errors
    /// The record could not be read; see [`StoreError`].
    fn get(&self, tenant: String, lookup: Lookup) -> Pending<Option<Record>>;

    /// The store's time, for what has to be known before a decision is asked for: never behind what is on record.
    /// Reads a few numbers and no file.
    ///
    /// # Errors
    /// Nothing can be decided now; see [`StoreError`].
    fn now(&self) -> Result<Time, StoreError>;

    /// Whether it could decide now. Reads a few numbers and no file.
    ///
    /// # Errors
    /// Why not.
    fn readiness(&self) -> Result<(), StoreError>;

    /// How long a question would wait for its answer if it were asked now, as far as can be told. Lets the caller reject
    /// a question at once whose deadline would pass in the queue.
    fn expected_wait(&self) -> Duration;
}

/// Which store: `memory`, `sqlite: FILE`, or `postgres` with where and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Config {
    /// Nothing outlives the process.
    Memory,
    /// A database file; it is created where there is none.
    Sqlite(PathBuf),
    /// A database of a server, which any number of deciders share.
    Postgres(Box<postgres::config::Config>),
}

/// Opens the store that is configured, with its sums built from the ledger.
///
/// # Errors
/// Why it cannot be opened, in words for the operator.
pub fn open(config: &Config, setting: Setting) -> Result<Arc<dyn Store>, OpenError> {
    match config {
        Config::Memory => {
            tracing::warn!(
                "the store is in memory: every decision and charge is lost when this process ends. \
                 Configure store.sqlite for anything that signs"
            );
            Ok(Arc::new(Engine::start(MemoryJournal::default(), setting)?))
        }
        Config::Sqlite(path) => {
            let new = path.metadata().map_or(true, |found| found.len() == 0);
            let journal = SqliteJournal::open(path)?;
            if new {
                tracing::warn!(
                    path = %path.display(),
                    "this is a new, empty ledger, in which nothing is charged. If there should be one, stop, and look at \
                     store.sqlite and at what is mounted there"
                );
            }
            Ok(Arc::new(Engine::start(journal, setting)?))
        }
        Config::Postgres(config) => {
            let (config, metrics) = (config.as_ref().clone(), Arc::clone(&setting.metrics));
            Ok(Arc::new(Engine::open(move || PostgresJournal::open(config, metrics), setting)?))
        }
    }
}
