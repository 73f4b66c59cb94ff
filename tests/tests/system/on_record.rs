//! What the decider has on record, from three sides: its answers, its numbers, and its file.

use proto::decider::v1::decision_record::Answer as Recorded;
use proto::decider::v1::{Action, DecideResponse, DecisionRecord, ReasonCode};
use rusqlite::{Connection, OpenFlags};
use system_tests::cosigner::{self, Cosigner};
use system_tests::harness::System;
use system_tests::local::Local;

/// What was replied to one request, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What the Co-signer was told.
    pub action: cosigner::Action,
    /// Why, by the newest record. `None`: the edge answered for itself, and nothing is on record.
    pub reason: Option<ReasonCode>,
}

impl Outcome {
    /// Approved, because a rule covers it and every limit has room.
    pub const APPROVED: Self = Self { action: cosigner::Action::Approve, reason: Some(ReasonCode::Allowed) };
    /// Rejected by the edge itself.
    pub const MALFORMED: Self = Self { action: cosigner::Action::Reject, reason: None };

    /// Rejected by the decider, for this reason.
    pub const fn rejected(reason: ReasonCode) -> Self {
        Self { action: cosigner::Action::Reject, reason: Some(reason) }
    }
}

/// Sends a transaction and looks up what was recorded of it.
pub async fn outcome(system: &System, cosigner: &Cosigner, payload: &[u8]) -> Outcome {
    let answer = cosigner.send(payload).await.unwrap_or_else(|error| panic!("{error}\n{}", system.logs()));
    let recorded = answered(system, &answer.reply.request_id).await;
    if let Some(recorded) = &recorded {
        assert_eq!(
            recorded.action(),
            of_the_contract(answer.reply.action),
            "what is told is what is on record"
        );
    }
    Outcome { action: answer.reply.action, reason: recorded.map(|recorded| recorded.reason_code()) }
}

/// The newest answer on record over a transaction.
pub async fn answered(system: &System, request_id: &str) -> Option<DecideResponse> {
    Some(answer_of(system.record(request_id).await?))
}

/// The answer in a transaction's record.
pub fn answer_of(record: DecisionRecord) -> DecideResponse {
    match record.answer {
        Some(Recorded::TransactionAnswer(answer)) => answer,
        other => panic!("no answer over a transaction: {other:?}"),
    }
}

fn of_the_contract(action: cosigner::Action) -> Action {
    match action {
        cosigner::Action::Approve => Action::Approve,
        cosigner::Action::Reject => Action::Reject,
        cosigner::Action::Retry => Action::Retry,
        cosigner::Action::Ignore => Action::Ignore,
    }
}

/// How many decisions the decider has counted, answers from the record included.
pub async fn decisions_counted(system: &mut System) -> u64 {
    let (status, text) = system.decider().admin("/metrics").await.unwrap();
    assert_eq!(status, 200);
    total(&text, "countersign_decider_decisions_total")
}

/// The sum of a counter over all its labels.
pub fn total(metrics: &str, name: &str) -> u64 {
    let samples = metrics.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    samples.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

/// The decider's file, read beside it.
pub struct LedgerFile(Connection);

/// One destination of one charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeLine {
    /// The transaction.
    pub tx_id: String,
    /// What follows it in the charge's key.
    pub suffix: String,
    /// Base units.
    pub amount: u128,
}

impl LedgerFile {
    /// Opens it for reading alone.
    pub fn open(local: &Local) -> Self {
        Self(Connection::open_with_flags(local.database(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap())
    }

    /// Every charge, oldest first.
    pub fn charges(&self) -> Vec<ChargeLine> {
        let mut query = self.0.prepare("SELECT tx_id, suffix, amount FROM charge_lines").unwrap();
        let line = |row: &rusqlite::Row<'_>| {
            Ok(ChargeLine {
                tx_id: row.get(0)?,
                suffix: row.get(1)?,
                amount: row.get::<_, String>(2)?.parse().unwrap(),
            })
        };
        query.query_map([], line).unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// The sum of all charges, in base units.
    pub fn charged(&self) -> u128 {
        self.charges().iter().map(|line| line.amount).sum()
    }

    /// Action and reason of every decision over this request, oldest first.
    pub fn decisions(&self, request_id: &str) -> Vec<(String, String)> {
        let sql = "SELECT action, reason_code FROM decision_lines WHERE request_id = ?1";
        let mut query = self.0.prepare(sql).unwrap();
        let rows = query.query_map([request_id], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// How many decisions there are with this action.
    pub fn count(&self, action: &str) -> u64 {
        let sql = "SELECT count(*) FROM decision_lines WHERE action = ?1";
        self.0.query_row(sql, [action], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs()
    }

    /// How many decisions there are.
    pub fn decision_count(&self) -> u64 {
        let count = self.0.query_row("SELECT count(*) FROM decisions", [], |row| row.get::<_, i64>(0));
        count.unwrap().unsigned_abs()
    }
}
