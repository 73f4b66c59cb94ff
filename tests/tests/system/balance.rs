//! An edge in front of several deciders over one ledger, under steady load, while deciders are restarted, added,
//! taken away and paused: no Co-signer gets anything but what the policy says, or RETRY; no answer changes, and nothing
//! is charged twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use postgres_cluster::Database;
use system_tests::cosigner::Action;
use system_tests::harness::fleet::Fleet;
use system_tests::harness::{eventually, rounds};
use system_tests::services::Signal;

use crate::kills::POLICY;
use crate::kills::clients::{Book, Load, capacity};

const CLIENTS: usize = 8;
/// No reply may take longer, whoever is paused: a third of the deadline is the most that one decider can hold up.
const PATIENCE: Duration = Duration::from_secs(12);
/// Between two things that happen to the deciders.
const STEADY: Duration = Duration::from_millis(700);
/// How soon the edge notices.
const NOTICED: Duration = Duration::from_secs(10);

/// Deciders behind an edge, and Co-signers that ask it.
struct Bench {
    database: Database,
    fleet: Fleet,
    book: Arc<Book>,
    load: Load,
}

impl Bench {
    async fn start(deciders: usize) -> Self {
        let database = postgres_cluster::database();
        let mut fleet = Fleet::start(deciders, &database, POLICY).await;
        fleet.start_edge().await;
        let book = Arc::new(Book::default());
        let load = Load::start(|| fleet.cosigner(PATIENCE), &book, CLIENTS);
        let mut bench = Self { database, fleet, book, load };
        bench.until_asked(deciders).await;
        bench.steady().await;
        bench
    }

    /// Some time of load, in which answers come.
    async fn steady(&self) {
        let answers = self.book.answers();
        tokio::time::sleep(STEADY).await;
        eventually("answers", NOTICED, async || self.book.answers() > answers).await;
        self.book.check();
    }

    /// Waits until the edge asks so many deciders.
    async fn until_asked(&mut self, count: usize) {
        let line =
            format!("countersign_edge_decider_endpoints{{standing=\"healthy\",fleet=\"default\"}} {count}\n");
        eventually("the edge has noticed", NOTICED, async || {
            self.fleet.edge().admin("/metrics").await.unwrap().1.contains(&line)
        })
        .await;
    }

    /// Everything was answered, the same when asked again, and is charged once.
    async fn check(mut self) {
        self.load.finish().await;
        self.book.check();
        println!("{}", self.book);
        hardly_told_to_retry(&self.book);
        assert_eq!(self.book.failures(), 0, "{}", self.fleet.edge().log_text());
        check_ledger(&self.database, &self.book);
        let cosigner = self.fleet.cosigner(PATIENCE);
        for (transfer, action) in self.book.final_answers() {
            let again = cosigner.send(&transfer.payload()).await.unwrap();
            assert_eq!(again.reply.action, action, "{transfer:?}");
        }
        check_ledger(&self.database, &self.book);
    }
}

/// Nearly nobody had to ask twice: where one decider cannot answer, another does.
fn hardly_told_to_retry(book: &Book) {
    let (retries, answers) = (book.retries(), book.answers());
    assert!(retries * 20 <= answers, "{retries} times RETRY beside {answers} answers");
}

/// Approvals equal charges, one for each transaction, and every vault is as full as its limit lets it be.
fn check_ledger(database: &Database, book: &Book) {
    let charged = database.texts("SELECT tx_id FROM countersign.charge_lines ORDER BY 1");
    let approved: Vec<_> = book.transactions_approved().into_iter().collect();
    assert_eq!(charged, approved, "approved and charged, each once");
    let mut asked = BTreeMap::<String, BTreeSet<String>>::new();
    for (transfer, _) in book.final_answers() {
        asked.entry(transfer.source).or_default().insert(transfer.tx_id);
    }
    for (vault, transactions) in asked {
        let room = capacity(vault.parse().unwrap());
        let count = format!("SELECT count(*) FROM countersign.charge_lines WHERE source_id = '{vault}'");
        assert_eq!(database.texts(&count), [transactions.len().min(room).to_string()], "vault {vault}");
    }
    assert!(!book.seen(Action::Reject).is_empty(), "no limit was ever reached: this proves little");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_changes_no_answer() {
    let mut bench = Bench::start(3).await;
    for number in (0..3).cycle().take(rounds(3, 90)) {
        bench.fleet.stop(number).await;
        bench.steady().await;
        bench.fleet.start_again(number).await;
        bench.until_asked(3).await;
        bench.steady().await;
    }
    bench.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_one_to_four_and_back_changes_no_answer() {
    let mut bench = Bench::start(4).await;
    for _ in 0..rounds(1, 20) {
        for number in 1..4 {
            bench.fleet.stop(number).await;
        }
        bench.until_asked(1).await;
        bench.steady().await;
        for number in 1..4 {
            bench.fleet.start_again(number).await;
        }
        bench.until_asked(4).await;
        bench.steady().await;
    }
    for number in 0..3 {
        bench.fleet.stop(number).await;
    }
    bench.until_asked(1).await;
    bench.steady().await;
    bench.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_paused_changes_no_answer() {
    let mut bench = Bench::start(3).await;
    for number in (0..3).cycle().take(rounds(3, 60)) {
        bench.fleet.process(number).signal(Signal::Stop).unwrap();
        bench.until_asked(2).await;
        for _ in 0..4 {
            bench.steady().await;
        }
        bench.fleet.process(number).signal(Signal::Cont).unwrap();
        bench.until_asked(3).await;
        bench.steady().await;
    }
    bench.check().await;
}
