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

/// CPU of the edge for a request over that of verifying and signing it.
pub async fn measure(bench: &Bench) -> Result<Row, Error> {
    let (local, count) = (&bench.memory, bench.scale.round_trips);
    let reply = questions::record_reply(bench, local).await?;
    let stub = servers::stub_decider(bench, local, Core::Load, &reply).await?;
    let mut edge = servers::spawn_edge(bench, local)?;
    servers::until_ready(&mut edge).await?;
    let cosigner = cosigner(local)?;
    send(&cosigner, tokens(&cosigner, bench.scale.warm_up)?).await?;
    let mut pairs = Pairs::default();
    for round in 1..=bench.scale.rounds {
        progress("JWT round trip", round, bench.scale.rounds);
        // Signed before the round: it is the edge that is measured.
        let tokens = tokens(&cosigner, count)?;
        // Before and after: a machine that gets slower meanwhile would make one of them look cheap.
        let before = raw::measure(bench, local, count / 2).await?;
        let load = load::gauge(edge.id(), count, send(&cosigner, tokens)).await?;
        let after = raw::measure(bench, local, count / 2).await?;
        pairs.push(load.cpu_micros(), f64::midpoint(before, after))?;
        servers::forget_logs(local)?;
    }
    servers::stop(edge, local).await?;
    servers::stop(stub, local).await?;
    Ok(Row {
        what: "JWT round trip at the edge, decider call included".to_owned(),
        against: "raw verify + sign, same core".to_owned(),
        goal: Goal::AtMost(GOAL),
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
