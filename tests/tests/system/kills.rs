//! `kill -9` of edge and decider at random moments while Co-signers ask: what was approved is on record with its
//! charge, what is asked again is answered the same, and nothing is charged twice.

pub mod clients;
mod ledger;

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::RngExt as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use system_tests::cosigner::Action;
use system_tests::harness::{Options, System, eventually, rounds};

use clients::{Book, Load};

/// Each vault may pay 1 ETH a day, so that it has room for so many transactions of equal amount and no more.
pub const POLICY: &str = r#"
version: 1
assets: {ETH: {chain: evm, decimals: 18}}
allow:
  - id: sweep
    when: {destination: [{type: VAULT, id: "treasury"}], assets: [ETH]}
limits:
  - id: eth-per-vault
    when: {assets: [ETH]}
    key: [source, asset]
    max: {amount: "1"}
    window: 24h
"#;

const CLIENTS: usize = 8;
/// From the first answer after a start to the kill.
const KILL_WITHIN: Duration = Duration::from_millis(600);
/// From a start to a kill in the middle of it.
const KILL_IN_START_WITHIN: Duration = Duration::from_millis(60);
/// Nothing comes back that late from two services that were started again.
const SERVED_AGAIN: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_whenever_nothing_is_lost_and_nothing_counted_twice() {
    let (mut random, seed) = seeded();
    println!("seed {seed}; again with KILLS_SEED={seed}");
    let mut system = System::with(Options::policy(POLICY)).await;
    let book = Arc::new(Book::default());
    let load = Load::start(|| system.cosigner(), &book, CLIENTS);
    for cycle in 0..rounds(20, 500) {
        let answers = book.answers();
        eventually("answers between kills", SERVED_AGAIN, async || {
            book.check();
            book.answers() > answers
        })
        .await;
        sleep_up_to(KILL_WITHIN, &mut random).await;
        kill(&mut system, &mut random, cycle).await;
    }
    load.finish().await;
    book.check();

    assert_eq!(ledger::check(&system, &book), book.transactions_approved());
    on_record_at_the_decider(&system, &book).await;
    system.kill_and_restart_decider().await;
    system.kill_and_restart_edge().await;
    answered_the_same_again(&system, &book).await;
    system.stop().await;
    assert_eq!(ledger::check(&system, &book), book.transactions_approved(), "asking again charged nothing");
    println!("{book}");
}

/// Kills one service or both, now and then in the middle of its start as well, and starts again what is down.
async fn kill(system: &mut System, random: &mut TestRng, cycle: usize) {
    let (decider, edge) = [(true, false), (false, true), (true, true)][cycle % 3];
    if decider {
        system.decider().kill().unwrap();
    }
    if edge {
        system.edge().kill().unwrap();
    }
    if decider {
        if random.random_range(0..3) == 0 {
            let moment = up_to(KILL_IN_START_WITHIN, random);
            let _ = tokio::time::timeout(moment, system.start_decider()).await;
            system.decider().kill().unwrap();
        }
        system.start_decider().await;
    }
    if edge {
        system.start_edge().await;
    }
}

/// What the decider itself says of every approval that a Co-signer has seen.
async fn on_record_at_the_decider(system: &System, book: &Book) {
    for transfer in book.seen(Action::Approve) {
        let record = system.record(&transfer.request_id).await.expect("an approval without a record");
        let (Some(asked), Some(charge)) = (&record.request, record.charges.first()) else {
            panic!("an approval without a charge: {record:?}");
        };
        assert_eq!(record.charges.len(), 1, "{asked:?}");
        assert_eq!(charge.charge_key, transfer.tx_id);
        assert_eq!(charge.amount, ledger::wei(&transfer.amount).to_string());
    }
}

async fn answered_the_same_again(system: &System, book: &Book) {
    let cosigner = system.cosigner();
    for (transfer, action) in book.final_answers() {
        let again =
            cosigner.send(&transfer.payload()).await.unwrap_or_else(|e| panic!("{e}\n{}", system.logs()));
        assert_eq!(again.reply.action, action, "{transfer:?}");
    }
}

/// `KILLS_SEED`, or another one each time.
fn seeded() -> (TestRng, u64) {
    let seed = std::env::var("KILLS_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let seed = seed.unwrap_or_else(|| u64::from(now.subsec_nanos()) ^ now.as_secs());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    (TestRng::from_seed(RngAlgorithm::ChaCha, &bytes), seed)
}

fn up_to(limit: Duration, random: &mut TestRng) -> Duration {
    limit.mul_f64(random.random_range(0.0..1.0))
}

async fn sleep_up_to(limit: Duration, random: &mut TestRng) {
    tokio::time::sleep(up_to(limit, random)).await;
}
