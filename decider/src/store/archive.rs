//! A store as a whole, to count, check, export or copy it: one moment of it, row by row as it is kept.

use policy::charge::ChargeKey;
use policy::evidence::Evidence;

use super::Config;
use super::decision::{Origin, RequestKind};
use super::encoding::parse;
use super::error::OpenError;
use super::journal::{JournalError, RequestIdentity};
use super::postgres::PostgresArchive;
use super::sqlite::SqliteArchive;
use crate::document::Document;

/// Rows that are read at once: a few megabytes at most, as a payload is small.
pub const PAGE_ROWS: i64 = 512;

/// A store at one moment. Others may go on writing to it.
pub trait Archive {
    /// What it says of itself.
    ///
    /// # Errors
    /// It could not be read.
    fn about(&mut self) -> Result<About, JournalError>;

    /// What its tables lack that keeps them right and fast, each with what to do about it.
    ///
    /// # Errors
    /// It could not be read.
    fn lacking(&mut self) -> Result<Vec<String>, JournalError> {
        Ok(Vec::new())
    }

    /// Whether it may decide, and what operators have stated of it.
    ///
    /// # Errors
    /// It could not be read.
    fn state(&mut self) -> Result<StoreState, JournalError>;

    /// The next decisions after a position, in the order of the log; none after the last.
    ///
    /// # Errors
    /// They could not be read.
    fn decisions(&mut self, after: i64) -> Result<Vec<DecisionRow>, JournalError>;

    /// The position up to which the log is pruned, as a whole or in part; 0 where nothing of it is.
    ///
    /// # Errors
    /// It could not be read.
    fn pruned_to(&mut self) -> Result<i64, JournalError>;

    /// The next charges after a place, as they stand now, in the order of their places; none after the last.
    ///
    /// # Errors
    /// They could not be read.
    fn charges(&mut self, after: i64) -> Result<Vec<ChargeRow>, JournalError>;

    /// The charge of this key as it stands now, as JSON.
    ///
    /// # Errors
    /// It could not be read.
    fn charge(&mut self, key: &ChargeKey) -> Result<Option<String>, JournalError>;

    /// The same of each of these, in their order.
    ///
    /// # Errors
    /// They could not be read.
    fn charges_of(&mut self, keys: &[ChargeKey]) -> Result<Vec<Option<String>>, JournalError> {
        keys.iter().map(|key| self.charge(key)).collect()
    }

    /// The hashes of the policies that are kept, sorted.
    ///
    /// # Errors
    /// They could not be read.
    fn policies(&mut self) -> Result<Vec<String>, JournalError>;

    /// A policy that is kept.
    ///
    /// # Errors
    /// It could not be read, or is not what was kept.
    fn policy(&mut self, hash: &str) -> Result<Option<Document>, JournalError>;
}

/// A store that nobody else can write to meanwhile.
pub trait Alone: Archive {
    /// Freezes it before that ends, where it is not frozen: another store takes its place. On return it is durable.
    ///
    /// # Errors
    /// Nobody knows whether it is frozen.
    fn leave(self: Box<Self>, why: &str) -> Result<(), JournalError>;
}

/// What a store says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// `sqlite` or `postgres`.
    pub kind: &'static str,
    /// The schema of its tables.
    pub schema: i64,
    /// What it takes on disk, in bytes, indexes included.
    pub bytes: u64,
    /// Where its log ends by its own account.
    pub head: i64,
}

/// Whether a store may decide, and what operators have stated of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreState {
    /// Why nothing may be decided.
    pub frozen: Option<String>,
    /// In their order.
    pub releases: Vec<Release>,
}

/// An operator's statement of what was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// When, in microseconds since 1970.
    pub released_us: i64,
    /// The operator, by the name given.
    pub by: String,
    /// Why the store was frozen.
    pub frozen: String,
    /// Where the log ended.
    pub position: i64,
    /// `nothing`, or the lines that were entered after it.
    pub lost: String,
}

/// A decision as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRow {
    /// Its place in the log, from 1.
    pub position: i64,
    /// The decision's id.
    pub id: String,
    /// Which request it answers.
    pub identity: RequestIdentity,
    /// What kind of request.
    pub kind: RequestKind,
    /// When, in microseconds since 1970.
    pub decided_us: i64,
    /// The policy that decided.
    pub policy_hash: String,
    /// The answer as JSON.
    pub body: String,
    /// What it came out of; the evidence as JSON.
    pub origin: Origin<String>,
}

