//! Open-loop load: questions come at their times, whether or not those before them were answered, as they come from
//! Co-signers. Each is timed from the moment when it should have been asked: one that waits for a slow one counts, too.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use postgres_cluster::{Cluster, DISK, Setup};
use system_tests::services::decisions::Client;
use tokio::task::JoinSet;

use super::durable::syncs_per_second;
use super::error::Error;
use super::load::as_float;
use super::questions::{self, IN_FLIGHT, Keys, allowed, ask_timed, question};
use super::report::{Goal, Row, Unit, progress};
use super::rounds::Figure;
use super::times::{Percentiles, Times, millis};
use super::{Bench, servers, shared};

/// Of the rate of the closed loop that was measured before.
const SHARES: [f64; 3] = [0.25, 0.5, 0.75];
/// A generator that is later than this, at p99, measured itself (measuring, 4).
const LATE: Duration = Duration::from_micros(100);
const NEITHER: &str = "the time at which it should have been asked, p99";

/// Times of decisions on SQLite and on PostgreSQL.
pub async fn measure(bench: &Bench) -> Result<Vec<Row>, Error> {
    let decider = servers::fresh_decider(bench, &bench.durable).await?;
    let client = servers::client(&bench.durable)?;
    let mut rows = over(bench, "SQLite", &client, bench.directory.path()).await?;
    servers::stop(decider, &bench.durable).await?;
    if let Err(why) = postgres_cluster::check() {
        rows.push(Row::not_measured("Decide on PostgreSQL, open loop", NEITHER, Goal::None, why));
        return Ok(rows);
    }
    let cluster = Cluster::of(&Setup { on_disk: true, ..Setup::default() });
    let fleet = bench.shared.write_fleet(1, cluster.database().url())?;
    let deciders = shared::start(bench, &fleet).await?;
    for client in shared::clients(bench, &fleet)? {
        rows.extend(over(bench, "PostgreSQL", &client, Path::new(DISK)).await?);
    }
    for decider in deciders {
        servers::stop(decider, &bench.shared).await?;
    }
    Ok(rows)
}

async fn over(bench: &Bench, store: &str, client: &Client, disk: &Path) -> Result<Vec<Row>, Error> {
    let mut seen = SHARES.map(|share| Seen { share, rounds: Vec::new() });
    for round in 1..=bench.scale.rounds {
        progress(&format!("open loop on {store}"), round, bench.scale.rounds);
        let started = Instant::now();
        ask_timed(std::slice::from_ref(client), Keys::Spread, IN_FLIGHT, bench.scale.durable_decisions / 4)
            .await?;
        let rate = as_float(bench.scale.durable_decisions / 4) / started.elapsed().as_secs_f64();
        for seen in &mut seen {
            let offered = rate * seen.share;
            let load = at_rate(client, offered, bench.scale.open_loop).await?;
            seen.rounds.push(Round { offered, load, sync: syncing(disk, bench.scale.syncing)? });
        }
    }
    seen.iter().map(|seen| seen.row(store)).collect()
}

fn syncing(disk: &Path, time: Duration) -> Result<Duration, Error> {
    Ok(Duration::from_secs_f64(1.0 / syncs_per_second(disk, time)?))
}

/// What came of asking at a rate.
#[derive(Debug, Clone, Copy)]
struct Load {
    decided: f64,
    took: Percentiles,
    late: Percentiles,
}

#[derive(Debug, Clone, Copy)]
struct Round {
    offered: f64,
    load: Load,
    sync: Duration,
}

struct Seen {
    share: f64,
    rounds: Vec<Round>,
}

impl Seen {
    /// Over the rounds in which the generator was in time, without the first.
    fn row(&self, store: &str) -> Result<Row, Error> {
        let what = format!("Decide on {store}, open loop at {:.0} % of its rate", self.share * 100.0);
        let counted = self.rounds.iter().skip(1);
        let in_time: Vec<_> = counted.filter(|round| round.load.late.p99 <= LATE).collect();
        let Some(last) = in_time.last() else {
            let late = self.rounds.last().map(|round| millis(round.load.late.p99)).unwrap_or_default();
            let why = format!("in every round the generator was late, at last by {late:.2} ms at p99");
            return Ok(Row::not_measured(&what, NEITHER, Goal::None, &why));
        };
        let figure = Figure::of(in_time.iter().map(|round| millis(round.load.took.p99)))?;
        let Round { offered, load: Load { decided, took, late }, sync } = last;
        let detail = format!(
            "{} of {} rounds; the last: {decided:.0}/s of {offered:.0}/s, {took}; late by p99 {:.2} ms; fdatasync {:.2} ms",
            in_time.len(),
            self.rounds.len().saturating_sub(1),
            millis(late.p99),
            millis(*sync)
        );
        Ok(Row {
            what,
            against: NEITHER.to_owned(),
            goal: Goal::None,
            figure,
            unit: Unit::Milliseconds,
            detail,
        })
    }
}

/// Asks so many questions a second for this time, and waits for the answers.
async fn at_rate(client: &Client, rate: f64, time: Duration) -> Result<Load, Error> {
    let (took, mut late) = (Arc::new(Mutex::new(Times::default())), Times::default());
    let mut running: JoinSet<Result<(), Error>> = JoinSet::new();
    let (started, mut index) = (Instant::now(), 0_usize);
    loop {
        let due = started + Duration::from_secs_f64(as_float(index) / rate);
        if due.duration_since(started) >= time {
            break;
        }
        while Instant::now() < due {
            tokio::task::yield_now().await;
        }
        late.push(due.elapsed());
        let (mut client, took, question) =
            (client.clone(), Arc::clone(&took), question(Keys::Spread.source(index)));
        running.spawn(async move {
            allowed(&mut client, question).await?;
            questions::note(&took, due);
            Ok(())
        });
        index += 1;
    }
    while let Some(ended) = running.join_next().await {
        ended.map_err(|error| Error::Child(format!("a question of the load ended: {error}")))??;
    }
    let decided = as_float(index) / started.elapsed().as_secs_f64();
    Ok(Load { decided, took: questions::taken(&took)?.percentiles()?, late: late.percentiles()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(time: Duration) -> Percentiles {
        Percentiles { p50: time, p99: time, p999: time }
    }

    fn round(late_micros: u64) -> Round {
        let late = all(Duration::from_micros(late_micros));
        let load = Load { decided: 499.0, took: all(Duration::from_millis(3)), late };
        Round { offered: 500.0, load, sync: Duration::from_micros(400) }
    }

    #[test]
    fn rounds_in_which_the_generator_was_late_do_not_count() {
        let row = |late: &[u64]| {
            let seen = Seen { share: 0.5, rounds: late.iter().map(|late| round(*late)).collect() };
            seen.row("SQLite").unwrap()
        };
        let some = row(&[500, 40, 500, 60]);
        insta::assert_snapshot!(some.detail, @"2 of 3 rounds; the last: 499/s of 500/s, p50 3.00 ms, p99 3.00, p99.9 3.00; late by p99 0.06 ms; fdatasync 0.40 ms");
        assert_eq!(some.figure, Figure { median: 3.0, low: 3.0, high: 3.0 });
        let none = row(&[40, 500]);
        insta::assert_snapshot!(none.detail, @"not measured: in every round the generator was late, at last by 0.50 ms at p99");
        assert!(none.figure.median.is_nan());
    }
}
