//! Several deciders, one truth.

use super::super::ledger::MAX_FOLLOWED;
use super::*;
use crate::store::Store;
use policy::verdict::{Action, ReasonCode};

const CALLERS: usize = 64;

/// So many were allowed, of requests that ask three deciders at once.
async fn allowed(desks: &[Arc<Desk>; 3], requests: Vec<Request>) -> usize {
    let ask = |(number, asked): (usize, Request)| {
        let desk = Arc::clone(&desks[number % 3]);
        tokio::spawn(async move { until_answered(&desk, &asked).await.decision.action == Action::Approve })
    };
    let tasks: Vec<_> = requests.into_iter().enumerate().map(ask).collect();
    let mut allowed = 0;
    for task in tasks {
        allowed += usize::from(task.await.unwrap());
    }
    allowed
}

/// A default of the database, for connections from now on.
fn set(backend: &Backend, setting: &str) {
    let setting = setting.replace('\'', "''");
    let name = "(SELECT current_database())";
    database(backend)
        .execute(&format!("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {setting}', {name}); END $$"));
}

/// Whatever isolation the server gives to whom asks for none.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limit_that_three_deciders_fill_is_filled_exactly_at_every_default_of_the_server() {
    for level in ["read uncommitted", "read committed", "repeatable read", "serializable"] {
        let (backend, _) = ledger();
        for setting in [
            format!("default_transaction_isolation = '{level}'"),
            "default_transaction_deferrable = on".into(),
            "synchronous_commit = off".into(),
        ] {
            set(&backend, &setting);
        }
        let wei = "18446744073709551616.000000000000000007";
        let limits = vec![ether_per_hour("184467440737095516160.00000000000000007"), count_per_hour(30)];
        let desks = three(&backend, &Arc::new(policy(limits)), &clock());
        let requests = (0..CALLERS).map(|each| request(&format!("tx-{each}")).amount(wei)).collect();
        assert_eq!(allowed(&desks, requests).await, 10, "{level}");
        let failures: u64 = desks.iter().map(|desk| desk.metrics.failures.get()).sum();
        assert_eq!(failures, 0, "{level}: nobody's turn is refused for coming at the same time");
        let charged = database(&backend).texts("SELECT sum(amount) FROM countersign.charge_lines");
        assert_eq!(charged, ["184467440737095516160000000000000000070"], "{level}");
    }
}

