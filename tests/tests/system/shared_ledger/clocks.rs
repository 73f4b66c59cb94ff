//! The clock that decides is moved by an hour and by a day, both ways, while clients ask: no window ever holds more than
//! its max by true time, a leap is refused, and once the clock is right again everything goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use postgres_cluster::{Cluster, Setup};
use proto::decider::v1::Action;
use system_tests::harness::eventually;
use system_tests::harness::faketime::FakeTime;
use system_tests::harness::fleet::{Clients, Fleet, Payment, Setting};
use system_tests::harness::rounds;
use tokio::task::JoinSet;
use tonic::Code;

const POLICY: &str = r#"
version: 1
assets: {ETH: {chain: evm, decimals: 18}}
allow:
  - id: sweep
    when: {destination: [{type: VAULT}], assets: [ETH]}
limits:
  - id: few-at-a-time
    max: {count: 5}
    window: 2s
"#;
const FIT: usize = 5;
const WINDOW: Duration = Duration::from_secs(2);
/// What a window may be short of by true time: a step of some milliseconds is none that is refused, and the clock shows one
/// now and then while it is moved. A window that an hour's move widened would be empty at once.
const SLACK: Duration = Duration::from_millis(100);
const ASKING: usize = 4;
const BETWEEN_REQUESTS: Duration = Duration::from_millis(20);
const NOTICED_WITHIN: Duration = Duration::from_secs(10);
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// When each approval was asked for and answered, by a clock that nobody moves.
#[derive(Default)]
struct Seen {
    approved: Mutex<Vec<(Instant, Instant)>>,
    stop: AtomicBool,
}

struct Load {
    seen: Arc<Seen>,
    asking: JoinSet<()>,
}

impl Load {
    fn on(fleet: &Fleet) -> Self {
        let (seen, mut asking) = (Arc::<Seen>::default(), JoinSet::new());
        for client in 0..ASKING {
            asking.spawn(ask(fleet.clients(), Arc::clone(&seen), client));
        }
        Self { seen, asking }
    }

    fn approved(&self) -> usize {
        self.seen.approved.lock().unwrap().len()
    }

    /// The window is filled and left again, and filled once more.
    async fn goes_on(&self, fleet: &Fleet) {
        let enough = self.approved() + FIT * 2;
        let what = format!("payments are approved again\n{}", fleet.logs());
        eventually(&what, NOTICED_WITHIN, async || self.approved() >= enough).await;
    }

    async fn stop(mut self) {
        self.seen.stop.store(true, Ordering::SeqCst);
        while let Some(ended) = self.asking.join_next().await {
            ended.unwrap();
        }
        never_too_many(&self.seen.approved.lock().unwrap());
    }
}

async fn ask(mut clients: Clients, seen: Arc<Seen>, client: usize) {
    for number in 0.. {
        if seen.stop.load(Ordering::SeqCst) {
            return;
        }
        let asked = Instant::now();
        match clients.ask(number, &payment(&format!("{client}-{number}"))).await {
            Ok(answer) if answer.action() == Action::Approve => {
                seen.approved.lock().unwrap().push((asked, Instant::now()));
            }
            Ok(_) => {}
            Err(status) => assert_ne!(status.code(), Code::InvalidArgument),
        }
        tokio::time::sleep(BETWEEN_REQUESTS).await;
    }
}

fn payment(id: &str) -> Payment {
    Payment { id: id.into(), source: "1".into(), destination: "2".into(), amount: "0.1".into() }
}

/// Whenever each was charged between its question and its answer: so many within a window were too many.
fn never_too_many(approved: &[(Instant, Instant)]) {
    for (start, _) in approved {
        let inside =
            approved.iter().filter(|(asked, at)| asked >= start && *at < *start + WINDOW - SLACK).count();
        let since = |at: &Instant| at.saturating_duration_since(*start);
        let near = || approved.iter().map(|(asked, at)| (since(asked), since(at))).collect::<Vec<_>>();
        assert!(inside <= FIT, "{inside} within {WINDOW:?}: {:?}", near());
    }
}

/// The story of a clock that leaps and is set right, and steps back and is set right.
async fn moved_about(clock: &FakeTime, fleet: &mut Fleet) {
    let load = Load::on(fleet);
    for round in 0..rounds(1, 40) {
        for by in [HOUR, DAY] {
            load.goes_on(fleet).await;
            clock.set(by);
            refused(fleet, round).await;
            clock.set(0);
            load.goes_on(fleet).await;
            clock.set(-by);
            stands_still(&load).await;
            clock.set(0);
        }
    }
    load.goes_on(fleet).await;
    load.stop().await;
}

/// RETRY, not ready, and an alarm that says what to do.
async fn refused(fleet: &mut Fleet, round: usize) {
    let mut clients = fleet.clients();
    let jumped = async || {
        let told = clients.ask(0, &payment(&format!("jumped-{round}"))).await;
        told.is_err_and(|status| status.message().contains("the wall clock is"))
    };
    eventually("the leap is refused", NOTICED_WITHIN, jumped).await;
    let (status, _) = fleet.process(0).admin("/readyz").await.unwrap();
    assert_eq!(status, 503);
    let (_, metrics) = fleet.process(0).admin("/metrics").await.unwrap();
    let jumps =
        metrics.lines().find_map(|line| line.strip_prefix("countersign_decider_store_clock_jumps_total "));
    assert!(jumps.is_some_and(|jumps| jumps != "0"), "{metrics}");
}

/// Nothing leaves a window while the clock is behind what it has shown: it is filled once at most.
async fn stands_still(load: &Load) {
    let before = load.approved();
    tokio::time::sleep(WINDOW * 2).await;
    assert!(load.approved() - before <= FIT, "windows went on by a clock that stepped back");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_the_database_server() {
    let Some(clock) = FakeTime::find() else { return };
    let cluster = Cluster::of(&Setup { environment: &clock.environment(), ..Setup::default() });
    let database = cluster.database();
    let mut fleet = Fleet::over(2, Setting::alone(database.url()), POLICY).await;
    moved_about(&clock, &mut fleet).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_a_decider_with_its_own_file() {
    let Some(clock) = FakeTime::find() else { return };
    let setting = Setting { environment: clock.environment(), ..Setting::sqlite() };
    let mut fleet = Fleet::over(1, setting, POLICY).await;
    moved_about(&clock, &mut fleet).await;
}

/// It goes wrong where nobody looks at it, and decides once its server is the primary.
#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_a_standby_that_takes_over() {
    for by in [HOUR, -HOUR, DAY, -DAY].into_iter().take(rounds(2, 4)) {
        let Some(clock) = FakeTime::find() else { return };
        clock.set(by);
        let old = Cluster::start(&[]);
        let new = old.standby("b", &Setup { environment: &clock.environment(), ..Setup::default() });
        old.wait_for("b");
        let url = old.database().url_on(&[&old, &new]);
        let mut fleet = Fleet::over(2, Setting::alone(&url), POLICY).await;
        let load = Load::on(&fleet);
        load.goes_on(&fleet).await;
        old.go_away();
        new.promote();
        if by > 0 {
            refused(&mut fleet, 0).await
        } else {
            stands_still(&load).await
        }
        clock.set(0);
        load.goes_on(&fleet).await;
        load.stop().await;
    }
}
