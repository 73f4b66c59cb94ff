//! A Co-signer's call at the edge, with the call of a decider in it, against the crypto that no edge can do without.

use system_tests::cosigner::{self, ANSWER_TIMEOUT, Action, Cosigner, Endpoint};
use system_tests::local::Local;

use super::error::Error;
use super::report::{Goal, Row, Unit, progress};
use super::rounds::Pairs;
use super::servers::{self, Core};
use super::{Bench, load, questions, raw};

/// Connections that are kept, each with one request under way.
const CONNECTIONS: usize = 16;
/// Of raw verify and sign.
const GOAL: f64 = 1.25;

/// CPU of the edge for a request over that of verifying and signing it; and the same of the least that an edge
/// could be, which says what is left to gain on this machine.
pub async fn measure(bench: &Bench) -> Result<[Row; 2], Error> {
    let (ours, bare) = (&bench.memory, &bench.durable);
    let reply = questions::record_reply(bench, ours).await?;
    let stubs = [
        servers::stub_decider(bench, ours, Core::Load, &reply).await?,
        servers::stub_decider(bench, bare, Core::Load, &reply).await?,
    ];
    let mut edge = servers::spawn_edge(bench, ours)?;
    servers::until_ready(&mut edge).await?;
    let bare_edge = servers::bare_edge(bench, bare).await?;
    let (cosigner, bare_cosigner) = (cosigner(ours)?, cosigner(bare)?);
    for each in [&cosigner, &bare_cosigner] {
        warm_up(bench, each).await?;
    }
    let (mut pairs, mut bare_pairs) = (Pairs::default(), Pairs::default());
    for round in 1..=bench.scale.rounds {
        progress("JWT round trip", round, bench.scale.rounds);
        // Before and after: a machine that gets slower meanwhile would make one of them look cheap.
        let before = raw::measure(bench, ours, bench.scale.round_trips / 2).await?;
        let full = cpu(bench, edge.id(), &cosigner).await?;
        let least = cpu(bench, bare_edge.id(), &bare_cosigner).await?;
        let after = raw::measure(bench, ours, bench.scale.round_trips / 2).await?;
        let raw = f64::midpoint(before, after);
        pairs.push(full, raw)?;
        bare_pairs.push(least, raw)?;
        servers::forget_logs(ours)?;
    }
    for process in [edge, bare_edge].into_iter().chain(stubs) {
        servers::stop(process, ours).await?;
    }
    Ok([
        row("JWT round trip at the edge, decider call included", Goal::AtMost(GOAL), &pairs)?,
        row("the same by a bare edge: no checks, limits, logs or threads", Goal::None, &bare_pairs)?,
    ])
}

/// Requests that are not measured.
pub async fn warm_up(bench: &Bench, cosigner: &Cosigner) -> Result<(), Error> {
    send(cosigner, tokens(cosigner, bench.scale.warm_up)?).await
}

/// CPU of the edge, or of whatever stands in its place, for a request, in microseconds.
pub async fn cpu(bench: &Bench, server: u32, cosigner: &Cosigner) -> Result<f64, Error> {
    let count = bench.scale.round_trips;
    // Signed before: it is the edge that is measured.
    let tokens = tokens(cosigner, count)?;
    Ok(load::gauge(server, count, send(cosigner, tokens)).await?.cpu_micros())
}

fn row(what: &str, goal: Goal, pairs: &Pairs) -> Result<Row, Error> {
    Ok(Row {
        what: what.to_owned(),
        against: "raw verify + sign, same core".to_owned(),
        goal,
        figure: pairs.ratio()?,
        unit: Unit::Times,
        detail: format!("{:.0} µs CPU against {:.0}", pairs.ours()?, pairs.reference()?),
    })
}

/// A Co-signer of this edge.
pub fn cosigner(local: &Local) -> Result<Cosigner, Error> {
    Ok(Cosigner::new(&cosigner::Config {
        url: local.url()?,
        private_key: local.cosigner_private_key(),
        reply_key: local.reply_public_key(),
        ca: local.ca(),
        timeout: ANSWER_TIMEOUT,
    })?)
}

fn tokens(cosigner: &Cosigner, count: usize) -> Result<Vec<String>, Error> {
    (0..count).map(|_| Ok(cosigner.sign(&questions::payload()?)?)).collect()
}

/// Sends them all and believes only approvals that verify.
async fn send(cosigner: &Cosigner, tokens: Vec<String>) -> Result<(), Error> {
    let (cosigner, count, tokens) = (cosigner.clone(), tokens.len(), std::sync::Arc::new(tokens));
    let call = move |index| {
        let (cosigner, tokens) = (cosigner.clone(), std::sync::Arc::clone(&tokens));
        async move {
            let token = tokens.get(index).map(String::as_str).unwrap_or_default();
            let reply = cosigner.send_token(Endpoint::Transaction, token).await?.reply;
            if reply.action == Action::Approve {
                Ok(())
            } else {
                Err(Error::NotAllowed(format!("{reply:?}")))
            }
        }
    };
    load::in_flight(CONNECTIONS, count, call).await
}
