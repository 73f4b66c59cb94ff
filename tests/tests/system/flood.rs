//! The edge while thousands of callers do nothing, or next to nothing, as slowly as they can.
//!
//! `make test` has a quarter of them for some seconds; `make soak` has all for a minute.

mod clients;

use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use system_tests::cosigner::{Action, Cosigner};
use system_tests::harness::scripted_decider::{ScriptedDecider, approval};
use system_tests::harness::{Options, System, eventually, rounds, skipped};
use system_tests::vectors;

use clients::{Clients, Kind};

/// How many there are of each kind in `make soak`: 2,000 that are idle, 1,200 that are slow.
const CLIENTS: [(Kind, usize); 6] = [
    (Kind::SilentBeforeTls, 1000),
    (Kind::SilentAfterTls, 1000),
    (Kind::SlowHandshake, 300),
    (Kind::SlowHeaders, 300),
    (Kind::SlowBody, 300),
    (Kind::NeverReads, 300),
];
/// Files that they need, and those that the test has open beside them.
const FILES: u64 = 3200 + 1000;
/// Of four there are three at the edge at a time, while those that it has shown out come back.
const MOST_ARE_THERE: (usize, usize) = (3, 4);
const ANSWERED_WITHIN: Duration = Duration::from_millis(500);
const MEMORY_GROWTH_BYTES: u64 = 64 << 20;
const PAUSE: Duration = Duration::from_millis(25);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_that_hold_on_hold_nobody_up() {
    if !may_open(FILES) {
        return skipped("the process may open fewer files than this test needs: raise ulimit -Hn");
    }
    let mut system = System::with(Options {
        decider: false,
        edge: false,
        edit_edge: if rounds(0, 1) == 0 { impatient } else { |yaml| yaml },
        ..Options::default()
    })
    .await;
    let _decider = ScriptedDecider::start(system.local(), |request| Ok(approval(&request))).await;
    system.start_edge().await;
    let kept = system.cosigner();
    let quiet = control(&mut system, &kept, Duration::from_secs(2)).await;

    let kinds = CLIENTS.map(|(kind, count)| (kind, count / rounds(4, 1)));
    let all: usize = kinds.iter().map(|(_, count)| count).sum();
    let most_are_there = all * MOST_ARE_THERE.0 / MOST_ARE_THERE.1;
    let flood = Clients::start(system.local(), &kinds);
    let come = async || connections(&mut system).await >= most_are_there;
    eventually("the flood has come", Duration::from_secs(60), come).await;
    let hold = Duration::from_secs(rounds(6, 60) as u64);
    let Control { over_kept, over_new, resident } = control(&mut system, &kept, hold).await;
    assert!(connections(&mut system).await >= most_are_there, "the flood went on to the end");
    let grown = resident.saturating_sub(quiet.resident);
    let told = format!(
        "p{} {over_kept:?} over a kept connection, {over_new:?} over new ones, of {ANSWERED_WITHIN:?}; {grown} bytes more",
        percentile()
    );
    println!("{told}");
    assert!(
        over_kept < ANSWERED_WITHIN && over_new < ANSWERED_WITHIN && grown < MEMORY_GROWTH_BYTES,
        "{told}"
    );

    let _sockets = flood.let_be().await;
    eventually("all were shown out", Duration::from_secs(90), async || connections(&mut system).await <= 1)
        .await;
    ask(&kept).await;
}

/// Does not wait a minute for those that never read.
fn impatient(yaml: String) -> String {
    yaml.replacen("\nadmin:", "\n  idle_timeout: 10s\nadmin:", 1)
}

/// What a Co-signer in earnest sees, and how large the edge gets meanwhile.
struct Control {
    /// Times of an answer, at the percentile.
    over_kept: Duration,
    over_new: Duration,
    /// Bytes, at most.
    resident: u64,
}

async fn control(system: &mut System, kept: &Cosigner, hold: Duration) -> Control {
    let (mut over_kept, mut over_new, mut resident) = (Vec::new(), Vec::new(), 0);
    let begun = Instant::now();
    while begun.elapsed() < hold {
        over_kept.push(ask(kept).await);
        over_new.push(ask(&system.cosigner()).await);
        resident = resident.max(resident_bytes(system.edge().id()));
        tokio::time::sleep(PAUSE).await;
    }
    Control { over_kept: at_percentile(over_kept), over_new: at_percentile(over_new), resident }
}

/// How long an approval took.
async fn ask(cosigner: &Cosigner) -> Duration {
    let token = cosigner.sign(vectors::ETHEREUM_REQUEST).unwrap();
    let begun = Instant::now();
    let answer = cosigner.send_token(system_tests::cosigner::Endpoint::Transaction, &token).await.unwrap();
    assert_eq!(answer.reply.action, Action::Approve);
    begun.elapsed()
}

/// The 99th; of the hundred answers of a short run, beside other tests, that is the slowest but one: the median there.
fn percentile() -> usize {
    rounds(50, 99)
}

fn at_percentile(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() * percentile() / 100]
}

async fn connections(system: &mut System) -> usize {
    let (_, metrics) = system.edge().admin("/metrics").await.unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix("countersign_edge_connections "));
    line.unwrap().parse().unwrap()
}

fn resident_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}

/// Raises the limit of open files, for the edge as well, which is started from here.
fn may_open(files: u64) -> bool {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= files) {
        return true;
    }
    let allowed = maximum.is_none_or(|maximum| maximum >= files);
    allowed && setrlimit(Resource::Nofile, Rlimit { current: Some(files), maximum }).is_ok()
}