/// Whoever starts, or comes back, waits for the head and finds it changed.
#[tokio::test]
async fn a_decider_starts_behind_one_that_writes_at_every_default_of_the_server() {
    for level in ["repeatable read", "serializable"] {
        let (backend, config) = ledger();
        set(&backend, &format!("default_transaction_isolation = '{level}'"));
        let url = database(&backend).url().to_owned();
        let write = "BEGIN ISOLATION LEVEL READ COMMITTED;
                     UPDATE countersign.head SET position = position; SELECT pg_sleep(1); COMMIT";
        let writing = std::thread::spawn(move || postgres_cluster::execute(&url, write));
        let held = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                     WHERE d.datname = current_database() AND l.mode = 'RowExclusiveLock'
                       AND l.relation = 'countersign.head'::regclass";
        while database(&backend).texts(held) != ["1"] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        open(&config, &Arc::new(policy(vec![]))).unwrap().allow(&request("tx")).await;
        writing.join().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_request_to_three_deciders_at_once_is_one_decision() {
    let (backend, _) = ledger();
    let desks = three(&backend, &Arc::new(policy(vec![ether_per_hour("1")])), &clock());
    let asked = vec![request("tx"); CALLERS];
    assert_eq!(allowed(&desks, asked).await, CALLERS);
    assert_eq!(
        database(&backend).texts("SELECT count(*), max(position) FROM countersign.decisions"),
        ["1 1"]
    );
    for desk in &desks {
        desk.reject(&request(&format!("tx-{}", Arc::as_ptr(desk) as usize)), ReasonCode::LimitExceeded).await;
    }
}

#[tokio::test]
async fn what_one_decider_charges_counts_at_the_others_signings_that_move_it_too() {
    let (backend, _) = ledger();
    let clock = clock();
    let [one, other, third] = three(&backend, &Arc::new(policy(vec![ether_per_hour("1")])), &clock);
    one.allow(&request("tx")).await;
    other.reject(&request("tx-2"), ReasonCode::LimitExceeded).await;
    clock.advance(HOUR - MICROSECOND);
    other.allow(&request("tx").signing()).await;
    clock.advance(MICROSECOND);
    third.reject(&request("tx-3"), ReasonCode::LimitExceeded).await;
    clock.advance(HOUR - MICROSECOND);
    one.allow(&request("tx-4")).await;
    let again = third.answer(&request("tx").signing()).await;
    assert!(again.recorded_earlier);
}

/// Each counts by its own limits while a change of the policy makes its way.
#[tokio::test]
async fn deciders_with_different_policies_share_one_ledger() {
    let (backend, _) = ledger();
    let clock = clock();
    let two = backend.open(&Arc::new(policy(vec![count_per_hour(2)])), &clock);
    let four = backend.open(&Arc::new(policy(vec![ether_per_hour("4")])), &clock);
    two.allow(&request("tx-1")).await;
    four.allow(&request("tx-2")).await;
    two.reject(&request("tx-3"), ReasonCode::LimitExceeded).await;
    for id in ["tx-4", "tx-5"] {
        four.allow(&request(id)).await;
    }
    four.reject(&request("tx-6"), ReasonCode::LimitExceeded).await;
}

/// One that was stopped for long reads what it missed piece by piece, before it takes the ledger.
#[tokio::test]
async fn a_decider_that_is_far_behind_catches_up() {
    let (backend, _) = ledger();
    let clock = clock();
    let most = u64::try_from(MAX_FOLLOWED * 2 + 100).unwrap();
    let policy = Arc::new(policy(vec![count_per_hour(most + 1)]));
    let late = backend.open(&policy, &clock);
    late.allow(&request("tx-0")).await;
    database(&backend).execute(&format!(
        "INSERT INTO countersign.charges (position, tenant, tx_id, suffix, latest_us, body)
         SELECT position + n, tenant, 'tx-' || n, suffix, latest_us, replace(body, 'tx-0', 'tx-' || n)
           FROM countersign.charges, generate_series(1, {most} - 1) AS n;
         UPDATE countersign.head SET position = position + {most} - 1"
    ));
    assert_eq!(late.allow(&request("mine")).await.limits[0].used.to_string(), most.to_string());
    late.reject(&request("over"), ReasonCode::LimitExceeded).await;
}

#[tokio::test]
async fn the_servers_clock_decides_whatever_ours_shows() {
    let (backend, config) = ledger();
    let desk = open(&config, &Arc::new(policy(vec![count_per_hour(1)]))).unwrap();
    let decision = desk.allow(&request("tx-1")).await;
    let sql =
        format!("SELECT abs(extract(epoch FROM now()) * 1000000 - {}) < 60000000", decision.at.as_micros());
    assert_eq!(database(&backend).texts(&sql), ["t"]);
    desk.clock.set_wall(later(START, HOUR * 48));
    assert_eq!(desk.store.readiness(), Ok(()));
    desk.reject(&request("tx-2"), ReasonCode::LimitExceeded).await;
}

/// Another decider believed a leap of the server's clock: those who know better wait until time has caught up.
#[tokio::test]
async fn a_leap_that_another_decider_has_recorded_is_refused() {
    let (backend, config) = ledger();
    let desk = open(&config, &Arc::new(policy(vec![]))).unwrap();
    desk.allow(&request("tx-1")).await;
    database(&backend).execute("UPDATE countersign.head SET latest_us = latest_us + 3600000000");
    let refused = desk.ask(&request("tx-2")).await;
    assert!(matches!(refused, Err(StoreError::ClockJumped { .. })), "{refused:?}");
    assert!(matches!(desk.store.readiness(), Err(StoreError::ClockJumped { .. })));
    let late = open(&config, &Arc::new(policy(vec![]))).unwrap();
    assert_eq!(late.allow(&request("tx-2")).await.action, Action::Approve, "one that starts knows no better");
}
