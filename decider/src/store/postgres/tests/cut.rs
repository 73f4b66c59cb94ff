//! Connections that are lost, and holders that say nothing.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use policy::verdict::{Action, ReasonCode};
use postgres_cluster::Cluster;

use super::*;
use crate::store::Store;
use crate::store::journal::{Entry, Journal, JournalError, RequestIdentity};
use crate::store::postgres::BEGIN_WITHIN;
use crate::store::postgres::ledger::Holder;

/// Ends all other connections to this database, and waits until they are gone.
const TERMINATE: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                          WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[tokio::test]
async fn a_lost_connection_is_told_and_the_next_one_goes_on_with_what_is_on_record() {
    let (place, _) = ledger();
    let policy = Arc::new(policy(vec![count_per_hour(3)]));
    let desk = place.open(&policy, &clock());
    for number in 0..3 {
        desk.allow(&request(&format!("tx-{number}"))).await;
        database(&place).execute(TERMINATE);
        let again = until_answered(&desk, &request(&format!("tx-{number}"))).await;
        assert!(again.recorded_earlier);
    }
    database(&place).execute(TERMINATE);
    let refused = until_answered(&desk, &request("tx-3")).await.decision;
    assert_eq!(refused.reason.code, ReasonCode::LimitExceeded);
    assert!(desk.fatal.lock().unwrap().is_empty());
    assert_eq!(desk.metrics.failures.get(), 4);
}

/// Nobody asks an instance that is not ready: it must see by itself that the server is back.
#[tokio::test]
async fn readiness_comes_back_without_a_request() {
    let (place, _) = ledger();
    let desk = place.open(&Arc::new(policy(vec![])), &clock());
    let ready = |wanted: bool| {
        let desk = &desk;
        async move {
            let started = Instant::now();
            while desk.store.readiness().is_ok() != wanted {
                assert!(started.elapsed() < Duration::from_secs(20), "readiness is not {wanted}");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    };
    database(&place).execute("UPDATE countersign.schema_version SET version = 99");
    database(&place).execute(TERMINATE);
    ready(false).await;
    let told = desk.store.readiness().unwrap_err().to_string();
    assert!(told.starts_with("the store cannot be used now: PostgreSQL: "), "{told}");
    database(&place).execute("UPDATE countersign.schema_version SET version = 4");
    ready(true).await;
}

/// Where a proxy cuts the next commit.
const NOT: u8 = 0;
const BEFORE: u8 = 1;
const AFTER: u8 = 2;

/// Stands between a decider and its server.
struct Proxy {
    port: u16,
    cut: Arc<AtomicU8>,
}

impl Proxy {
    fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), cut: Arc::new(AtomicU8::new(NOT)) };
        let cut = Arc::clone(&proxy.cut);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(("127.0.0.1", port)).unwrap());
                let (back, answers) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let cut = Arc::clone(&cut);
                std::thread::spawn(move || pass(client, server, &cut));
                std::thread::spawn(move || pass(answers, back, &AtomicU8::new(NOT)));
            }
        });
        proxy
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, cut: &AtomicU8) {
    let mut buffer = vec![0; 1 << 20];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let commits = buffer[..count].windows(7).any(|window| window == b"COMMIT\0");
        let cut = if commits { cut.swap(NOT, Ordering::SeqCst) } else { NOT };
        if cut == AFTER {
            // No answer may come back.
            from.shutdown(Shutdown::Write).unwrap();
        }
        if cut == BEFORE || to.write_all(&buffer[..count]).is_err() || cut == AFTER {
            break;
        }
    }
    std::thread::sleep(Duration::from_millis(100));
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// The one who asks cannot tell the two apart, and neither can the decider; the ledger can.
#[tokio::test]
async fn a_commit_whose_answer_is_lost_counts_if_it_happened_and_not_if_not() {
    for (cut, happened) in [(BEFORE, false), (AFTER, true)] {
        let (place, config) = ledger();
        let port = config.server().get_ports()[0];
        let proxy = Proxy::to(port);
        let url = database(&place).url().replace(&port.to_string(), &proxy.port.to_string());
        let mut through = Config::at(&url, None).unwrap();
        through.synchronous_standby = config.synchronous_standby;
        let desk = open(&through, &Arc::new(policy(vec![count_per_hour(2)]))).unwrap();
        desk.allow(&request("tx-1")).await;
        proxy.cut.store(cut, Ordering::SeqCst);
        let lost = desk.ask(&request("tx-2")).await;
        assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
        let answer = until_answered(&desk, &request("tx-2")).await;
        assert_eq!((answer.decision.action, answer.recorded_earlier), (Action::Approve, happened));
        desk.reject(&request("tx-3"), ReasonCode::LimitExceeded).await;
        let positions = "SELECT count(*), max(position) FROM countersign.decisions";
        assert_eq!(database(&place).texts(positions), ["3 3"]);
    }
}

fn begin(journal: &mut PostgresJournal) -> Result<(), JournalError> {
    journal.begin(&mut std::iter::empty(), &mut |_| ()).map(|_| ())
}

