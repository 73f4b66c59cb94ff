//! What durability costs: decisions on SQLite against the same in memory, one hot key against many, and the disk
//! itself beside them.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use system_tests::local::Local;

use super::error::Error;
use super::load::{Load, as_float};
use super::questions::{IN_FLIGHT, Keys, ask};
use super::report::{Goal, Row, Unit, progress};
use super::rounds::{Figure, Pairs};
use super::{Bench, load, servers};

/// Of the rate in memory.
const DURABLE_GOAL: f64 = 0.6;
/// Of the rate with spread keys.
const HOT_GOAL: f64 = 0.9;
/// What one append adds: about a record.
const APPEND_BYTES: usize = 4 << 10;
/// A load process this busy has no time left: it, and not the server, sets the rate.
const LOAD_LIMIT: f64 = 0.95;

/// Rates of durable decisions.
pub async fn measure(bench: &Bench) -> Result<Vec<Row>, Error> {
    let mut seen = Seen::default();
    for round in 1..=bench.scale.rounds {
        progress("durable Decide", round, bench.scale.rounds);
        let memory = rate(bench, &bench.memory, Keys::Spread).await?;
        let spread = rate(bench, &bench.durable, Keys::Spread).await?;
        let hot = rate(bench, &bench.durable, Keys::Hot).await?;
        let syncs = syncs_per_second(bench.directory.path(), bench.scale.syncing)?;
        seen.durable.push(spread.rate(), memory.rate())?;
        seen.hot.push(hot.rate(), spread.rate())?;
        seen.disk.push(spread.rate(), syncs)?;
        seen.load_limited |= memory.own_share() > LOAD_LIMIT;
    }
    seen.rows()
}

#[derive(Default)]
struct Seen {
    durable: Pairs,
    hot: Pairs,
    disk: Pairs,
    load_limited: bool,
}

impl Seen {
    fn rows(&self) -> Result<Vec<Row>, Error> {
        let row = |what: &str, against: &str, goal, figure: Figure, detail| {
            let (what, against) = (format!("{what}, {IN_FLIGHT} in flight"), against.to_owned());
            Row { what, against, goal, figure, unit: Unit::Times, detail }
        };
        let rates = |pairs: &Pairs| {
            Ok::<_, Error>(format!("{:.0}/s against {:.0}/s", pairs.ours()?, pairs.reference()?))
        };
        let void = if self.load_limited { "; at most: the load set the rate in memory" } else { "" };
        Ok(vec![
            row(
                "durable Decide on SQLite",
                "store in memory, rate",
                Goal::AtLeast(DURABLE_GOAL),
                self.durable.ratio()?,
                rates(&self.durable)? + void,
            ),
            row(
                "durable Decide, one hot key",
                "spread keys, rate",
                Goal::AtLeast(HOT_GOAL),
                self.hot.ratio()?,
                rates(&self.hot)?,
            ),
            row(
                "durable Decide on SQLite",
                "fdatasync of an append, same disk",
                Goal::None,
                self.disk.ratio()?,
                rates(&self.disk)?,
            ),
        ])
    }
}

async fn rate(bench: &Bench, local: &Local, keys: Keys) -> Result<Load, Error> {
    let decider = servers::fresh_decider(bench, local).await?;
    let (client, count) = (servers::client(local)?, bench.scale.durable_decisions);
    ask(&client, keys, bench.scale.warm_up).await?;
    let load = load::gauge(decider.id(), count, ask(&client, keys, count)).await?;
    servers::stop(decider, local).await?;
    Ok(load)
}

/// Appends and syncs one after the other.
pub fn syncs_per_second(directory: &Path, time: Duration) -> Result<f64, Error> {
    let path = directory.join("append");
    let failed = || Error::io(format!("cannot append to {}", path.display()));
    let mut file = std::fs::File::create(&path).map_err(failed())?;
    let (started, mut syncs) = (Instant::now(), 0);
    while started.elapsed() < time {
        file.write_all(&[0x5a; APPEND_BYTES]).map_err(failed())?;
        file.sync_data().map_err(failed())?;
        syncs += 1;
    }
    Ok(as_float(syncs) / started.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_is_measured() {
        let directory = tempfile::tempdir().unwrap();
        assert!(syncs_per_second(directory.path(), Duration::from_millis(20)).unwrap() > 1.0);
        let missing = directory.path().join("missing");
        assert!(syncs_per_second(&missing, Duration::ZERO).is_err());
    }

    #[test]
    fn a_rate_that_the_load_set_is_said() {
        let mut seen = Seen::default();
        for pairs in [&mut seen.durable, &mut seen.hot, &mut seen.disk] {
            for _ in 0..2 {
                pairs.push(900.0, 1_000.0).unwrap();
            }
        }
        let detail = |seen: &Seen| seen.rows().unwrap().remove(0).detail;
        insta::assert_snapshot!(detail(&seen), @"900/s against 1000/s");
        seen.load_limited = true;
        insta::assert_snapshot!(detail(&seen), @"900/s against 1000/s; at most: the load set the rate in memory");
    }
}
