//! A server's ledger that is filled with what another store holds, in one transaction under the lock of its head.

use std::collections::BTreeMap;

use tokio::runtime::Builder;

use super::archive::PostgresArchive;
use super::config::Config;
use super::connection::Trouble;
use super::ledger::gone;
use super::rows::{Parameters, Rows};
use super::session::{self, Session};
use super::statements::{ORIGIN, WRITE_CHARGES, WRITE_DECISIONS, WRITE_PAYLOADS};
use crate::document::Document;
use crate::store::archive::{Archive, ChargeRow, DecisionRow, Release};
use crate::store::decision::{Decision, Origin};
use crate::store::error::OpenError;
use crate::store::intake::Intake;
use crate::store::journal::JournalError;

/// Rows that go over in one statement.
const BATCH_ROWS: usize = 512;

/// The other store may take its time.
const BEGIN: &str = "
    SET idle_in_transaction_session_timeout = '10min';
    SET statement_timeout = 0;
    BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SELECT 1 FROM countersign.head FOR UPDATE;";

const IS_EMPTY: &str = "
    SELECT position = 0 AND NOT EXISTS (SELECT 1 FROM countersign.decisions)
                        AND NOT EXISTS (SELECT 1 FROM countersign.charges) FROM countersign.head";

const MOVE_HEAD: &str =
    "UPDATE countersign.head SET position = $1, latest_us = $2, timeline = greatest(timeline, $3)";

/// A ledger in the making.
pub struct PostgresIntake {
    config: Config,
    archive: PostgresArchive,
    timeline: i64,
    positions: Vec<i64>,
    charge_positions: Vec<i64>,
    rows: Rows,
    /// When something was pruned, and before which time it was decided, both in microseconds since 1970.
    prunings: BTreeMap<i64, i64>,
    /// Position and time of the last decision that was written.
    head: Option<(i64, i64)>,
}

impl PostgresIntake {
    /// Opens a ledger that holds no decisions, for as long as nobody else can write to it.
    ///
    /// # Errors
    /// It holds some, or the server cannot keep a ledger.
    pub fn open(config: &Config) -> Result<Self, OpenError> {
        match Self::begin(config)? {
            (intake, true) => Ok(intake),
            (_, false) => Err(OpenError::NotEmpty("the ledger on PostgreSQL".into())),
        }
    }

    /// Opens a ledger that is frozen, for as long as nobody else can write to it.
    ///
    /// # Errors
    /// It is not, or the server cannot keep a ledger.
    pub fn open_frozen(config: &Config) -> Result<Self, OpenError> {
        let (mut intake, _) = Self::begin(config)?;
        let standing = intake.archive.state();
        match standing.map_err(|error| OpenError::Ledger(error.to_string()))?.frozen {
            Some(_) => Ok(intake),
            None => Err(OpenError::NotFrozen),
        }
    }

