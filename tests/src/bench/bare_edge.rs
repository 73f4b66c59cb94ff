//! The least that an edge could be: the same TLS, HTTP and gRPC libraries, one verification, one question, one signature,
//! on one thread. It checks nothing else, limits nothing and tells nothing: never to be run for anything but this.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proto::decider::v1::Verdict;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use system_tests::cosigner::jws::{self, Signer, Verifier};
use system_tests::local::{Local, Settings};
use system_tests::services::decisions::{self, Client, within_deadline};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::error::Error;
use super::questions;

/// Where it stands.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Directory of keys and configurations
    #[arg(long)]
    dir: PathBuf,
}

/// Serves at the edge's address until it is killed.
pub async fn run(arguments: &Arguments) -> Result<(), Error> {
    let local = Local::create(&arguments.dir, &Settings::default())?;
    let acceptor = TlsAcceptor::from(Arc::new(tls(&local)?));
    let edge = Arc::new(BareEdge::read(&local)?);
    let listener =
        TcpListener::bind(local.addresses()?.edge).await.map_err(Error::io("the bare edge cannot listen"))?;
    loop {
        let (stream, _) = listener.accept().await.map_err(Error::io("the bare edge cannot accept"))?;
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(acceptor.clone(), stream, Arc::clone(&edge)));
    }
}

async fn serve(acceptor: TlsAcceptor, stream: TcpStream, edge: Arc<BareEdge>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| {
        let edge = Arc::clone(&edge);
        async move { edge.answer(request).await }
    });
    // How a connection ends is the load's to notice.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Its keys, and whom it asks.
struct BareEdge {
    verifier: Verifier,
    signer: Signer,
    decider: Client,
}

impl BareEdge {
    fn read(local: &Local) -> Result<Self, Error> {
        let unusable = |error: jws::Error| Error::Key(error.to_string());
        let read = |path: PathBuf| {
            std::fs::read(&path).map_err(Error::io(format!("cannot read {}", path.display())))
        };
        Ok(Self {
            verifier: Verifier::from_pem(&read(local.cosigner_public_key())?).map_err(unusable)?,
            signer: Signer::from_pem(&read(local.reply_private_key())?).map_err(unusable)?,
            decider: decisions::client(local)?,
        })
    }

    async fn answer(&self, request: http::Request<Incoming>) -> Result<http::Response<Full<Bytes>>, Error> {
        let failed = |why: &str| Error::Child(format!("the bare edge: {why}"));
        let body = request.into_body().collect().await.map_err(|_| failed("no body"))?.to_bytes();
        let token = std::str::from_utf8(&body).map_err(|_| failed("no text"))?;
        let payload = self.verifier.verify(token).map_err(|_| failed("no signature"))?;
        let id = questions::id_of(&payload)?;
        let question = questions::question_of(id.clone());
        let decided = self.decider.clone().decide(within_deadline(question)).await?.into_inner();
        let action = if decided.verdict() == Verdict::Allow { "APPROVE" } else { "REJECT" };
        let reply = format!(r#"{{"action":"{action}","requestId":"{id}"}}"#);
        let signed = self.signer.sign(reply.as_bytes()).map_err(|_| failed("cannot sign"))?;
        Ok(http::Response::new(Full::new(Bytes::from(signed))))
    }
}

/// Its side of TLS, as the library has it by itself.
pub fn tls(local: &Local) -> Result<ServerConfig, Error> {
    let unusable = |what: PathBuf| Error::Key(what.display().to_string());
    let (certificate, key) = (local.certificate("edge"), local.private_key("edge"));
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_file_iter(&certificate).and_then(Iterator::collect);
    let chain = chain.map_err(|_| unusable(certificate))?;
    let private = PrivateKeyDer::from_pem_file(&key).map_err(|_| unusable(key.clone()))?;
    ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private).map_err(|_| unusable(key))
}
