//! What fails around a decision: the decider, the wire to it, the disk under it. None of it ends in an approval that
//! is not on record, and when it is over, everything is decided once.

mod answers;
mod disk;
mod drain;
mod unreachable;

use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use system_tests::cosigner::{Action, Answer};
use system_tests::harness::System;
use system_tests::requests::{Destination, Transfer};

/// The edge of these tests gives its decider so long.
const DEADLINE: Duration = Duration::from_secs(1);
/// What an answer may take: the deadline, and what a loaded machine adds.
const BUDGET: Duration = Duration::from_secs(8);
/// How long it is asked again.
const PATIENCE: Duration = Duration::from_secs(30);
const TREASURY: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";

/// Gives the edge a deadline of `DEADLINE`.
fn impatient(edge_yaml: String) -> String {
    edge_yaml.replace("\ndecider:\n", "\ndecider:\n  deadline: 1s\n")
}

/// Allowed by the demo's policy, of which ten have room.
fn transfer() -> Transfer {
    Transfer::new("ETH", Destination::vault("1", TREASURY, "0.1"))
}

/// A signed RETRY, and soon.
async fn told_to_retry(system: &System, transfer: &Transfer) {
    let answer = system.send(&transfer.payload()).await;
    assert_eq!(answer.reply.action, Action::Retry, "{}", system.logs());
    in_time(&answer);
}

fn in_time(answer: &Answer) {
    assert!(answer.elapsed < BUDGET, "took {:?}", answer.elapsed);
}

/// What a transaction is in the decider's file: decisions over it, and charges.
fn on_file(system: &System, transfer: &Transfer) -> (Vec<String>, usize) {
    let path = system.local().database();
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut decisions = database.prepare("SELECT action FROM decisions WHERE request_id = ?").unwrap();
    let actions = decisions.query_map([&transfer.request_id], |row| row.get(0)).unwrap();
    let charges = "SELECT count(*) FROM charge_lines WHERE tx_id = ?";
    let charges = database.query_row(charges, [&transfer.tx_id], |row| row.get::<_, u32>(0)).unwrap();
    (actions.map(Result::unwrap).collect(), usize::try_from(charges).unwrap())
}

/// The same request, asked again when all is well: approved, recorded once, charged once. Where it is told to, it asks
/// once more, as a Co-signer does: a disk may take longer than an impatient edge.
async fn approved_once(system: &System, transfer: &Transfer) {
    let begun = Instant::now();
    let action = loop {
        match system.send(&transfer.payload()).await.reply.action {
            Action::Retry if begun.elapsed() < PATIENCE => {}
            action => break action,
        }
    };
    assert_eq!(action, Action::Approve, "{}", system.logs());
    assert_eq!(on_file(system, transfer), (vec!["APPROVE".to_owned()], 1));
}

/// Lines of this level that a service has logged.
fn lines(log: &str, level: &str) -> Vec<serde_json::Value> {
    let parsed = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    parsed.filter(|line| line["level"] == level).collect()
}
