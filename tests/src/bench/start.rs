//! How long the services take to be ready, and what they hold while nothing happens.

use std::time::Instant;

use system_tests::services::Process;

use super::error::Error;
use super::questions::{self, Keys, ask};
use super::report::{Goal, Row, Unit, progress};
use super::round_trip::cosigner;
use super::rounds::Figure;
use super::servers::{self, Core};
use super::{Bench, proc};

/// Milliseconds until ready.
const START_GOAL: f64 = 60.0;
/// Mebibytes at rest.
const MEMORY_GOAL: f64 = 40.0;
const BYTES_PER_MIB: f64 = 1_048_576.0;

/// Cold start and idle memory of both services.
pub async fn measure(bench: &Bench) -> Result<Vec<Row>, Error> {
    let mut rows = decider(bench).await?;
    rows.extend(edge(bench).await?);
    Ok(rows)
}

async fn decider(bench: &Bench) -> Result<Vec<Row>, Error> {
    let local = &bench.durable;
    let mut times = Vec::new();
    for start in 1..=bench.scale.starts {
        progress("start of the decider", start, bench.scale.starts);
        // A ledger is read at start: with an empty one it is the process that is measured.
        servers::empty_ledger(local)?;
        let (process, millis) = timed(|| servers::spawn_decider(bench, local)).await?;
        times.push(millis);
        servers::stop(process, local).await?;
    }
    let process = servers::fresh_decider(bench, local).await?;
    ask(&servers::client(local)?, Keys::Hot, 1).await?;
    let memory = at_rest(bench, &process).await?;
    servers::stop(process, local).await?;
    rows("decider on SQLite, empty ledger", times, memory)
}

async fn edge(bench: &Bench) -> Result<Vec<Row>, Error> {
    let local = &bench.memory;
    let reply = questions::record_reply(bench, local).await?;
    let stub = servers::stub_decider(bench, local, Core::Load, &reply).await?;
    let mut times = Vec::new();
    for start in 1..=bench.scale.starts {
        progress("start of the edge", start, bench.scale.starts);
        let (process, millis) = timed(|| servers::spawn_edge(bench, local)).await?;
        times.push(millis);
        servers::stop(process, local).await?;
    }
    let (process, _) = timed(|| servers::spawn_edge(bench, local)).await?;
    cosigner(local)?.send(&questions::payload()?).await?;
    let memory = at_rest(bench, &process).await?;
    servers::stop(process, local).await?;
    servers::stop(stub, local).await?;
    rows("edge", times, memory)
}

/// A started service and the milliseconds until it was ready.
async fn timed(spawn: impl FnOnce() -> Result<Process, Error>) -> Result<(Process, f64), Error> {
    let started = Instant::now();
    let mut process = spawn()?;
    servers::until_ready(&mut process).await?;
    Ok((process, started.elapsed().as_secs_f64() * 1e3))
}

async fn at_rest(bench: &Bench, process: &Process) -> Result<f64, Error> {
    tokio::time::sleep(bench.scale.idle).await;
    let kibibytes = u32::try_from(proc::resident_bytes(process.id())? >> 10).unwrap_or(u32::MAX);
    Ok(f64::from(kibibytes) * 1024.0 / BYTES_PER_MIB)
}

fn rows(service: &str, starts: Vec<f64>, memory: f64) -> Result<Vec<Row>, Error> {
    let count = starts.len();
    let start = Row {
        what: format!("cold start of the {service}"),
        against: "–".to_owned(),
        goal: Goal::AtMost(START_GOAL),
        figure: Figure::of(starts.into_iter())?,
        unit: Unit::Milliseconds,
        detail: format!("from the start of the process to /readyz, median of {count}"),
    };
    let memory = Row {
        what: format!("idle memory of the {service}"),
        against: "–".to_owned(),
        goal: Goal::AtMost(MEMORY_GOAL),
        figure: Figure::of(std::iter::once(memory))?,
        unit: Unit::Mebibytes,
        detail: "resident, at rest after one request".to_owned(),
    };
    Ok(vec![start, memory])
}
