//! Networks between deciders, their database and those who ask are cut and put back: nothing is decided that is not on
//! record, and everything goes on without a restart.

use std::net::SocketAddr;
use std::time::Duration;

use postgres_cluster::{Cluster, Setup};
use proptest::prelude::RngExt as _;
use system_tests::harness::fleet::{Fleet, Setting};
use system_tests::harness::namespace::Namespace;
use system_tests::harness::proxy::{Proxy, Wire};
use system_tests::harness::rounds;

use super::DECIDERS;
use super::kills::{Load, POLICY, goes_on, random, until_all_are_ready};

const CUT_MILLIS: std::ops::Range<u64> = 200..3_000;

/// Somewhere in a commit, most likely: it is what everybody does all the time.
#[tokio::test(flavor = "multi_thread")]
async fn a_wire_to_the_database_that_is_held_slow_or_cut_loses_and_doubles_nothing() {
    let (cluster, mut random) = (Cluster::start(&[]), random());
    let database = cluster.database();
    let (proxy, port) = Proxy::before(SocketAddr::from(([127, 0, 0, 1], cluster.port()))).await;
    let url = database.url().replace(&cluster.port().to_string(), &port.to_string());
    let mut fleet = Fleet::over(DECIDERS, Setting::alone(&url), POLICY).await;
    let load = Load::on(&fleet);
    for round in 0..rounds(3, 150) {
        goes_on(&load, &fleet).await;
        proxy.set([Wire::Held, Wire::Cut, Wire::Slow(Duration::from_millis(300))][round % 3]);
        tokio::time::sleep(Duration::from_millis(random.random_range(CUT_MILLIS))).await;
        proxy.set(Wire::Good);
    }
    goes_on(&load, &fleet).await;
    until_all_are_ready(&mut fleet).await;
    load.ended_well(&fleet, &database).await;
}

/// The kernel's own: the deciders live in a network of their own.
#[tokio::test(flavor = "multi_thread")]
async fn packets_that_vanish_and_a_wire_that_is_pulled_lose_and_double_nothing() {
    let Some(network) = Namespace::create() else { return };
    let address = format!("listen_addresses=127.0.0.1,{}", network.ours());
    let cluster = Cluster::of(&Setup { settings: &[&address], ..Setup::default() });
    cluster.trust(&network.theirs().to_string());
    let (database, mut random) = (cluster.database(), random());
    let url = database.url().replace("127.0.0.1", &network.ours().to_string()) + "?sslmode=disable";
    let namespace = Some((network.name().to_owned(), network.theirs()));
    let mut fleet = Fleet::over(DECIDERS, Setting { namespace, ..Setting::alone(&url) }, POLICY).await;
    let load = Load::on(&fleet);
    for round in 0..rounds(2, 60) {
        goes_on(&load, &fleet).await;
        match round % 2 {
            0 => network.drop_packets(cluster.port()),
            _ => network.link(false),
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(CUT_MILLIS))).await;
        network.pass();
        network.link(true);
    }
    goes_on(&load, &fleet).await;
    until_all_are_ready(&mut fleet).await;
    load.ended_well(&fleet, &database).await;
}
