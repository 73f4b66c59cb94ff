//! `kill -9` of deciders and of their server at random moments, while clients ask; and of a decider with its own file.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use postgres_cluster::{Cluster, Database};
use proptest::prelude::RngExt as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use rusqlite::types::Value;
use rusqlite::{Connection, Row};
use system_tests::harness::fleet::{Clients, Fleet, Payment, Setting};
use system_tests::harness::history::Counted;
use system_tests::harness::rounds;
use tokio::task::JoinSet;

use super::DECIDERS;

/// Ten payments of a tenth each fit into one vault's limit.
pub(super) const POLICY: &str = r#"
version: 1
assets: {ETH: {chain: evm, decimals: 18}}
allow:
  - id: sweep
    when: {destination: [{type: VAULT, id: "treasury"}], assets: [ETH]}
limits:
  - id: eth-per-vault
    key: [source]
    max: {count: 10}
    window: 24h
"#;
const FIT: usize = 10;
const PER_SOURCE: Counted = Counted {
    limit: "eth-per-vault",
    key: |payment| payment.source.clone(),
    amount: |_| 1,
    max: FIT as u128,
};
const PER_VAULT: usize = 15;
const ASKING: usize = 8;
pub(super) const KILL_WITHIN_MILLIS: u64 = 700;
const GOES_ON_WITHIN: Duration = Duration::from_secs(25);
const SOME: usize = 50;
const BETWEEN_REQUESTS: Duration = Duration::from_millis(10);

/// What was asked, and what was answered: the decision's id, and whether it approves.
#[derive(Default)]
struct Book {
    next: AtomicUsize,
    told: Mutex<BTreeMap<usize, (String, bool)>>,
    stop: AtomicBool,
}

fn payment(number: usize) -> Payment {
    Payment {
        id: format!("payment-{number}"),
        source: (number / PER_VAULT).to_string(),
        destination: "treasury".into(),
        amount: "0.1".into(),
    }
}

