//! What is asked of the server, each as few round trips as it can be.

use policy::charge::{Charge, ChargeKey};
use policy::settle::ChargeChange;
use policy::time::Time;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::config::Config;
use super::connection::{Connection, Trouble};
use super::durability::Settings;
use super::inquiry::{ChargeColumns, Inquiry, InquiryAnswer, Known, charges_of};
use super::policies;
use super::retention::{self, Pruned};
use super::rows::{Parameters, Rows, change_of, record_of};
use super::session::Session;
use super::statements::{BEGIN, COMMIT, HAS_HEAD, HOLDER, ROLLBACK, Statements, look_at_origin};
use crate::document::Document;
use crate::store::decision::{Lookup, Record};
use crate::store::journal::JournalError;

/// Charges of others that are taken in under the lock. A decider that is further behind catches up without it first.
pub const MAX_FOLLOWED: i64 = 1_000;

/// A connection over which the ledger is kept.
pub struct Ledger {
    connection: Connection,
    statements: Statements,
    /// The server's process at the other end.
    process: i32,
    /// The server's timeline.
    pub timeline: i64,
    /// What is missing for a commit to last, where that is only to be said.
    pub shortfall: Option<String>,
}

/// How far a log has come. One that went on from an earlier point is not told by its length alone.
#[derive(Debug, Clone, Default)]
pub struct LogEnd {
    /// The last position.
    pub position: i64,
    /// The id of the decision there, as it is kept.
    pub decision: Option<String>,
    /// The number of the last release; 0 before the first.
    pub release: i64,
}

/// Where the log ends, and what the server says beside it.
pub struct Head {
    /// The end.
    pub end: LogEnd,
    /// The time of the latest decision.
    pub latest: Option<Time>,
    /// The server's clock.
    pub clock: Time,
    /// What durability rests on.
    pub settings: Settings,
    /// Why nothing may be decided.
    pub frozen: Option<String>,
}

/// What came of beginning a transaction.
pub enum Begun {
    /// Somebody else holds the ledger. There is no transaction.
    Busy,
    /// Too much was charged meanwhile: so much of it. There is no transaction.
    Behind(Vec<(i64, ChargeChange)>),
    /// The ledger is ours.
    Open(Box<Opened>),
}

/// Who holds the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A commit that waits for a standby.
    Hangs,
    /// Somebody else, in words, as far as the role may know. `None`: nobody any more.
    Other(Option<String>),
}

/// A transaction.
pub struct Opened {
    /// As it stands.
    pub head: Head,
    /// What others charged since.
    pub followed: Vec<(i64, ChargeChange)>,
    /// What was asked.
    pub found: InquiryAnswer,
}

impl Ledger {
    /// Connects and prepares everything.
    ///
    /// # Errors
    /// Why the ledger cannot be kept there now.
    pub async fn open(config: &Config) -> Result<Self, Trouble> {
        let Session { connection, timeline, process, shortfall } = Session::open(config).await?;
        let statements = Statements::prepare(&connection.client).await?;
        Ok(Self { connection, statements, process, timeline, shortfall })
    }

    /// What was set, and looked at, when it was connected is true of one process of one server.
    fn own(&self, process: i32) -> Result<(), Trouble> {
        if process == self.process {
            return Ok(());
        }
        Err(Trouble(
            "another process of the server answered than the one that was connected to: connect to the server itself, \
             not through a program that shares its sessions or spreads what is read"
                .into(),
        ))
    }

    /// What the server warned of since this was asked last.
    pub fn warning(&self) -> Option<String> {
        self.connection.warning()
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.connection.close().await;
    }

    /// Takes the lock and reads everything, in one round trip: the statements wait behind the lock, and each sees what
    /// was committed before it came.
    pub async fn begin(&self, inquiry: &Inquiry, position: i64) -> Result<Begun, Trouble> {
        let (client, statements) = (&self.connection.client, &self.statements);
        let (requests, charges) = (inquiry.requests.parameters(), inquiry.charge_columns.parameters());
        let after: Parameters<'_, 2> = [&position, &MAX_FOLLOWED];
        let (begun, locked, head, followed, recorded, charged) = tokio::join!(
            biased;
            client.batch_execute(BEGIN),
            client.query_opt(&statements.lock, &[]),
            client.query_one(&statements.head, &[]),
            client.query(&statements.follow, &after),
            client.query(&statements.recorded, &requests),
            client.query(&statements.charges, &charges),
        );
        begun?;
        if is_held(&locked) {
            client.batch_execute(ROLLBACK).await?;
            return Ok(Begun::Busy);
        }
        locked?.ok_or_else(gone)?;
        let followed = changes_of(&followed?)?;
        if is_full(&followed) {
            client.batch_execute(ROLLBACK).await?;
            return Ok(Begun::Behind(followed));
        }
        let answers = recorded?.iter().map(Known::read).collect::<Result<_, _>>()?;
        let found = InquiryAnswer { answers, charges: charges_of(&inquiry.charges, &charged?)? };
        let head = Head::read(&head?)?;
        self.own(head.settings.process)?;
        Ok(Begun::Open(Box::new(Opened { head, followed, found })))
    }

