//! Whatever breaks behind the edge, a Co-signer has a reply within the edge's budget: what the policy says, or RETRY. No
//! reply is lost or changes, and what was approved is on record and charged once.

use std::net::SocketAddr;
use std::time::Duration;

use postgres_cluster::{Cluster, Setup};
use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;
use serde_json::{Value, json};
use system_tests::harness::fleet::{self, Fleet, Setting};
use system_tests::harness::namespace::Namespace;
use system_tests::harness::proxy::{Proxy, Wire};
use system_tests::harness::rounds;

use crate::kills::POLICY;
use crate::shared_ledger::failover::Pair;
use crate::shared_ledger::kills::random;
use crate::under_load::UnderLoad;

const DECIDERS: usize = 3;
/// Of a decision; shorter than what is broken stays broken.
const DEADLINE: &str = "3s";
/// From the request's headers to the reply.
const BUDGET: Duration = Duration::from_secs(10);
/// How long after the start something breaks.
const BREAKS_WITHIN_MILLIS: u64 = 700;

fn in_a_hurry(edge: &mut Value) {
    edge["decider"]["deadline"] = json!(DEADLINE);
    edge["listen"]["request_timeout"] = json!(format!("{}s", BUDGET.as_secs()));
}

async fn behind_an_edge(mut fleet: Fleet) -> UnderLoad {
    fleet.start_edge_with(in_a_hurry).await;
    UnderLoad::start(fleet, BUDGET).await
}

async fn some_time(random: &mut TestRng) {
    let millis = random.random_range(0..BREAKS_WITHIN_MILLIS);
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_dies_and_comes_back() {
    for _ in 0..rounds(1, 40) {
        fails_over(Cluster::go_away, Cluster::come_back).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_stands_still_and_goes_on() {
    for _ in 0..rounds(1, 40) {
        fails_over(Cluster::freeze, Cluster::thaw).await;
    }
}

async fn fails_over(fail: fn(&Cluster), mend: fn(&Cluster)) {
    let (mut random, pair) = (random(), Pair::start());
    let mut system = behind_an_edge(pair.fleet(POLICY).await).await;
    some_time(&mut random).await;
    fail(&pair.primary);
    system.told_to_retry().await;
    pair.standby.promote();
    let _third = pair.standby.standby("c", &Setup::default());
    system.goes_on().await;
    mend(&pair.primary);
    system.fleet.kill_and_restart(0);
    system.goes_on().await;
    system.until_asked(DECIDERS).await;
    system.check(&pair.database.on(&pair.standby)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wire_between_the_deciders_and_their_database() {
    let (mut random, cluster) = (random(), Cluster::start(&[]));
    let database = cluster.database();
    let (proxy, port) = Proxy::before(SocketAddr::from(([127, 0, 0, 1], cluster.port()))).await;
    let url = database.url().replace(&cluster.port().to_string(), &port.to_string());
    let fleet = Fleet::over(DECIDERS, Setting::alone(&url), POLICY).await;
    let mut system = behind_an_edge(fleet).await;
    for wire in [Wire::Held, Wire::Cut, Wire::Silent].into_iter().cycle().take(rounds(3, 90)) {
        some_time(&mut random).await;
        proxy.set(wire);
        system.told_to_retry().await;
        proxy.set(Wire::Good);
        system.goes_on().await;
    }
    system.until_asked(DECIDERS).await;
    system.check(&database).await;
}

/// A wire to each decider; one is cut, then all are.
#[tokio::test(flavor = "multi_thread")]
async fn the_wires_between_the_edge_and_the_deciders() {
    let database = postgres_cluster::database();
    let mut fleet = Fleet::start(DECIDERS, &database, POLICY).await;
    let (mut proxies, mut urls) = (Vec::new(), Vec::new());
    for decider in fleet.addresses() {
        let (proxy, port) = Proxy::before(decider).await;
        proxies.push(proxy);
        urls.push(fleet::url(SocketAddr::new(decider.ip(), port)));
    }
    fleet
        .start_edge_with(|edge| {
            edge["decider"]["address"] = json!(urls);
            in_a_hurry(edge);
        })
        .await;
    let (mut random, mut system) = (random(), UnderLoad::start(fleet, BUDGET).await);
    for wire in [Wire::Held, Wire::Silent, Wire::Garbled, Wire::Cut].into_iter().cycle().take(rounds(4, 120))
    {
        some_time(&mut random).await;
        proxies[0].set(wire);
        system.goes_on().await;
        proxies.iter().for_each(|proxy| proxy.set(wire));
        system.told_to_retry().await;
        proxies.iter().for_each(|proxy| proxy.set(Wire::Good));
        system.goes_on().await;
    }
    system.until_asked(DECIDERS).await;
    system.check(&database).await;
}

/// The kernel's own. The deciders live in a network of their own, edge and database in ours.
#[tokio::test(flavor = "multi_thread")]
async fn packets_that_vanish() {
    let Some(network) = Namespace::create() else { return };
    let address = format!("listen_addresses=127.0.0.1,{}", network.ours());
    let cluster = Cluster::of(&Setup { settings: &[&address], ..Setup::default() });
    cluster.trust(&network.theirs().to_string());
    let database = cluster.database();
    let url = database.url().replace("127.0.0.1", &network.ours().to_string()) + "?sslmode=disable";
    let namespace = Some((network.name().to_owned(), network.theirs()));
    let fleet = Fleet::over(DECIDERS, Setting { namespace, ..Setting::alone(&url) }, POLICY).await;
    let (mut random, deciders) = (random(), fleet.addresses());
    let mut system = behind_an_edge(fleet).await;
    for round in 0..rounds(3, 90) {
        some_time(&mut random).await;
        match round % 3 {
            0 => deciders.iter().for_each(|decider| network.drop_packets_to(decider.port())),
            1 => network.drop_packets(cluster.port()),
            _ => network.link(false),
        }
        system.told_to_retry().await;
        network.pass();
        network.link(true);
        system.goes_on().await;
    }
    system.until_asked(DECIDERS).await;
    system.check(&database).await;
}