/// A new payment, then an earlier one again, of which the answer must be the same.
async fn ask(mut clients: Clients, book: Arc<Book>, first: usize) {
    while !book.stop.load(Ordering::SeqCst) {
        let number = book.next.fetch_add(1, Ordering::SeqCst);
        for number in [number, number.saturating_sub(7)] {
            let answer = clients.decide(first + number, &payment(number)).await;
            let told = (answer.decision_id.clone(), answer.action() == proto::decider::v1::Action::Approve);
            let before = book.told.lock().unwrap().entry(number).or_insert(told.clone()).clone();
            assert_eq!(told, before, "payment {number} was answered otherwise before");
        }
        tokio::time::sleep(BETWEEN_REQUESTS).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_whenever_nothing_is_lost_doubled_or_changed() {
    let cluster = Cluster::start(&[]);
    let database = cluster.database();
    let mut fleet = Fleet::start(DECIDERS, &database, POLICY).await;
    let (mut random, load) = (random(), Load::on(&fleet));
    for cycle in 0..rounds(12, 300) {
        tokio::time::sleep(Duration::from_millis(random.random_range(0..KILL_WITHIN_MILLIS))).await;
        match cycle % 4 {
            3 => cluster.kill(),
            _ => fleet.kill_and_restart(random.random_range(0..DECIDERS)),
        }
        fleet.restart_ended();
    }
    until_all_are_ready(&mut fleet).await;
    load.ended_well(&fleet, &database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decider_with_its_own_file_loses_doubles_and_changes_nothing_either() {
    let mut fleet = Fleet::over(1, Setting::sqlite(), POLICY).await;
    let (mut random, load) = (random(), Load::on(&fleet));
    for _ in 0..rounds(12, 300) {
        tokio::time::sleep(Duration::from_millis(random.random_range(0..KILL_WITHIN_MILLIS))).await;
        fleet.kill_and_restart(0);
    }
    until_all_are_ready(&mut fleet).await;
    let file = Connection::open(fleet.local().database()).unwrap();
    load.ended_well_in(&fleet, |sql| {
        texts(&file, &sql.replace("countersign.", "").replace("position", "seq"))
    })
    .await;
}

/// What a query gives, each row's columns as text with blanks between.
fn texts(file: &Connection, sql: &str) -> Vec<String> {
    let mut query = file.prepare(sql).unwrap();
    let columns = 0..query.column_count();
    let text = |value: Value| match value {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text,
        other => panic!("{other:?} in {sql}"),
    };
    let row = |row: &Row<'_>| {
        let texts = columns.clone().map(|column| Ok(text(row.get(column)?)));
        Ok(texts.collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
    };
    query.query_map([], row).unwrap().map(Result::unwrap).collect()
}

/// Clients that ask until they are told to stop.
pub(super) struct Load {
    book: Arc<Book>,
    asking: JoinSet<()>,
}

impl Load {
    pub(super) fn on(fleet: &Fleet) -> Self {
        let (book, mut asking) = (Arc::new(Book::default()), JoinSet::new());
        for number in 0..ASKING {
            asking.spawn(ask(fleet.clients(), Arc::clone(&book), number));
        }
        Self { book, asking }
    }

    /// How many payments were answered up to now.
    pub(super) fn answered(&self) -> usize {
        self.book.told.lock().unwrap().len()
    }

    /// Stops. Whatever was told is on record, is told again, and fits together.
    pub(super) async fn ended_well(self, fleet: &Fleet, database: &Database) {
        self.ended_well_in(fleet, |sql| database.texts(sql)).await;
    }

    /// The same of any ledger that can be asked by SQL, in the words of PostgreSQL.
    async fn ended_well_in(mut self, fleet: &Fleet, ledger: impl Fn(&str) -> Vec<String>) {
        self.book.stop.store(true, Ordering::SeqCst);
        while let Some(ended) = self.asking.join_next().await {
            ended.unwrap_or_else(|error| panic!("{error}\n{}", fleet.logs()));
        }
        let told = self.book.told.lock().unwrap().clone();
        answered_the_same_again(fleet, &told).await;
        check_ledger(ledger, &told);
        fleet.history().check(&PER_SOURCE);
        println!("{} payments, {} approved", told.len(), told.values().filter(|told| told.1).count());
    }
}

/// Waits until some more were answered.
pub(super) async fn goes_on(load: &Load, fleet: &Fleet) {
    let enough = load.answered() + SOME;
    let answered = async || load.answered() >= enough;
    if tokio::time::timeout(GOES_ON_WITHIN, until(answered)).await.is_err() {
        panic!("nobody is answered within {GOES_ON_WITHIN:?}\n{}", fleet.logs());
    }
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    while !holds().await {
        tokio::time::sleep(BETWEEN_REQUESTS).await;
    }
}

pub(super) async fn until_all_are_ready(fleet: &mut Fleet) {
    for number in 0..fleet.len() {
        while fleet.process(number).ready(Duration::from_secs(5)).await.is_err() {
            fleet.restart_ended();
        }
    }
}

async fn answered_the_same_again(fleet: &Fleet, told: &BTreeMap<usize, (String, bool)>) {
    let mut clients = fleet.clients();
    for (number, before) in told {
        let answer = clients.decide(*number, &payment(*number)).await;
        assert!(answer.recorded_earlier, "payment {number} was told, and is not on record");
        assert_eq!(answer.decision_id, before.0);
    }
}

/// One decision for each payment, one charge for each approval, each vault as full as it can be, no gap in the log.
fn check_ledger(ledger: impl Fn(&str) -> Vec<String>, told: &BTreeMap<usize, (String, bool)>) {
    let decisions = "SELECT request_id, id, action FROM countersign.decisions ORDER BY request_id";
    let mut expected: Vec<String> = told
        .iter()
        .map(|(number, (id, approved))| {
            format!("payment-{number} {id} {}", if *approved { "APPROVE" } else { "REJECT" })
        })
        .collect();
    let mut found = ledger(decisions);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    let gaps = "SELECT max(position) - count(*) FROM countersign.decisions";
    assert_eq!(ledger(gaps), ["0"]);
    let vaults =
        ledger("SELECT source_id, count(*), count(DISTINCT tx_id) FROM countersign.charge_lines GROUP BY 1");
    let full = told.len() / PER_VAULT;
    assert!(vaults.len() >= full && full > 0, "too little was asked: this proves nothing");
    for vault in vaults {
        let fields: Vec<usize> = vault.split(' ').map(|field| field.parse().unwrap()).collect();
        let asked = told.keys().filter(|number| **number / PER_VAULT == fields[0]).count();
        assert_eq!(fields[1..], [asked.min(FIT), asked.min(FIT)], "vault {}", fields[0]);
    }
    let approved = told.values().filter(|told| told.1).count();
    assert_eq!(ledger("SELECT count(*) FROM countersign.charges"), [approved.to_string()]);
}

/// `KILLS_SEED`, or another one each time.
pub fn random() -> TestRng {
    let seed = std::env::var("KILLS_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let seed: u64 = seed.unwrap_or_else(|| u64::from(now.subsec_nanos()));
    println!("again with KILLS_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}