/// Its process was stopped, or its machine cut off.
#[tokio::test]
async fn a_holder_that_says_nothing_loses_the_ledger_and_what_it_was_about_to_write() {
    let (place, config) = ledger();
    let desk = place.open(&Arc::new(policy(vec![])), &clock());
    let decision = desk.allow(&request("tx-1")).await;
    let (held, holds) = std::sync::mpsc::channel();
    let holder = std::thread::spawn(move || {
        let mut journal = PostgresJournal::open(config, Arc::default()).unwrap();
        journal.join().unwrap();
        begin(&mut journal).unwrap();
        held.send(()).unwrap();
        std::thread::sleep(Duration::from_secs(3));
        let identity = RequestIdentity {
            tenant: "default".into(),
            callback_request_id: "late".into(),
            key: policy::identity::Digest([1; 32]),
            content: policy::identity::Digest([2; 32]),
        };
        let (kind, payload) = (crate::store::RequestKind::Transaction, Vec::new());
        let decision = crate::store::Decision { id: "late".into(), ..decision };
        let evidence = policy::evidence::Evidence::default();
        journal.write(&Entry { identity, kind, decision, payload, evidence, charge: None }).unwrap();
        journal.commit()
    });
    holds.recv().unwrap();
    let started = Instant::now();
    assert_eq!(desk.allow(&request("tx-2")).await.action, Action::Approve);
    let waited = started.elapsed();
    assert!(waited >= Duration::from_millis(1_500), "{waited:?}");
    assert!(matches!(holder.join().unwrap(), Err(JournalError::Lost(_))));
    assert_eq!(desk.newest("late").await, None);
}

#[tokio::test]
async fn a_ledger_that_somebody_holds_for_long_is_busy_and_nothing_is_lost() {
    let (place, config) = ledger();
    let desk = place.open(&Arc::new(policy(vec![count_per_hour(1)])), &clock());
    let mut server = config.server().clone();
    let (held, holds) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let vandal = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, connection) =
                server.application_name("vandal").connect(tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute("BEGIN; SELECT 1 FROM countersign.head FOR UPDATE").await.unwrap();
            held.send(()).unwrap();
            released.recv().unwrap();
            client.batch_execute("ROLLBACK").await.unwrap();
        });
    });
    holds.recv().unwrap();
    assert_eq!(desk.ask(&request("tx")).await, Err(StoreError::Busy));
    let failures = desk.metrics.failures.get();
    assert!(failures > 0);
    // Nobody asks meanwhile, and to read goes well.
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(desk.store.readiness(), Err(StoreError::Busy));
    assert!(desk.metrics.failures.get() > failures);
    release.send(()).unwrap();
    vandal.join().unwrap();
    while desk.store.readiness().is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    desk.allow(&request("tx")).await;
}

/// What fails at which of several is to be known.
#[test]
fn what_fails_is_told_with_the_host_that_it_failed_at() {
    let config = Config::at("postgres://decider@127.0.0.1:1,127.0.0.1:2/countersign", None).unwrap();
    let told = refused(&config);
    for host in ["PostgreSQL: HOST: ", "; 127.0.0.1:2: "] {
        assert!(told.contains(host), "{told}");
    }
}

/// As while a ledger is copied, or a session was left open: a start that failed then would be tried again and again.
#[tokio::test]
async fn a_start_waits_for_a_ledger_that_somebody_holds() {
    let (place, config) = ledger();
    let url = format!("{}?application_name=somebody", database(&place).url());
    let holding = std::thread::spawn(move || {
        let hold = "BEGIN; SELECT 1 FROM countersign.head FOR UPDATE; SELECT pg_sleep(7); ROLLBACK";
        postgres_cluster::execute(&url, hold)
    });
    let held =
        "SELECT 'held' FROM pg_stat_activity WHERE application_name = 'somebody' AND query LIKE '%sleep%'";
    while database(&place).texts(held).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let desk = open(&config, &Arc::new(policy(vec![]))).unwrap_or_else(|error| panic!("{error}"));
    holding.join().unwrap();
    desk.allow(&request("tx")).await;
}

/// Whether it is a row that somebody holds, the table, or a transaction that nobody is in any more.
#[test]
fn who_holds_the_ledger_is_told() {
    let cluster = Cluster::start(&["max_prepared_transactions=1"]);
    let (place, config) = on(cluster.database());
    let mut journal = PostgresJournal::open(config, Arc::default()).unwrap();
    let mut holder = || match journal.within(BEGIN_WITHIN, async |ledger| ledger.holder().await).unwrap() {
        Holder::Other(holder) => holder,
        Holder::Hangs => panic!("nothing hangs"),
    };
    assert_eq!(holder(), None);
    let somebody =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'somebody'";
    for takes in ["SELECT 1 FROM countersign.head FOR UPDATE", "LOCK TABLE countersign.head"] {
        let url = format!("{}?application_name=somebody", database(&place).url());
        let hold = format!("BEGIN; {takes}; SELECT pg_sleep(60)");
        let holding = std::thread::spawn(move || postgres_cluster::execute(&url, &hold));
        let told = loop {
            if let Some(told) = holder() {
                break told;
            }
        };
        assert!(told.contains(" (somebody), in a transaction since 2"), "{told}");
        database(&place).texts(somebody);
        assert!(holding.join().is_err());
    }
    database(&place).execute("BEGIN; SELECT 1 FROM countersign.head FOR UPDATE; PREPARE TRANSACTION 'left'");
    assert_eq!(holder().as_deref(), Some("a prepared transaction, see pg_prepared_xacts"));
}
