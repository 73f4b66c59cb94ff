//! A primary and its synchronous standby: one of them goes, and nothing that was told is lost.

use std::time::Duration;

use postgres_cluster::{Cluster, Database, Setup};
use proptest::prelude::RngExt as _;
use system_tests::harness::fleet::{Fleet, Setting};
use system_tests::harness::rounds;

use super::DECIDERS;
use super::kills::{KILL_WITHIN_MILLIS, Load, POLICY, goes_on, random, until_all_are_ready};

/// Two servers; each commit of the first is on the second.
pub struct Pair {
    pub primary: Cluster,
    pub standby: Cluster,
    pub database: Database,
}

impl Pair {
    pub fn start() -> Self {
        let primary = Cluster::start(&[]);
        let standby = primary.standby("b", &Setup::default());
        primary.wait_for("b");
        // Once it is a primary itself, it must not keep its commits alone either.
        standby.wait_for("c");
        let database = primary.database();
        Self { primary, standby, database }
    }

    /// Deciders that look for the primary where it was, first.
    pub async fn fleet(&self, policy: &str) -> Fleet {
        let url = self.database.url_on(&[&self.primary, &self.standby]);
        Fleet::over(DECIDERS, Setting::replicated(&url), policy).await
    }
}

fn decisions(database: &Database) -> Vec<String> {
    database.texts("SELECT position, id FROM countersign.decisions ORDER BY position")
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_primary_dies_nothing_is_lost_and_when_it_comes_back_it_decides_nothing() {
    for _ in 0..rounds(1, 40) {
        fails_over(Cluster::go_away, Cluster::come_back).await;
    }
}

/// A machine that stands still keeps its connections, and goes on in the middle of everything.
#[tokio::test(flavor = "multi_thread")]
async fn when_the_primary_stands_still_nothing_is_lost_and_when_it_goes_on_it_decides_nothing() {
    for _ in 0..rounds(1, 40) {
        fails_over(Cluster::freeze, Cluster::thaw).await;
    }
}

async fn fails_over(fail: fn(&Cluster), mend: fn(&Cluster)) {
    let (mut random, pair) = (random(), Pair::start());
    let (old, new, database) = (&pair.primary, &pair.standby, &pair.database);
    let mut fleet = pair.fleet(POLICY).await;
    let load = Load::on(&fleet);
    tokio::time::sleep(Duration::from_millis(random.random_range(0..KILL_WITHIN_MILLIS))).await;
    fail(old);
    new.promote();
    let _third = new.standby("c", &Setup::default());
    goes_on(&load, &fleet).await;
    // As it was: it takes writes, stands first in everybody's list, and knows nothing of the other.
    mend(old);
    let before = decisions(database);
    fleet.kill_and_restart(0);
    goes_on(&load, &fleet).await;
    until_all_are_ready(&mut fleet).await;
    load.ended_well(&fleet, &database.on(new)).await;
    assert_eq!(decisions(database), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_standby_nothing_is_decided_until_it_is_back_and_nobody_has_to_be_restarted() {
    let mut random = random();
    let pair = Pair::start();
    let mut fleet = pair.fleet(POLICY).await;
    let load = Load::on(&fleet);
    for round in 0..rounds(2, 40) {
        tokio::time::sleep(Duration::from_millis(random.random_range(0..KILL_WITHIN_MILLIS))).await;
        let frozen = round % 2 == 1;
        if frozen {
            pair.standby.freeze()
        } else {
            pair.standby.go_away()
        }
        let before = until_nothing_is_answered(&load).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(load.answered(), before, "answered without a standby");
        if frozen {
            pair.standby.thaw()
        } else {
            pair.standby.come_back()
        }
        goes_on(&load, &fleet).await;
        until_all_are_ready(&mut fleet).await;
    }
    load.ended_well(&fleet, &pair.database).await;
}

/// What was on its way may still be acknowledged. How many were answered then.
async fn until_nothing_is_answered(load: &Load) -> usize {
    let mut before = load.answered();
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if load.answered() == before {
            return before;
        }
        before = load.answered();
    }
    panic!("answered without a standby");
}
