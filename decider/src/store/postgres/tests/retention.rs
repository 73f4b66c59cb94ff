//! Months that come and go while deciders decide.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use super::*;
use crate::store::suite::hand_moved::HandMoved;
use crate::store::{Decision, Origin, Retention, archive};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn months(backend: &Backend) -> Vec<String> {
    database(backend).texts(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = 'countersign.payloads_by_month'::regclass AND c.relname LIKE 'payloads_20%'
            AND c.relname < 'payloads_2026' ORDER BY 1",
    )
}

fn count(backend: &Backend, table: &str) -> String {
    database(backend).texts(&format!("SELECT count(*) FROM countersign.{table}")).concat()
}

async fn is_pruned(desk: &Desk, decision: &Decision) -> bool {
    matches!(desk.record(decision).await.origin, Origin::Pruned { .. })
}

/// Asks one after the other until it is told to stop; so many were answered.
fn keep_asking(
    desk: &Arc<Desk>,
    name: &'static str,
    stop: &Arc<AtomicBool>,
) -> tokio::task::JoinHandle<usize> {
    let (desk, stop) = (Arc::clone(desk), Arc::clone(stop));
    tokio::spawn(async move {
        let mut asked = 0;
        while !stop.load(Ordering::Relaxed) {
            desk.allow(&request(&format!("{name}-{asked}"))).await;
            asked += 1;
        }
        asked
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn months_are_made_and_dropped_while_deciders_decide_and_no_call_fails() {
    let (backend, _) = ledger();
    let (policy, clock) = (Arc::new(policy(vec![])), clock());
    let desks = ["one", "other"].map(|name| (name, Arc::new(backend.open(&policy, &clock))));
    let first = desks[0].1.allow(&request("first")).await;
    let stop = Arc::new(AtomicBool::new(false));
    let asking = desks.each_ref().map(|(name, desk)| keep_asking(desk, name, &stop));
    for month in 0..4 {
        clock.advance(DAY * 31);
        desks[0].1.allow(&request(&format!("month-{month}"))).await;
        // A decider looks after the months when it starts.
        drop(backend.open(&policy, &clock));
    }
    stop.store(true, Ordering::Relaxed);
    for asked in asking {
        assert!(asked.await.unwrap() > 4);
    }
    assert_eq!(months(&backend), ["payloads_2024_02", "payloads_2024_03", "payloads_2024_04"]);
    assert_eq!(count(&backend, "payloads_other"), "0");
    assert!(is_pruned(&desks[0].1, &first).await);
    assert!(desks.iter().all(|(_, desk)| desk.metrics.failures.get() == 0));
}

/// A backup reads for hours; neither it nor a decision is to wait for the other.
#[tokio::test]
async fn a_month_that_somebody_reads_is_dropped_later_and_decisions_go_on() {
    let (backend, _) = ledger();
    let (policy, clock) = (Arc::new(policy(vec![])), clock());
    let first = backend.open(&policy, &clock).allow(&request("first")).await;
    let (config, (reads, reading), (ended, end)) = (backend.config(), mpsc::channel(), mpsc::channel::<()>());
    let reader = std::thread::spawn(move || {
        let mut reader = archive::open(&config).unwrap();
        assert_eq!(reader.decisions(0).unwrap().len(), 1);
        reads.send(()).unwrap();
        end.recv().unwrap();
        assert_eq!(reader.decisions(0).unwrap().len(), 1);
    });
    reading.recv().unwrap();
    clock.advance(DAY * 62);
    backend.open(&policy, &clock).allow(&request("late")).await;
    let desk = backend.open(&policy, &clock);
    // Who waited for the reader would be told that somebody holds the ledger.
    desk.allow(&request("second")).await;
    assert!(!is_pruned(&desk, &first).await);
    ended.send(()).unwrap();
    reader.join().unwrap();
    drop(desk);
    // On a busy machine the server may take a moment to let the reader's lock go.
    for _ in 0..100 {
        if is_pruned(&backend.open(&policy, &clock), &first).await {
            return;
        }
    }
    panic!("nobody reads it, and it is there");
}

/// To the ledger the server's own clock is years ahead of everything.
#[tokio::test]
async fn a_migration_by_a_clock_that_leapt_drops_no_month() {
    let (backend, config) = ledger();
    let (policy, clock) = (Arc::new(policy(vec![])), clock());
    let first = backend.open(&policy, &clock).allow(&request("first")).await;
    let migrate = || super::super::migrate(&config, Retention::default()).unwrap();
    std::thread::scope(|scope| scope.spawn(migrate).join().unwrap());
    assert_eq!(months(&backend), ["payloads_2023_11", "payloads_2023_12"]);
    assert!(!is_pruned(&backend.open(&policy, &clock), &first).await);
}

/// What was let go does not come back, whatever an operator then states.
#[tokio::test]
async fn a_migration_drops_nothing_of_a_frozen_ledger() {
    let (backend, config) = ledger();
    let (policy, clock) = (Arc::new(policy(vec![])), clock());
    backend.open(&policy, &clock).allow(&request("first")).await;
    clock.advance(DAY * 62);
    backend.open(&policy, &clock).allow(&request("late")).await;
    let migrate = || {
        let migrate = || super::super::migrate(&config, Retention::default()).unwrap();
        std::thread::scope(|scope| scope.spawn(migrate).join().unwrap())
    };
    database(&backend).execute("UPDATE countersign.head SET frozen = 'restored'");
    migrate();
    assert!(months(&backend).contains(&"payloads_2023_11".to_owned()));
    database(&backend).execute("UPDATE countersign.head SET frozen = NULL");
    migrate();
    assert!(!months(&backend).contains(&"payloads_2023_11".to_owned()));
}

/// A decider older than schema 3 writes as this, and knows one table.
#[tokio::test]
async fn what_an_older_decider_writes_is_read_and_pruned_row_by_row() {
    let (backend, _) = ledger();
    let (policy, clock) = (Arc::new(policy(vec![])), clock());
    let desk = backend.open(&policy, &clock);
    let old = desk.allow(&request("tx-1")).await;
    let new = desk.allow(&request("tx-2")).await;
    database(&backend).execute(
        "INSERT INTO countersign.payloads SELECT position, tenant, payload, evidence FROM countersign.payloads_by_month
          WHERE position = 1;
         DELETE FROM countersign.payloads_by_month WHERE position = 1",
    );
    assert_eq!(payload_of(&desk.record(&old).await), b"tx-1");
    drop(desk);
    clock.advance(DAY * 31);
    backend.open(&policy, &clock).allow(&request("late")).await;
    let desk = backend.open(&policy, &clock);
    assert_eq!(
        (is_pruned(&desk, &old).await, is_pruned(&desk, &new).await),
        (true, false),
        "its month is not over"
    );
    assert_eq!(count(&backend, "payloads"), "0");
    assert!(desk.answer(&request("tx-1")).await.recorded_earlier);
}

/// One that was not let go is missed.
#[tokio::test]
async fn a_payload_that_is_gone_is_not_taken_for_pruned() {
    let (backend, _) = ledger();
    let desk = backend.open(&Arc::new(policy(vec![])), &clock());
    let decision = desk.allow(&request("tx-1")).await;
    database(&backend).execute("DELETE FROM countersign.payloads_by_month");
    let lookup = crate::store::Lookup::Id(decision.id);
    let told = crate::store::Store::get(desk.store.as_ref(), "default".into(), lookup)
        .await
        .unwrap_err()
        .to_string();
    assert!(told.ends_with("its payload is gone"), "{told}");
}

/// It may neither make nor drop a table: what has no month is kept apart, and decisions go on.
#[tokio::test]
async fn a_role_that_owns_nothing_decides() {
    let (backend, _) = ledger();
    let (role, config) = guest(&backend);
    let (policy, clock) = (Arc::new(policy(vec![])), clock());
    let open = |clock| {
        let config = config.clone();
        let journal = move |metrics| PostgresJournal::open(config, metrics).map(HandMoved);
        Desk::opened(journal, &policy, clock).unwrap()
    };
    let first = open(&clock).allow(&request("tx-1")).await;
    assert_eq!((months(&backend), count(&backend, "payloads_other").as_str()), (vec![], "1"));
    clock.advance(DAY * 62);
    let desk = open(&clock);
    desk.allow(&request("tx-2")).await;
    drop(desk);
    let desk = open(&clock);
    assert!(!is_pruned(&desk, &first).await);
    drop(desk);
    database(&backend)
        .execute(&format!("GRANT DELETE ON countersign.payloads, countersign.payloads_other TO {role}"));
    assert!(is_pruned(&open(&clock), &first).await, "row by row it may");
    database(&backend).execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}
