//! What the decider's file says, read without the decider.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OpenFlags};
use system_tests::cosigner::Action;
use system_tests::harness::System;

use super::clients::{Book, amount, capacity};

/// The limit: 1 ETH.
const MAX_WEI: u128 = 1_000_000_000_000_000_000;

/// Compares the file with what the Co-signers were told. The ids of the charged transactions.
pub fn check(system: &System, book: &Book) -> BTreeSet<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = Connection::open_with_flags(system.local().database(), flags).unwrap();
    assert_eq!(text(&database, "PRAGMA integrity_check"), "ok");
    check_decisions(&database, book);
    check_vaults(&database, book);
    charges(&database).into_iter().map(|charge| charge.transaction).collect()
}

/// One decision for each request and stage, and it is what was told.
fn check_decisions(database: &Connection, book: &Book) {
    let sql = "SELECT request_id, stage, group_concat(action) FROM decisions GROUP BY request_id, stage";
    let mut statement = database.prepare(sql).unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        let (id, stage, actions): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(((id, stage == "SIGNING"), actions))
    };
    let mut recorded: BTreeMap<_, _> = statement.query_map([], row).unwrap().map(Result::unwrap).collect();
    for (transfer, action) in book.final_answers() {
        let on_record = recorded.remove(&(transfer.request_id.clone(), transfer.signing));
        assert_eq!(on_record, Some(action.to_string()), "{transfer:?}");
    }
    assert!(recorded.is_empty(), "decided, and nobody was told: {recorded:?}");
}

/// Every vault is as full as its limit lets it be, and never fuller: approvals equal charges, one for each
/// transaction, and no room was lost to a kill.
fn check_vaults(database: &Connection, book: &Book) {
    let mut asked = BTreeMap::<String, BTreeSet<String>>::new();
    for (transfer, _) in book.final_answers() {
        asked.entry(transfer.source).or_default().insert(transfer.tx_id);
    }
    let mut charged = BTreeMap::<String, Vec<Charge>>::new();
    for charge in charges(database) {
        charged.entry(charge.vault.clone()).or_default().push(charge);
    }
    for (vault, transactions) in asked {
        let charges = charged.remove(&vault).unwrap_or_default();
        let number: usize = vault.parse().unwrap();
        let ids: BTreeSet<_> = charges.iter().map(|charge| &charge.transaction).collect();
        assert_eq!(ids.len(), charges.len(), "vault {vault}: a transaction was charged twice");
        assert_eq!(charges.len(), transactions.len().min(capacity(number)), "vault {vault}");
        assert!(charges.iter().all(|charge| charge.wei == wei(amount(number))), "vault {vault}");
        assert!(charges.iter().map(|charge| charge.wei).sum::<u128>() <= MAX_WEI, "vault {vault}");
    }
    assert!(charged.is_empty(), "charged, and nobody asked: {:?}", charged.keys());
    assert!(!book.seen(Action::Reject).is_empty(), "no limit was ever reached: this proves little");
}

struct Charge {
    transaction: String,
    vault: String,
    wei: u128,
}

/// One line for each destination of each charge.
fn charges(database: &Connection) -> Vec<Charge> {
    let sql = "SELECT tx_id, source_id, amount FROM charge_lines";
    let mut statement = database.prepare(sql).unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        let amount: String = row.get(2)?;
        Ok(Charge { transaction: row.get(0)?, vault: row.get(1)?, wei: amount.parse().unwrap() })
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

fn text(database: &Connection, sql: &str) -> String {
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// ETH as decimal text with a leading "0." in wei.
pub fn wei(amount: &str) -> u128 {
    let digits = amount.strip_prefix("0.").unwrap();
    format!("{digits:0<18}").parse().unwrap()
}
