//! Callback handlers as people write them, in Node and in Python, against the edge: `tests/peers/handlers`. They verify,
//! sign and approve; the edge asks a decider as well, which runs on another core.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use system_tests::local::Local;

use super::error::Error;
use super::report::{Goal, Row, Unit, progress};
use super::rounds::Pairs;
use super::servers::{self, Core};
use super::{Bench, questions, round_trip};

/// Requests a second and core, over the peer's.
const GOAL: f64 = 1.6;
const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/handlers");
/// An interpreter with what `requirements.txt` there names.
const PYTHON: &str = "PEER_PYTHON";

/// A language's handler, and what runs it.
struct Peer {
    name: &'static str,
    interpreter: OsString,
    script: &'static str,
}

/// Requests a second that a core of the edge serves, over those of a core of each peer.
pub async fn measure(bench: &Bench) -> Result<Vec<Row>, Error> {
    let python = std::env::var_os(PYTHON).unwrap_or_else(|| "python3".into());
    let peers = [
        Peer { name: "Node", interpreter: "node".into(), script: "handler.mjs" },
        Peer { name: "Python (FastAPI, PyJWT)", interpreter: python, script: "handler.py" },
    ];
    let ours = &bench.memory;
    let reply = questions::record_reply(bench, ours).await?;
    let stub = servers::stub_decider(bench, ours, Core::Load, &reply).await?;
    let mut edge = servers::spawn_edge(bench, ours)?;
    servers::until_ready(&mut edge).await?;
    let mut rows = Vec::new();
    for peer in peers {
        rows.push(against(bench, edge.id(), &peer).await?);
    }
    for process in [edge, stub] {
        servers::stop(process, ours).await?;
    }
    Ok(rows)
}

async fn against(bench: &Bench, edge: u32, peer: &Peer) -> Result<Row, Error> {
    let (ours, theirs) = (&bench.memory, &bench.durable);
    let what = format!("requests a second and core, decider asked, over a handler in {}", peer.name);
    let handler = match servers::handler(bench, theirs, &peer.interpreter, &arguments(theirs, peer)?).await {
        Ok(handler) => handler,
        Err(error) => {
            eprintln!("{error}");
            let why = "its interpreter or a library is missing: make bench installs Python's";
            return Ok(Row::not_measured(&what, "the edge", Goal::AtLeast(GOAL), why));
        }
    };
    let (edge_caller, peer_caller) = (round_trip::cosigner(ours)?, round_trip::cosigner(theirs)?);
    for caller in [&edge_caller, &peer_caller] {
        round_trip::warm_up(bench, caller).await?;
    }
    let mut pairs = Pairs::default();
    for round in 1..=bench.scale.rounds {
        progress(&format!("a handler in {}", peer.name), round, bench.scale.rounds);
        let edge = round_trip::cpu(bench, edge, &edge_caller).await?;
        pairs.push(round_trip::cpu(bench, handler.id(), &peer_caller).await?, edge)?;
        servers::forget_logs(ours)?;
    }
    servers::stop(handler, theirs).await?;
    Ok(Row {
        what,
        against: "the edge".to_owned(),
        goal: Goal::AtLeast(GOAL),
        figure: pairs.ratio()?,
        unit: Unit::Times,
        detail: format!("{:.0} µs CPU against {:.0}", pairs.ours()?, pairs.reference()?),
    })
}

fn arguments(local: &Local, peer: &Peer) -> Result<Vec<OsString>, Error> {
    let files: [PathBuf; 4] = [
        local.certificate("edge"),
        local.private_key("edge"),
        local.cosigner_public_key(),
        local.reply_private_key(),
    ];
    let script = Path::new(DIRECTORY).join(peer.script);
    let port = local.addresses()?.edge.port().to_string();
    Ok([script.into(), port.into()].into_iter().chain(files.map(Into::into)).collect())
}
