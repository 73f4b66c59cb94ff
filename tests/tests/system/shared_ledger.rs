//! Several deciders over one ledger on PostgreSQL: limits are filled exactly, and nothing is lost, doubled or changed
//! whoever is killed or stopped.

mod clocks;
mod cuts;
pub mod failover;
pub mod kills;

use std::time::{Duration, Instant};

use postgres_cluster::Database;
use system_tests::harness::fleet::{Fleet, Payment};
use system_tests::harness::history::Counted;
use system_tests::harness::rounds;
use system_tests::services::Signal;
use tokio::task::JoinSet;

const DECIDERS: usize = 3;
const CLIENTS: usize = 64;

/// 2^64 ETH and one wei ten times, or four payments to one vault, whichever comes first.
const POLICY: &str = r#"
version: 1
assets: {ETH: {chain: evm, decimals: 18}}
allow:
  - id: sweep
    when: {source: [{type: VAULT}], destination: [{type: VAULT}], assets: [ETH]}
limits:
  - id: eth-per-vault
    when: {assets: [ETH]}
    key: [source, asset]
    max: {amount: "184467440737095516160.00000000000000001"}
    window: 24h
  - id: payments-to-one
    key: [source, destination]
    max: {count: 4}
    window: 24h
"#;
const AMOUNT: &str = "18446744073709551616.000000000000000001";
const TEN_TIMES_WEI: &str = "184467440737095516160000000000000000010";
const FIT: usize = 10;

const AMOUNTS: Counted = Counted {
    limit: "eth-per-vault",
    key: |payment| payment.source.clone(),
    amount: |_| (1 << 64) * 1_000_000_000_000_000_000 + 1,
    max: ((1 << 64) * 1_000_000_000_000_000_000 + 1) * 10,
};
const NUMBERS: Counted = Counted {
    limit: "payments-to-one",
    key: |payment| format!("{} to {}", payment.source, payment.destination),
    amount: |_| 1,
    max: 4,
};

fn payment(source: usize, number: usize, destination: usize) -> Payment {
    Payment {
        id: format!("{source}-{number}"),
        source: source.to_string(),
        destination: destination.to_string(),
        amount: AMOUNT.into(),
    }
}

/// Each of many asks once, all at once. How many were approved.
async fn raced(fleet: &Fleet, payments: Vec<Payment>) -> usize {
    let mut racers = JoinSet::new();
    for (number, payment) in payments.into_iter().enumerate() {
        let mut clients = fleet.clients();
        racers.spawn(async move { clients.approves(number, &payment).await });
    }
    racers.join_all().await.into_iter().filter(|approved| *approved).count()
}

fn charged(database: &Database, source: usize) -> Vec<String> {
    database.texts(&format!(
        "SELECT count(*), sum(amount), max(to_one) FROM (
            SELECT amount, count(*) OVER (PARTITION BY destination_id) AS to_one
              FROM countersign.charge_lines WHERE source_id = '{source}') AS of_source"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_64_clients_race_for_at_three_deciders_is_filled_exactly() {
    let database = postgres_cluster::database();
    let fleet = Fleet::start(DECIDERS, &database, POLICY).await;
    for round in 0..rounds(4, 100) {
        // To three vaults: twelve would fit by number, ten do by amount.
        let payments: Vec<_> = (0..CLIENTS).map(|number| payment(round, number, number % 3)).collect();
        assert_eq!(raced(&fleet, payments.clone()).await, FIT, "round {round}\n{}", fleet.logs());
        assert_eq!(charged(&database, round), [format!("{FIT} {TEN_TIMES_WEI} 4")], "round {round}");
        assert_eq!(raced(&fleet, payments).await, FIT, "asked again");
        // To two vaults: what the one limit refuses takes no room of the other.
        let source = round + 1_000;
        let payments = (0..CLIENTS).map(|number| payment(source, number, number % 2)).collect();
        assert_eq!(raced(&fleet, payments).await, 8, "round {round}");
    }
    for limit in [&AMOUNTS, &NUMBERS] {
        assert_eq!(fleet.history().check(limit), rounds(4, 100) * CLIENTS * 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decider_that_is_stopped_in_the_middle_of_everything_holds_nobody_up_for_long() {
    /// The server takes the ledger from a silent holder after two seconds.
    const AT_MOST: Duration = Duration::from_secs(8);
    let database = postgres_cluster::database();
    let mut fleet = Fleet::start(DECIDERS, &database, POLICY).await;
    for round in 0..rounds(3, 50) {
        let payments: Vec<_> = (0..CLIENTS).map(|number| payment(round, number, number % 3)).collect();
        let (mut clients, first) = (fleet.clients(), payments.clone());
        let load = tokio::spawn(async move {
            for (number, payment) in first.iter().enumerate() {
                // The other two: whoever asks the stopped one waits until its own deadline.
                clients.decide(1 + number % 2, payment).await;
            }
        });
        tokio::time::sleep(Duration::from_millis(13 * u64::try_from(round % 7).unwrap())).await;
        let mut stopped = fleet.clients();
        let payment = payments[0].clone();
        let asked = tokio::spawn(async move { stopped.decide(0, &payment).await });
        fleet.process(0).signal(Signal::Stop).unwrap();
        let started = Instant::now();
        load.await.unwrap();
        assert!(started.elapsed() < AT_MOST, "{:?}", started.elapsed());
        fleet.process(0).signal(Signal::Cont).unwrap();
        asked.await.unwrap();
        assert_eq!(raced(&fleet, payments).await, FIT, "round {round}");
        assert_eq!(charged(&database, round), [format!("{FIT} {TEN_TIMES_WEI} 4")], "round {round}");
    }
    fleet.history().check(&AMOUNTS);
    fleet.history().check(&NUMBERS);
}
