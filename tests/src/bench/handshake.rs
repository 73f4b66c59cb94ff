//! A full TLS 1.3 handshake at the edge, against the same library and certificate with nothing around them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use rustls::client::Resumption;
use rustls::{ClientConfig, RootCertStore, ServerConnection, version};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use system_tests::local::{Local, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;

use super::error::Error;
use super::report::{Goal, Row, Unit, progress};
use super::rounds::Pairs;
use super::servers;
use super::{Bench, bare_edge, load};

/// Of rustls alone.
const GOAL: f64 = 1.25;
const AT_A_TIME: usize = 4;
/// Callers are so many: what one address may do is limited.
const ADDRESSES: usize = 200;

/// CPU of the edge for a full handshake over that of a loop that does nothing else.
pub async fn measure(bench: &Bench) -> Result<Row, Error> {
    let (ours, alone) = (&bench.memory, &bench.durable);
    let mut edge = servers::spawn_edge(bench, ours)?;
    servers::until_live(&mut edge).await?;
    let bare = servers::bare_tls(bench, alone).await?;
    let mut pairs = Pairs::default();
    for round in 1..=bench.scale.rounds {
        progress("TLS handshake", round, bench.scale.rounds);
        let full = cpu(bench, edge.id(), ours).await?;
        pairs.push(full, cpu(bench, bare.id(), alone).await?)?;
    }
    for process in [edge, bare] {
        servers::stop(process, ours).await?;
    }
    Ok(Row {
        what: "full TLS 1.3 handshake at the edge, P-256 certificate".to_owned(),
        against: "rustls alone on one blocking thread".to_owned(),
        goal: Goal::AtMost(GOAL),
        figure: pairs.ratio()?,
        unit: Unit::Times,
        detail: format!("{:.0} µs CPU against {:.0}, TCP included", pairs.ours()?, pairs.reference()?),
    })
}

async fn cpu(bench: &Bench, server: u32, local: &Local) -> Result<f64, Error> {
    let (connector, address, count) = (connector(local)?, local.addresses()?.edge, bench.scale.handshakes);
    let call = move |index| shake_hands(connector.clone(), address, index);
    let shaken = load::in_flight(AT_A_TIME, count, call);
    Ok(load::gauge(server, count, shaken).await?.cpu_micros())
}

/// One connection with nothing of an earlier one, ended in good order.
async fn shake_hands(connector: TlsConnector, address: SocketAddr, index: usize) -> Result<(), Error> {
    let failed = || Error::io("no handshake");
    let socket = TcpSocket::new_v4().map_err(failed())?;
    let last = u8::try_from(2 + index % ADDRESSES).unwrap_or_default();
    socket.bind((Ipv4Addr::new(127, 0, 1, last), 0).into()).map_err(failed())?;
    let stream = socket.connect(address).await.map_err(failed())?;
    let name = ServerName::try_from("localhost").map_err(|_| Error::Key("the name localhost".to_owned()))?;
    let mut stream = connector.connect(name, stream).await.map_err(failed())?;
    stream.shutdown().await.map_err(failed())?;
    // The server is done with it: its work is in this round.
    let _ = stream.read(&mut [0]).await;
    Ok(())
}

fn connector(local: &Local) -> Result<TlsConnector, Error> {
    let unusable = |_| Error::Key(local.ca().display().to_string());
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(local.ca()).map_err(unusable)?)
        .map_err(|_| Error::Key("the CA".into()))?;
    let mut config = ClientConfig::builder_with_protocol_versions(&[&version::TLS13])
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Where the loop stands.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Directory of keys and configurations
    #[arg(long)]
    dir: PathBuf,
}

/// Shakes hands at the edge's address, one after the other, until it is killed.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let local = Local::create(&arguments.dir, &Settings::default())?;
    let tls = Arc::new(bare_edge::tls(&local)?);
    let failed = || Error::io("rustls alone cannot accept");
    let listener = std::net::TcpListener::bind(local.addresses()?.edge).map_err(failed())?;
    loop {
        let (mut stream, _) = listener.accept().map_err(failed())?;
        let _ = stream.set_nodelay(true);
        let mut connection =
            ServerConnection::new(Arc::clone(&tls)).map_err(|error| Error::Child(error.to_string()))?;
        // How a connection ends is the caller's to notice.
        let mut ended = connection.complete_io(&mut stream);
        while ended.is_ok_and(|(read, _)| read > 0) {
            ended = connection.complete_io(&mut stream);
        }
    }
}
