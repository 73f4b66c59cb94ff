//! An edge in front of several deciders over one ledger, under steady load, while deciders are restarted, added,
//! taken away and paused: no Co-signer gets anything but what the policy says, or RETRY; no answer changes, and nothing
//! is charged twice.

use std::time::Duration;

use postgres_cluster::Database;
use system_tests::harness::fleet::Fleet;
use system_tests::harness::rounds;
use system_tests::services::Signal;

use crate::kills::POLICY;
use crate::under_load::UnderLoad;

/// No reply may take longer, whoever is paused: a third of the deadline is the most that one decider can hold up.
const PATIENCE: Duration = Duration::from_secs(12);

async fn started(deciders: usize) -> (Database, UnderLoad) {
    let database = postgres_cluster::database();
    let mut fleet = Fleet::start(deciders, &database, POLICY).await;
    fleet.start_edge().await;
    (database, UnderLoad::start(fleet, PATIENCE).await)
}

/// Nearly nobody had to ask twice: where one decider cannot answer, another does.
async fn check(database: &Database, system: UnderLoad) {
    let (retries, answers) = (system.book.retries(), system.book.answers());
    assert!(retries * 20 <= answers, "{retries} times RETRY beside {answers} answers");
    system.check(database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_changes_no_answer() {
    let (database, mut system) = started(3).await;
    for number in (0..3).cycle().take(rounds(3, 90)) {
        system.fleet.stop(number).await;
        system.steady().await;
        system.fleet.start_again(number).await;
        system.until_asked(3).await;
        system.steady().await;
    }
    check(&database, system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_one_to_four_and_back_changes_no_answer() {
    let (database, mut system) = started(4).await;
    for _ in 0..rounds(1, 20) {
        for number in 1..4 {
            system.fleet.stop(number).await;
        }
        system.until_asked(1).await;
        system.steady().await;
        for number in 1..4 {
            system.fleet.start_again(number).await;
        }
        system.until_asked(4).await;
        system.steady().await;
    }
    for number in 0..3 {
        system.fleet.stop(number).await;
    }
    system.until_asked(1).await;
    system.steady().await;
    check(&database, system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_paused_changes_no_answer() {
    let (database, mut system) = started(3).await;
    for number in (0..3).cycle().take(rounds(3, 60)) {
        system.fleet.process(number).signal(Signal::Stop).unwrap();
        system.until_asked(2).await;
        for _ in 0..4 {
            system.steady().await;
        }
        system.fleet.process(number).signal(Signal::Cont).unwrap();
        system.until_asked(3).await;
        system.steady().await;
    }
    check(&database, system).await;
}
