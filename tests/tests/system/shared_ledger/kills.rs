//! `kill -9` of deciders and of their server at random moments, while clients ask.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use postgres_cluster::{Cluster, Database};
use proptest::prelude::RngExt as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use system_tests::harness::fleet::{Clients, Fleet, Payment};
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
    pub(super) async fn ended_well(mut self, fleet: &Fleet, database: &Database) {
        self.book.stop.store(true, Ordering::SeqCst);
        while let Some(ended) = self.asking.join_next().await {
            ended.unwrap_or_else(|error| panic!("{error}\n{}", fleet.logs()));
        }
        let told = self.book.told.lock().unwrap().clone();
        answered_the_same_again(fleet, &told).await;
        check_ledger(database, &told);
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
    for number in 0..DECIDERS {
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
fn check_ledger(database: &Database, told: &BTreeMap<usize, (String, bool)>) {
    let decisions = "SELECT request_id, id, action FROM countersign.decisions ORDER BY request_id";
    let mut expected: Vec<String> = told
        .iter()
        .map(|(number, (id, approved))| {
            format!("payment-{number} {id} {}", if *approved { "APPROVE" } else { "REJECT" })
        })
        .collect();
    let mut found = database.texts(decisions);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    let dense = "SELECT count(*) = max(position) FROM countersign.decisions";
    assert_eq!(database.texts(dense), ["t"]);
    let vaults = database
        .texts("SELECT source_id, count(*), count(DISTINCT tx_id) FROM countersign.charge_lines GROUP BY 1");
    let full = told.len() / PER_VAULT;
    assert!(vaults.len() >= full && full > 0, "too little was asked: this proves nothing");
    for vault in vaults {
        let fields: Vec<usize> = vault.split(' ').map(|field| field.parse().unwrap()).collect();
        let asked = told.keys().filter(|number| **number / PER_VAULT == fields[0]).count();
        assert_eq!(fields[1..], [asked.min(FIT), asked.min(FIT)], "vault {}", fields[0]);
    }
    let approved = told.values().filter(|told| told.1).count();
    assert_eq!(database.texts("SELECT count(*) FROM countersign.charges"), [approved.to_string()]);
}

/// `KILLS_SEED`, or another one each time.
pub(super) fn random() -> TestRng {
    let seed = std::env::var("KILLS_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let seed: u64 = seed.unwrap_or_else(|| u64::from(now.subsec_nanos()));
    println!("again with KILLS_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}
