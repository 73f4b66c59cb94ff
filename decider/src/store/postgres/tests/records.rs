//! How records are kept.

use policy::verdict::{Action, ReasonCode};

use super::super::statements;
use super::*;
use crate::store::Store;

#[tokio::test]
async fn people_read_it_with_their_own_tools_while_it_works() {
    let (backend, _) = ledger();
    let desk = backend.open(&Arc::new(policy(vec![])), &clock());
    desk.allow(&request("tx-1").address(Some(address('a')))).await;
    desk.reject(&request("tx-2").amount("1e5"), ReasonCode::FieldInvalid).await;
    desk.change(&config_change("c-1", b"")).await;
    let lines = |sql: &str| database(&backend).texts(&format!("SET TimeZone = 'UTC'; {sql}")).join("\n");
    let decisions = "SELECT decided, tenant, kind, request_id, stage, verdict, action, reason_code
                       FROM countersign.decision_lines";
    insta::assert_snapshot!(lines(decisions), @"
    2023-11-14 22:13:20+00 default transaction tx-1 APPROVAL ALLOW APPROVE ALLOWED
    2023-11-14 22:13:20+00 default transaction tx-2 APPROVAL DENY REJECT FIELD_INVALID
    2023-11-14 22:13:20+00 default config_change c-1 - HOLD IGNORE CONFIG_CHANGE_NO_RULE
    ");
    insta::assert_snapshot!(lines("SELECT * FROM countersign.charge_lines"), @"2023-11-14 22:13:20+00 default tx-1  TRANSFER ETH VAULT 0 VAULT 1 evm:0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa - 1000000000000000000 2000000000");
    desk.allow(&request("tx-3")).await;
}

/// Text on the server holds no NUL, and its indexes no long rows; one request must not be everybody's failure.
#[tokio::test]
async fn ids_of_every_kind_are_kept_apart_and_found_again() {
    let (backend, _) = ledger();
    let desk = backend.open(&Arc::new(policy(vec![])), &clock());
    let long = |letter: &str| letter.repeat(256 / letter.len());
    let ids =
        ["a\0b", r"a\0b", "a\\\0b", "", " ", "'; DROP TABLE x; --", "ä\u{1f}\u{10ffff}"].map(String::from);
    for id in ids.into_iter().chain([long("\0"), long("\\"), long("x"), long("ß")]) {
        let given = desk.allow(&request("tx").id(&format!("tx{id}")).signer(&id)).await;
        assert_eq!(desk.record(&given).await.decision, given, "{id:?}");
        assert_eq!(desk.newest(&format!("tx{id}")).await.unwrap().decision, given, "{id:?}");
        let mut other = request(&format!("own{id}"));
        other.note = Some(id.clone());
        let again = desk.allow(&other).await;
        assert_eq!(desk.charge(&again).await.key.tx_id, format!("own{id}"));
        assert!(desk.answer(&other).await.recorded_earlier);
    }
    assert_eq!(desk.metrics.failures.get(), 0);
    assert!(!database(&backend).texts("SELECT * FROM countersign.charge_lines").is_empty());
}

/// 2^256 - 1 base units have 78 digits.
#[tokio::test]
async fn the_largest_amount_comes_back_to_the_last_unit() {
    const MOST: &str = "115792089237316195423570985008687907853269984665640564039457.584007913129639935";
    let (backend, _) = ledger();
    let unlimited = Arc::new(policy(vec![]));
    backend.open(&unlimited, &clock()).allow(&request("tx").amount(MOST).usd(None)).await;
    let digits = database(&backend).texts("SELECT amount FROM countersign.charge_lines");
    assert_eq!(digits, [MOST.replace('.', "")]);
    let full = Arc::new(policy(vec![ether_per_hour(MOST)]));
    let refused = backend.open(&full, &clock()).decide(&request("tx-2").amount("0.000000000000000001")).await;
    assert_eq!(refused.action, Action::Reject);
    assert_eq!(refused.limits[0].used.to_string(), MOST.replace('.', ""));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_stops_its_own_request_alone() {
    let (backend, _) = ledger();
    let desk = backend.open(&Arc::new(policy(vec![])), &clock());
    desk.allow(&request("tx-1")).await;
    desk.allow(&request("tx-2")).await;
    database(&backend).execute("UPDATE countersign.decisions SET body = '{}' WHERE request_id = 'tx-1'");
    database(&backend).execute("UPDATE countersign.charges SET body = '{' WHERE tx_id = 'tx-2'");
    for asked in [request("tx-1"), request("tx-2").signing()] {
        let refused = desk.ask(&asked).await;
        assert!(matches!(refused, Err(StoreError::Unreadable(_))), "{refused:?}");
    }
    assert!(desk.answer(&request("tx-2")).await.recorded_earlier);
    desk.allow(&request("tx-3")).await;
    assert_eq!((desk.metrics.failures.get(), desk.store.readiness()), (2, Ok(())));
    drop(desk);
    let limited = Arc::new(policy(vec![count_per_hour(9)]));
    assert!(matches!(backend.try_open(&limited, &clock()), Err(OpenError::Ledger(_))), "sums of the rest");
}

/// Somebody else's writes are no part of the log: they meet a position that is taken, and nobody gets an answer.
#[tokio::test]
async fn a_position_that_is_taken_is_never_written_twice() {
    let (backend, _) = ledger();
    let desk = backend.open(&Arc::new(policy(vec![])), &clock());
    desk.allow(&request("tx-1")).await;
    database(&backend).execute(
        "INSERT INTO countersign.payloads_by_month
         SELECT position + 1, decided_us, tenant, payload, evidence FROM countersign.payloads_by_month",
    );
    assert!(matches!(desk.ask(&request("tx-2")).await, Err(StoreError::Unavailable(_))));
    assert_eq!(desk.newest_of("tx-2", &backend), 0);
}

impl Desk {
    /// How many decisions over this request are on record, by the server's own account.
    fn newest_of(&self, request_id: &str, backend: &Backend) -> usize {
        let sql = format!("SELECT 1 FROM countersign.decisions WHERE request_id = '{request_id}'");
        database(backend).texts(&sql).len()
    }
}

/// A look at a whole table per decision would pass every other test.
#[tokio::test]
async fn no_statement_reads_a_whole_table_and_none_sorts_what_an_index_has_in_order() {
    let (backend, _) = ledger();
    plans_read_by_index(&backend);
    database(&backend).execute(&many_rows());
    plans_read_by_index(&backend);
}

/// Decisions with charges, and what the server's statistics then say.
fn many_rows() -> String {
    const ROWS: usize = 20_000;
    format!(
        "INSERT INTO countersign.decisions
         SELECT n, 'id-' || n, 'a', 'request-' || n, 'k', 'd', 'transaction', n, 'h', NULL, 'v', 'a', 'c', 'r', '{{}}'
           FROM generate_series(1, {ROWS}) AS n;
         INSERT INTO countersign.charges SELECT n, 'a', 'tx-' || n, '', n, '{{}}' FROM generate_series(1, {ROWS}) AS n;
         ANALYZE countersign.decisions; ANALYZE countersign.charges"
    )
}

/// On a server that would have others help wherever it may.
fn plans_read_by_index(backend: &Backend) {
    let eager = "SET min_parallel_index_scan_size = 0; SET min_parallel_table_scan_size = 0;
                 SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;";
    for (name, sql, values) in statements::that_read() {
        let settings = super::super::hosts::SETTINGS;
        let explained = format!("{eager} {settings} PREPARE it AS {sql}; EXPLAIN EXECUTE it ({values})");
        let plan = database(backend).texts(&explained).join("\n");
        for whole in ["Seq Scan", "Hash", "hashed", "Gather"] {
            assert!(!plan.contains(whole), "{name}:\n{plan}");
        }
        assert_eq!(plan.matches(" using ").count(), plan.matches("Index Cond:").count(), "{name}:\n{plan}");
        assert!(name != "charges since" || !plan.contains("Sort"), "{name}:\n{plan}");
    }
}