    /// Writes everything and commits, in one round trip. A statement that fails makes the commit a rollback, which the
    /// server acknowledges like a commit: so each one's own result counts. Comes back with what durability rests on once it
    /// was acknowledged: a commit that waits is let go, without a word, when `synchronous_standby_names` is emptied.
    pub async fn commit(&self, rows: &Rows, end: i64) -> Result<Settings, Trouble> {
        let (client, statements) = (&self.connection.client, &self.statements);
        let (positions, charge_positions) = rows.positions(end);
        let (last, latest) = (positions.last().copied().unwrap_or(end), rows.decided_us.last().copied());
        let (decisions, payloads) = (rows.decisions(&positions), rows.payloads(&positions));
        let (charges, head): (_, Parameters<'_, 2>) =
            (rows.charges.parameters(&charge_positions), [&last, &latest]);
        let (decisions, payloads, charges, head, committed, settings) = tokio::join!(
            biased;
            client.query_one(&statements.write_decisions, &decisions),
            client.query_one(&statements.write_payloads, &payloads),
            client.query_one(&statements.write_charges, &charges),
            client.query_one(&statements.move_head, &head),
            client.batch_execute(COMMIT),
            client.query_one(&statements.settings, &[]),
        );
        for written in [decisions, payloads, charges, head] {
            written.map_err(not_written)?;
        }
        committed?;
        let settings = Settings::read(&settings?, 0)?;
        self.own(settings.process)?;
        Ok(settings)
    }

    /// Freezes a ledger that was restored: it is in another place than it was, or its log is not the one that was `seen`.
    pub async fn look_at_origin(&self, seen: &LogEnd) -> Result<(), Trouble> {
        let LogEnd { position, decision, release } = seen;
        self.connection.client.execute(&look_at_origin(), &[position, decision, release]).await?;
        Ok(())
    }

    /// Ends a transaction without anything written.
    pub async fn roll_back(&self) -> Result<(), Trouble> {
        Ok(self.connection.client.batch_execute(ROLLBACK).await?)
    }

    /// Commits a write that says nothing, in the open transaction or one of its own: once it is acknowledged, so is
    /// everything before the position that comes back, if it lasts by what durability rests on then. Refused by a server of
    /// an older timeline than the ledger's. `None`: somebody else holds the ledger.
    pub async fn touch(&self, in_transaction: bool) -> Result<Option<(i64, Settings)>, Trouble> {
        let client = &self.connection.client;
        let timeline: Parameters<'_, 1> = [&self.timeline];
        let commit = async { if in_transaction { client.batch_execute(COMMIT).await } else { Ok(()) } };
        let (touched, committed, settings) = tokio::join!(
            biased;
            client.query_opt(&self.statements.touch, &timeline),
            commit,
            client.query_one(&self.statements.settings, &[]),
        );
        if is_held(&touched) {
            return Ok(None);
        }
        let touched = touched?;
        committed?;
        let Some(row) = touched else { return Err(self.untouched().await?) };
        let settings = Settings::read(&settings?, 0)?;
        self.own(settings.process)?;
        Ok(Some((row.try_get(0)?, settings)))
    }

    /// Why no row was touched.
    async fn untouched(&self) -> Result<Trouble, Trouble> {
        let timeline = self.timeline;
        if !self.connection.client.query_one(HAS_HEAD, &[]).await?.try_get::<_, bool>(0)? {
            return Ok(gone());
        }
        Ok(Trouble(format!(
            "the server is on timeline {timeline}, and the ledger was on a later one: this is an old primary or a \
             copy. Point the decider to the present primary; where a dump that was restored is to go on, release it by \
             `decider store release`; where a copy of the server is, state so by `UPDATE countersign.head SET timeline = {timeline}`"
        )))
    }

    /// Where the log ends.
    pub async fn head(&self) -> Result<Head, Trouble> {
        let row = self.connection.client.query_opt(&self.statements.head, &[]).await?;
        let head = Head::read(&row.ok_or_else(gone)?)?;
        self.own(head.settings.process)?;
        Ok(head)
    }

    /// Who holds the ledger. Its head itself is not read: the lock may be on all of its table.
    pub async fn holder(&self) -> Result<Holder, Trouble> {
        let row = self.connection.client.query_one(HOLDER, &[]).await?;
        Ok(if row.try_get(0)? { Holder::Hangs } else { Holder::Other(row.try_get(1)?) })
    }

    /// What was charged after a position.
    pub async fn follow(&self, position: i64) -> Result<Vec<(i64, ChargeChange)>, Trouble> {
        let rows = self.connection.client.query(&self.statements.follow, &[&position, &MAX_FOLLOWED]).await?;
        changes_of(&rows)
    }

    /// Charges as they stand now, at `start` or later, each with its latest time, in the order of that.
    pub async fn charges_since(&self, start: Time, at_least: i64) -> Result<Vec<Row>, Trouble> {
        let start = start.as_micros();
        let rows = self.connection.client.query(&self.statements.charges_since, &[&start, &at_least]).await?;
        rows.iter().try_for_each(|row| self.own(row.try_get(2)?))?;
        Ok(rows)
    }

    /// Charges as they stand now.
    pub async fn charges(
        &self,
        keys: &[ChargeKey],
    ) -> Result<Vec<Result<Option<Charge>, JournalError>>, Trouble> {
        let columns = ChargeColumns::of(keys);
        let found = self.connection.client.query(&self.statements.charges, &columns.parameters()).await?;
        Ok(charges_of(keys, &found)?)
    }

    /// Lets a piece go of what was decided before `end`.
    pub async fn prune(&self, end: Time, now: Time) -> Result<Pruned, Trouble> {
        retention::prune(&self.connection.client, end, now).await
    }

    /// A record with its position, without the charges.
    pub async fn find(
        &self,
        tenant: &str,
        lookup: &Lookup,
    ) -> Result<Option<(i64, Result<Record, JournalError>)>, Trouble> {
        let (statement, id) = match lookup {
            Lookup::Id(id) => (&self.statements.find_by_id, id),
            Lookup::RequestId(id) => (&self.statements.find_by_request, id),
        };
        let (tenant, id) = (super::rows::plain(tenant), super::rows::plain(id));
        let row = self.connection.client.query_opt(statement, &[&tenant, &id]).await?;
        Ok(row.as_ref().map(record_of).transpose()?)
    }

    /// Keeps a policy and its files.
    pub async fn remember_policy(&self, hash: &str, document: &Document) -> Result<(), Trouble> {
        Ok(policies::remember(&self.connection.client, hash, document).await?)
    }

    /// A policy's manifest.
    pub async fn manifest(&self, hash: &str) -> Result<Option<String>, Trouble> {
        Ok(policies::manifest(&self.connection.client, hash).await?)
    }

    /// A file of a policy.
    pub async fn policy_file(&self, hash: &str) -> Result<Option<Vec<u8>>, Trouble> {
        Ok(policies::file(&self.connection.client, hash).await?)
    }
}

impl Head {
    fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            end: LogEnd { position: row.try_get(0)?, decision: row.try_get(4)?, release: row.try_get(5)? },
            latest: row.try_get::<_, Option<i64>>(1)?.map(Time::from_micros),
            clock: Time::from_micros(row.try_get(2)?),
            frozen: row.try_get(3)?,
            settings: Settings::read(row, 6)?,
        })
    }
}

