//! The ledger that deciders share: decisions on PostgreSQL, one hot key against many and against a transaction for each
//! decision; several deciders against one; the server's disk beside them.

use std::path::Path;
use std::time::Duration;

use postgres_cluster::{Cluster, DISK, Database, Setup};
use system_tests::local::Fleet;
use system_tests::services::decisions::{self, Client};
use system_tests::services::{self, Process};

use super::durable::syncs_per_second;
use super::error::Error;
use super::load::as_float;
use super::one_by_one::OneByOne;
use super::questions::{IN_FLIGHT, Keys, ask_timed};
use super::report::{Goal, Row, Unit, progress};
use super::rounds::{Figure, Pairs};
use super::times::millis;
use super::{Bench, servers};

/// Of the rate with spread keys.
const HOT_GOAL: f64 = 0.8;
/// Times the rate of one transaction for each decision.
const RATE_GOAL: f64 = 8.0;
/// Of the time that 99 % of those take.
const P99_GOAL: f64 = 0.2;
/// Of the rate of one decider.
const SEVERAL_GOAL: f64 = 1.0;
/// Deciders that share a hot key.
pub const SEVERAL: u16 = 3;

/// Rates and times of decisions on a server of our own.
pub async fn measure(bench: &Bench) -> Result<Vec<Row>, Error> {
    if let Err(why) = postgres_cluster::check() {
        return Ok(vec![Row::not_measured("Decide on PostgreSQL", "spread keys", Goal::None, why)]);
    }
    let cluster = Cluster::of(&Setup { on_disk: true, ..Setup::default() });
    let mut seen = Seen::default();
    for round in 1..=bench.scale.rounds {
        progress("Decide on PostgreSQL", round, bench.scale.rounds);
        let decide =
            async |count, keys, at_a_time| decide(bench, &cluster.database(), count, keys, at_a_time).await;
        let spread = decide(1, Keys::Spread, IN_FLIGHT).await?;
        let hot = decide(1, Keys::Hot, IN_FLIGHT).await?;
        let several = decide(SEVERAL, Keys::Hot, IN_FLIGHT).await?;
        let several_full = decide(SEVERAL, Keys::Hot, IN_FLIGHT * usize::from(SEVERAL)).await?;
        let plain = one_by_one(bench, &cluster.database()).await?;
        seen.hot.push(hot.rate, spread.rate)?;
        seen.rate.push(hot.rate, plain.rate)?;
        seen.p99.push(millis(hot.p99), millis(plain.p99))?;
        seen.several.push(several.rate, hot.rate)?;
        seen.several_full.push(several_full.rate, hot.rate)?;
        seen.disk.push(hot.rate, syncs_per_second(Path::new(DISK), bench.scale.syncing)?)?;
    }
    seen.rows()
}

/// What a number of decisions took.
struct Taken {
    rate: f64,
    p99: Duration,
}

#[derive(Default)]
struct Seen {
    hot: Pairs,
    rate: Pairs,
    p99: Pairs,
    several: Pairs,
    /// With as many questions for each of them as for the one.
    several_full: Pairs,
    disk: Pairs,
}

impl Seen {
    fn rows(&self) -> Result<Vec<Row>, Error> {
        let row = |what: &str, against: &str, goal, pairs: &Pairs, unit: &str| {
            let (ours, reference) = (pairs.ours()?, pairs.reference()?);
            let digits = if unit == "/s" { 0 } else { 1 };
            let detail = format!("{ours:.digits$}{unit} against {reference:.digits$}{unit}");
            let figure: Figure = pairs.ratio()?;
            let (what, against) = (what.to_owned(), against.to_owned());
            Ok::<_, Error>(Row { what, against, goal, figure, unit: Unit::Times, detail })
        };
        const PLAIN: &str = "a transaction for each decision, same server";
        let hot = format!("Decide on PostgreSQL, one hot key, {IN_FLIGHT} in flight");
        let several = |each| {
            format!("the same over {SEVERAL} deciders on the core of one, {IN_FLIGHT} in flight {each}")
        };
        let one = "one decider, rate";
        Ok(vec![
            row(&hot, "spread keys, rate", Goal::AtLeast(HOT_GOAL), &self.hot, "/s")?,
            row(&hot, &format!("{PLAIN}, rate"), Goal::AtLeast(RATE_GOAL), &self.rate, "/s")?,
            row(&hot, &format!("{PLAIN}, p99"), Goal::AtMost(P99_GOAL), &self.p99, " ms")?,
            row(&several("each"), one, Goal::AtLeast(SEVERAL_GOAL), &self.several_full, "/s")?,
            row(&several("in all"), one, Goal::None, &self.several, "/s")?,
            row(&hot, "fdatasync of an append, same disk", Goal::None, &self.disk, "/s")?,
        ])
    }
}

async fn decide(
    bench: &Bench,
    database: &Database,
    count: u16,
    keys: Keys,
    at_a_time: usize,
) -> Result<Taken, Error> {
    let fleet = bench.shared.write_fleet(count, database.url())?;
    let deciders = start(bench, &fleet).await?;
    let clients = clients(bench, &fleet)?;
    ask_timed(&clients, keys, at_a_time, bench.scale.warm_up).await?;
    let started = std::time::Instant::now();
    let times = ask_timed(&clients, keys, at_a_time, bench.scale.durable_decisions).await?;
    let rate = as_float(bench.scale.durable_decisions) / started.elapsed().as_secs_f64();
    for decider in deciders {
        servers::stop(decider, &bench.shared).await?;
    }
    Ok(Taken { rate, p99: times.percentiles()?.p99 })
}

/// The deciders of a fleet over a new ledger, ready.
pub async fn start(bench: &Bench, fleet: &Fleet) -> Result<Vec<Process>, Error> {
    fleet.deciders.first().map_or(Ok(()), |(config, _)| services::migrate(config))?;
    let mut deciders = Vec::new();
    for (config, addresses) in &fleet.deciders {
        let mut decider = servers::spawn_decider_on(bench, &bench.shared, config, addresses.decider_admin)?;
        servers::until_ready(&mut decider).await?;
        deciders.push(decider);
    }
    Ok(deciders)
}

/// A client of each.
pub fn clients(bench: &Bench, fleet: &Fleet) -> Result<Vec<Client>, Error> {
    let channel = |(_, addresses): &(_, system_tests::local::Addresses)| {
        decisions::channel_to(&bench.shared, addresses.decider)
    };
    fleet.deciders.iter().map(|decider| Ok(Client::new(channel(decider)?))).collect()
}

async fn one_by_one(bench: &Bench, database: &Database) -> Result<Taken, Error> {
    let plain = OneByOne::prepare(database.url()).await?;
    plain.decide(Keys::Hot, bench.scale.warm_up).await?;
    let started = std::time::Instant::now();
    let times = plain.decide(Keys::Hot, bench.scale.plain_transactions).await?;
    let rate = as_float(bench.scale.plain_transactions) / started.elapsed().as_secs_f64();
    Ok(Taken { rate, p99: times.percentiles()?.p99 })
}
