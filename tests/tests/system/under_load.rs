//! Deciders behind an edge, and Co-signers that ask it all the time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use postgres_cluster::Database;
use system_tests::cosigner::Action;
use system_tests::harness::eventually;
use system_tests::harness::fleet::Fleet;

use crate::kills::clients::{Book, Load, capacity};

const CLIENTS: usize = 8;
/// Between two things that happen to the deciders.
const STEADY: Duration = Duration::from_millis(700);
/// How soon the edge notices.
const NOTICED: Duration = Duration::from_secs(10);
/// How soon new requests are decided after something was mended.
const GOES_ON_WITHIN: Duration = Duration::from_secs(25);
/// So many new ones.
const SOME: usize = 30;

/// The deciders with an edge that runs, and those who ask it.
pub struct UnderLoad {
    pub fleet: Fleet,
    pub book: Arc<Book>,
    /// The longest that a reply may take.
    budget: Duration,
    load: Load,
}

impl UnderLoad {
    /// Once all deciders are asked.
    pub async fn start(fleet: Fleet, budget: Duration) -> Self {
        let book = Arc::new(Book::default());
        let load = Load::start(|| fleet.cosigner(budget), &book, CLIENTS);
        let mut system = Self { fleet, book, budget, load };
        system.until_asked(system.fleet.len()).await;
        system.steady().await;
        system
    }

    /// Some time of load, in which answers come.
    pub async fn steady(&self) {
        let answers = self.book.answers();
        tokio::time::sleep(STEADY).await;
        eventually("answers", NOTICED, async || self.book.answers() > answers).await;
        self.book.check();
    }

    /// Waits until everybody was told to RETRY.
    pub async fn told_to_retry(&self) {
        let enough = self.book.retries() + CLIENTS;
        eventually("RETRY is told", NOTICED, async || self.book.retries() >= enough).await;
        self.book.check();
    }

    /// Waits until requests are decided that were not before.
    pub async fn goes_on(&self) {
        let enough = self.book.final_answers().len() + SOME;
        let what = format!("new requests are decided\n{}", self.fleet.logs());
        eventually(&what, GOES_ON_WITHIN, async || self.book.final_answers().len() >= enough).await;
        self.book.check();
    }

    /// Waits until the edge asks so many deciders.
    pub async fn until_asked(&mut self, count: usize) {
        let line =
            format!("countersign_edge_decider_endpoints{{standing=\"healthy\",fleet=\"default\"}} {count}\n");
        eventually("the edge has noticed", GOES_ON_WITHIN, async || {
            self.fleet.edge().admin("/metrics").await.unwrap().1.contains(&line)
        })
        .await;
    }

    /// Each request was replied to in time, each time it was asked, and in the end decided: the same when it is asked
    /// again, on record, and charged once.
    pub async fn check(mut self, database: &Database) {
        self.load.finish().await;
        self.book.check();
        println!("{}", self.book);
        assert_eq!(self.book.failures(), 0, "no reply\n{}", self.fleet.edge().log_text());
        check_ledger(database, &self.book);
        let cosigner = self.fleet.cosigner(self.budget);
        for (transfer, action) in self.book.final_answers() {
            let again = cosigner.send(&transfer.payload()).await.unwrap();
            assert_eq!(again.reply.action, action, "{transfer:?}");
        }
        check_ledger(database, &self.book);
    }
}

/// What was told is on record, and nothing else. Approvals equal charges, one for each transaction, and every vault is as
/// full as its limit lets it be.
fn check_ledger(database: &Database, book: &Book) {
    let told = book.final_answers().into_iter().map(|(transfer, action)| {
        format!("{} {} {action}", transfer.request_id, if transfer.signing { "SIGNING" } else { "APPROVAL" })
    });
    let recorded = database.texts("SELECT request_id, stage, action FROM countersign.decisions");
    assert_eq!(sorted(recorded), sorted(told.collect()), "told and on record, each once");
    let charged = database.texts("SELECT tx_id FROM countersign.charge_lines");
    let approved = book.transactions_approved().into_iter().collect();
    assert_eq!(sorted(charged), sorted(approved), "approved and charged, each once");
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

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}