impl DecisionRow {
    /// The charges that it looked at, its own among them.
    ///
    /// # Errors
    /// The evidence cannot be read.
    pub fn charge_keys(&self) -> Result<Vec<ChargeKey>, JournalError> {
        match &self.origin {
            Origin::Pruned { charges, .. } => Ok(charges.clone()),
            Origin::Kept { evidence, .. } => {
                let evidence: Evidence = parse(evidence, || format!("evidence of decision {}", self.id))?;
                Ok(evidence.charges.into_iter().map(|(key, _)| key).collect())
            }
        }
    }
}

/// A charge as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRow {
    /// Its place among the charges. Nothing but the order is in it.
    pub place: i64,
    /// Which transaction it charges.
    pub key: ChargeKey,
    /// The latest time at which it counts for anybody, in microseconds since 1970.
    pub latest_us: i64,
    /// The charge as JSON.
    pub body: String,
}

/// Opens a store to read all of it; a decider may be serving from it.
///
/// # Errors
/// Why it cannot be read, in words for an operator.
pub fn open(config: &Config) -> Result<Box<dyn Archive>, OpenError> {
    match config {
        Config::Memory => Err(OpenError::Forgetful),
        Config::Sqlite(path) => Ok(Box::new(SqliteArchive::open(path)?)),
        Config::Postgres(config) => Ok(Box::new(PostgresArchive::open(config)?)),
    }
}

/// Opens a store to read all of it while nobody can write to it.
///
/// # Errors
/// Why it cannot be read, or that a decider uses it.
pub fn open_alone(config: &Config) -> Result<Box<dyn Alone>, OpenError> {
    match config {
        Config::Memory => Err(OpenError::Forgetful),
        Config::Sqlite(path) => Ok(Box::new(SqliteArchive::open_alone(path)?)),
        Config::Postgres(config) => Ok(Box::new(PostgresArchive::open_alone(config)?)),
    }
}

/// Hands over every decision, in the order of the log.
///
/// # Errors
/// They could not be read, or `take` failed.
pub fn each_decision<E: From<JournalError>>(
    archive: &mut dyn Archive,
    take: impl FnMut(&mut dyn Archive, DecisionRow) -> Result<(), E>,
) -> Result<(), E> {
    each_decision_after(archive, i64::MIN, take)
}

/// The same of those after a position.
///
/// # Errors
/// They could not be read, or `take` failed.
pub fn each_decision_after<E: From<JournalError>>(
    archive: &mut dyn Archive,
    position: i64,
    mut take: impl FnMut(&mut dyn Archive, DecisionRow) -> Result<(), E>,
) -> Result<(), E> {
    each_page_after(archive, position, |archive, page| {
        page.into_iter().try_for_each(|row| take(archive, row))
    })
}

/// The same by the page, for whoever asks more about each: a page is asked about at once.
///
/// # Errors
/// They could not be read, or `take` failed.
pub fn each_page<E: From<JournalError>>(
    archive: &mut dyn Archive,
    take: impl FnMut(&mut dyn Archive, Vec<DecisionRow>) -> Result<(), E>,
) -> Result<(), E> {
    each_page_after(archive, i64::MIN, take)
}

fn each_page_after<E: From<JournalError>>(
    archive: &mut dyn Archive,
    mut position: i64,
    mut take: impl FnMut(&mut dyn Archive, Vec<DecisionRow>) -> Result<(), E>,
) -> Result<(), E> {
    loop {
        let page = archive.decisions(position)?;
        let Some(last) = page.last() else { return Ok(()) };
        position = last.position;
        take(archive, page)?;
    }
}

/// Hands over every charge as it stands now.
///
/// # Errors
/// They could not be read, or `take` failed.
pub fn each_charge<E: From<JournalError>>(
    archive: &mut dyn Archive,
    mut take: impl FnMut(ChargeRow) -> Result<(), E>,
) -> Result<(), E> {
    let mut place = i64::MIN;
    loop {
        let page = archive.charges(place)?;
        let Some(last) = page.last() else { return Ok(()) };
        place = last.place;
        page.into_iter().try_for_each(&mut take)?;
    }
}