    /// And whether it is empty.
    fn begin(config: &Config) -> Result<(Self, bool), OpenError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(OpenError::Thread)?;
        let opened = runtime.block_on(async {
            let Session { connection, timeline, .. } = Session::open(config).await?;
            connection.client.batch_execute(BEGIN).await?;
            let empty: bool =
                connection.client.query_opt(IS_EMPTY, &[]).await?.ok_or_else(gone)?.try_get(0)?;
            Ok((connection, timeline, empty))
        });
        let (connection, timeline, empty) =
            opened.map_err(|trouble: Trouble| OpenError::Server(trouble.to_string()))?;
        let (positions, charge_positions, rows) = (Vec::new(), Vec::new(), Rows::default());
        let archive = PostgresArchive::over(runtime, connection);
        let (prunings, config) = (BTreeMap::new(), config.clone());
        let intake =
            Self { config, archive, timeline, positions, charge_positions, rows, prunings, head: None };
        Ok((intake, empty))
    }

    fn execute<const COUNT: usize>(
        &self,
        sql: &str,
        parameters: Parameters<'_, COUNT>,
    ) -> Result<u64, JournalError> {
        self.archive.execute(sql, &parameters)
    }

    fn send(&mut self) -> Result<(), JournalError> {
        let (rows, positions) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.positions));
        let charge_positions = std::mem::take(&mut self.charge_positions);
        if positions.is_empty() {
            return Ok(());
        }
        for (pruned_us, before_us) in std::mem::take(&mut self.prunings) {
            let sql = "INSERT INTO countersign.prunings (before_us, pruned_us) VALUES ($1, $2)";
            self.execute(sql, [&before_us, &pruned_us])?;
        }
        let written = [
            (self.execute(WRITE_DECISIONS, rows.decisions(&positions))?, positions.len()),
            (self.execute(WRITE_PAYLOADS, rows.payloads(&positions))?, rows.kept()),
            (
                self.execute(WRITE_CHARGES, rows.charges.parameters(&charge_positions))?,
                charge_positions.len(),
            ),
        ];
        match written.iter().all(|(wrote, sent)| usize::try_from(*wrote) == Ok(*sent)) {
            true => Ok(()),
            false => {
                Err(Trouble("the server took rows away: is there a trigger on its tables?".into()).into())
            }
        }
    }
}

impl Intake for PostgresIntake {
    fn policy(&mut self, hash: &str, document: &Document) -> Result<(), JournalError> {
        self.archive.remember_policy(hash, document)
    }

    fn write(
        &mut self,
        row: DecisionRow,
        decision: &Decision,
        charge: Option<ChargeRow>,
    ) -> Result<(), JournalError> {
        self.head = Some((row.position, row.decided_us));
        if let Origin::Pruned { at, .. } = &row.origin {
            let before_us = row.decided_us.saturating_add(1);
            let noted = self.prunings.entry(at.as_micros()).or_insert(before_us);
            *noted = before_us.max(*noted);
        }
        self.positions.push(row.position);
        self.charge_positions.extend(charge.is_some().then_some(row.position));
        self.rows.add_kept(row, decision, charge);
        if self.positions.len() >= BATCH_ROWS { self.send() } else { Ok(()) }
    }

    fn freeze(&mut self, why: &str) -> Result<(), JournalError> {
        self.send()?;
        self.execute("UPDATE countersign.head SET frozen = $1", [&why]).map(|_| ())
    }

    fn state(&mut self, release: &Release) -> Result<(), JournalError> {
        let Release { released_us, by, frozen, position, lost } = release;
        let sql = "INSERT INTO countersign.releases (released_us, released_by, frozen, position, lost) \
                   VALUES ($1, $2, $3, $4, $5)";
        self.execute(sql, [released_us, by, frozen, position, lost]).map(|_| ())
    }

    /// From here on it belongs where it is, also what was loaded: to write it once more is to take it over. Where it comes
    /// from elsewhere, the timeline is of no server that could come back.
    fn thaw(&mut self) -> Result<(), JournalError> {
        self.execute("UPDATE countersign.head SET position = position", [])?;
        let sql = format!(
            "UPDATE countersign.head
                SET frozen = NULL, origin = {ORIGIN},
                    timeline = CASE WHEN origin <> {ORIGIN} THEN $1 ELSE greatest(timeline, $1) END"
        );
        self.execute(&sql, [&self.timeline]).map(|_| ())
    }

    fn written(&mut self) -> Result<&mut dyn Archive, JournalError> {
        self.send()?;
        Ok(&mut self.archive)
    }

    fn finish(mut self: Box<Self>) -> Result<(), JournalError> {
        self.send()?;
        if let Some((position, latest)) = self.head {
            self.execute(MOVE_HEAD, [&position, &latest, &self.timeline])?;
        }
        self.archive.commit()?;
        // A commit that waits for a standby is let go, without a word, when nobody is named any more.
        session::lasting(&self.archive.settings()?, &self.config)?;
        Ok(())
    }
}
