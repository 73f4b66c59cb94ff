//! The two cheaper ways of an answer: signed by ES256, and as plain JSON. Each beside what it is cheaper than, or what it
//! cannot do without.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use clap::Args;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rcgen::KeyPair;
use system_tests::cosigner::{ANSWER_TIMEOUT, Action, Endpoint, PlainCosigner, Trust};
use system_tests::local::{Local, Settings, Store};
use system_tests::services::ports;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::error::Error;
use super::load::{self, in_flight};
use super::report::{Goal, Row, Unit, progress};
use super::rounds::Pairs;
use super::servers::{self, Core};
use super::{Bench, POLICY, bare_edge, questions, round_trip, unhurried};

/// Of the same with a reply signed by RS256.
const ES256_GOAL: f64 = 0.30;
/// Of an empty handler.
const JSON_GOAL: f64 = 2.5;
/// Connections that are kept, each with one request under way.
const CONNECTIONS: usize = 16;

/// CPU of the edge for a request in each way.
pub async fn measure(bench: &Bench) -> Result<[Row; 2], Error> {
    let (rs256, es256) = (&bench.memory, &elliptic(bench)?);
    let reply = questions::record_reply(bench, rs256).await?;
    let mut processes = vec![servers::empty_handler(bench, &bench.durable).await?];
    let mut edges = Vec::new();
    for local in [rs256, es256] {
        processes.push(servers::stub_decider(bench, local, Core::Load, &reply).await?);
        let mut edge = servers::spawn_edge(bench, local)?;
        servers::until_ready(&mut edge).await?;
        edges.push(edge.id());
        processes.push(edge);
    }
    let (Some(empty), [rsa, elliptic]) = (processes.first().map(|process| process.id()), &edges[..]) else {
        return Err(Error::TooShort);
    };
    let [by_rsa, by_elliptic] = [round_trip::cosigner(rs256)?, round_trip::cosigner(es256)?];
    let json = plain(es256, es256.json_url()?.unwrap_or_default())?;
    let nothing = plain(&bench.durable, bench.durable.url()?)?;
    let (mut signed, mut plainly) = (Pairs::default(), Pairs::default());
    for round in 1..=bench.scale.rounds {
        progress("ES256 and JSON mode", round, bench.scale.rounds);
        let reference = round_trip::cpu(bench, *rsa, &by_rsa).await?;
        signed.push(round_trip::cpu(bench, *elliptic, &by_elliptic).await?, reference)?;
        let asked = plain_cpu(bench, *elliptic, &json, Some(Action::Approve)).await?;
        plainly.push(asked, plain_cpu(bench, empty, &nothing, None).await?)?;
        servers::forget_logs(rs256)?;
        servers::forget_logs(es256)?;
    }
    for process in processes {
        servers::stop(process, rs256).await?;
    }
    Ok([
        row("JWT round trip with an ES256 reply", "with an RS256 reply", ES256_GOAL, &signed)?,
        row(
            "JSON mode round trip, decider call included",
            "an empty axum handler over TLS",
            JSON_GOAL,
            &plainly,
        )?,
    ])
}

/// Files of an edge whose replies are signed by ES256, with JSON mode beside it.
fn elliptic(bench: &Bench) -> Result<Local, Error> {
    let settings = Settings {
        addresses: ports::free_addresses_with_json(),
        store: Store::Memory,
        policy: POLICY.to_owned(),
    };
    let local = unhurried(Local::create(&bench.directory.path().join("elliptic"), &settings)?)?;
    let key = KeyPair::generate().map_err(|error| Error::Key(error.to_string()))?;
    let files =
        [(local.reply_private_key(), key.serialize_pem()), (local.reply_public_key(), key.public_key_pem())];
    for (file, pem) in files {
        std::fs::write(&file, pem).map_err(Error::io(format!("cannot write {}", file.display())))?;
    }
    Ok(local)
}

fn plain(local: &Local, url: String) -> Result<PlainCosigner, Error> {
    Ok(PlainCosigner::new(&url, &Trust::Authority(local.ca()), ANSWER_TIMEOUT)?)
}

/// CPU of a server for a request in JSON mode. `action` is what each reply must say; `None`: any answer will do.
async fn plain_cpu(
    bench: &Bench,
    server: u32,
    cosigner: &PlainCosigner,
    action: Option<Action>,
) -> Result<f64, Error> {
    let count = bench.scale.round_trips;
    let payloads: Vec<Vec<u8>> = (0..count).map(|_| questions::payload()).collect::<Result<_, _>>()?;
    let (cosigner, payloads) = (cosigner.clone(), Arc::new(payloads));
    let call = move |index: usize| {
        let (cosigner, payloads) = (cosigner.clone(), Arc::clone(&payloads));
        async move {
            let payload = payloads.get(index).cloned().unwrap_or_default();
            match action {
                None => {
                    let answer = cosigner.post(Endpoint::Transaction, payload).await?;
                    if answer.status.is_success() { Ok(()) } else { Err(Error::NotAllowed(answer.excerpt())) }
                }
                Some(action) => {
                    let reply = cosigner.send(&payload).await?.reply;
                    if reply.action == action { Ok(()) } else { Err(Error::NotAllowed(format!("{reply:?}"))) }
                }
            }
        }
    };
    Ok(load::gauge(server, count, in_flight(CONNECTIONS, count, call)).await?.cpu_micros())
}

fn row(what: &str, against: &str, goal: f64, pairs: &Pairs) -> Result<Row, Error> {
    Ok(Row {
        what: what.to_owned(),
        against: against.to_owned(),
        goal: Goal::AtMost(goal),
        figure: pairs.ratio()?,
        unit: Unit::Times,
        detail: format!("{:.0} µs CPU against {:.0}", pairs.ours()?, pairs.reference()?),
    })
}

/// Where the empty handler stands.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Directory of keys and configurations
    #[arg(long)]
    dir: PathBuf,
}

/// Answers everything with nothing, at the edge's address and with its certificate, until it is killed.
pub async fn run(arguments: &Arguments) -> Result<(), Error> {
    let local = Local::create(&arguments.dir, &Settings::default())?;
    let acceptor = TlsAcceptor::from(Arc::new(bare_edge::tls(&local)?));
    let router = Router::new().route(Endpoint::Transaction.plain_path(), post(async || ()));
    let failed = || Error::io("the empty handler cannot listen");
    let listener = TcpListener::bind(local.addresses()?.edge).await.map_err(failed())?;
    loop {
        let (stream, _) = listener.accept().await.map_err(failed())?;
        let _ = stream.set_nodelay(true);
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            // How a connection ends is the load's to notice.
            let connection = hyper::server::conn::http1::Builder::new();
            let service = TowerToHyperService::new(router);
            let _ = connection.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