/// The row that says where the log ends is not there. One that is put in its place freezes the ledger.
pub fn gone() -> Trouble {
    Trouble(
        "the head of the log is gone: countersign.head has no row, and nothing is decided. Find out what else is gone. If \
         nothing is, run `INSERT INTO countersign.head (position, latest_us, timeline) SELECT coalesce(max(position), 0), \
         max(decided_us), 0 FROM countersign.decisions`, then `decider store verify` and `decider store release`; else \
         restore a backup"
            .into(),
    )
}

/// Whether the lock could not be had in time.
fn is_held<T>(locked: &Result<T, tokio_postgres::Error>) -> bool {
    locked.as_ref().is_err_and(|error| error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE))
}

/// Whether there may be more.
pub fn is_full(changes: &[(i64, ChargeChange)]) -> bool {
    i64::try_from(changes.len()).is_ok_and(|changes| changes >= MAX_FOLLOWED)
}

fn not_written(error: tokio_postgres::Error) -> Trouble {
    match error.code() {
        Some(&SqlState::DIVISION_BY_ZERO) => Trouble(
            "rows are missing of what was written, and nothing was committed: is there a trigger or a rule on a table of \
             the schema countersign that takes rows away? Drop it"
                .into(),
        ),
        _ => error.into(),
    }
}

fn changes_of(rows: &[Row]) -> Result<Vec<(i64, ChargeChange)>, Trouble> {
    rows.iter().map(change_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Config as Store;
    use crate::store::suite::fixture::Backend;

    /// As behind a pooler.
    #[tokio::test]
    async fn what_another_process_of_the_server_answers_is_not_relied_on() {
        let backend = Backend::postgres();
        let Store::Postgres(config) = backend.config() else { panic!("another backend") };
        let mut ledger = Ledger::open(&config).await.unwrap();
        assert!(ledger.head().await.is_ok());
        ledger.process += 1;
        let told = ledger.head().await.err().unwrap();
        insta::assert_snapshot!(told, @"PostgreSQL: another process of the server answered than the one that was connected to: connect to the server itself, not through a program that shares its sessions or spreads what is read");
        assert!(ledger.touch(false).await.is_err());
        assert!(ledger.begin(&Inquiry::of(&mut std::iter::empty()), 0).await.is_err());
        assert!(ledger.commit(&Rows::default(), 0).await.is_err());
    }
}
