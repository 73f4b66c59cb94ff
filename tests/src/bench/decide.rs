//! A decision with the ledger in memory against an answer that nobody has to think about.

use system_tests::local::Local;

use super::error::Error;
use super::questions::{self, IN_FLIGHT, Keys, ask};
use super::report::{Goal, Row, Unit, progress};
use super::rounds::Pairs;
use super::servers::{self, Core};
use super::{Bench, load};

/// Of a fixed reply.
const GOAL: f64 = 1.5;

/// CPU of the decider for a decision over that of the stub for its fixed reply.
pub async fn measure(bench: &Bench) -> Result<Row, Error> {
    let local = &bench.memory;
    let reply = questions::record_reply(bench, local).await?;
    let mut pairs = Pairs::default();
    for round in 1..=bench.scale.rounds {
        progress("Decide in memory", round, bench.scale.rounds);
        // In turn at the same address, each with an empty past.
        let stub = servers::stub_decider(bench, local, Core::Server, &reply).await?;
        let fixed = cpu(bench, local, stub.id()).await?;
        servers::stop(stub, local).await?;
        let decider = servers::fresh_decider(bench, local).await?;
        let decided = cpu(bench, local, decider.id()).await?;
        servers::stop(decider, local).await?;
        pairs.push(decided, fixed)?;
    }
    Ok(Row {
        what: "Decide, store in memory, metrics and unsampled tracing on".to_owned(),
        against: "fixed-reply Decide, same message".to_owned(),
        goal: Goal::AtMost(GOAL),
        figure: pairs.ratio()?,
        unit: Unit::Times,
        detail: format!(
            "{:.1} µs CPU against {:.1}; {IN_FLIGHT} in flight",
            pairs.ours()?,
            pairs.reference()?
        ),
    })
}

async fn cpu(bench: &Bench, local: &Local, server: u32) -> Result<f64, Error> {
    let (client, count) = (servers::client(local)?, bench.scale.decisions);
    ask(&client, Keys::Spread, bench.scale.warm_up).await?;
    Ok(load::gauge(server, count, ask(&client, Keys::Spread, count)).await?.cpu_micros())
}
