//! A callback handler that answers what a test tells it to: for what a Co-signer must not believe.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use system_tests::cosigner;
use system_tests::local::{Local, Settings};
use system_tests::services::ports;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

type Script = dyn Fn(&Received) -> (u16, Vec<u8>) + Send + Sync;

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub body: String,
}

/// A running scripted handler with the files of a system; it ends when it is dropped.
pub struct ScriptedEdge {
    pub local: Local,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
    server: tokio::task::JoinHandle<()>,
    _directory: tempfile::TempDir,
}

impl ScriptedEdge {
    pub async fn start(script: impl Fn(&Received) -> (u16, Vec<u8>) + Send + Sync + 'static) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings { addresses: ports::free_addresses(), ..Settings::default() };
        let local = Local::create(directory.path(), &settings).unwrap();
        let listener = TcpListener::bind(settings.addresses.edge).await.unwrap();
        let (received, connections) = (Arc::default(), Arc::default());
        let server = tokio::spawn(serve(
            listener,
            acceptor(&local),
            Arc::new(script),
            Arc::clone(&received),
            Arc::clone(&connections),
        ));
        Self { local, received, connections, server, _directory: directory }
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn config(&self) -> cosigner::Config {
        cosigner::Config {
            url: self.local.url().unwrap(),
            private_key: self.local.cosigner_private_key(),
            reply_key: self.local.reply_public_key(),
            ca: self.local.ca(),
            timeout: cosigner::ANSWER_TIMEOUT,
        }
    }
}

impl Drop for ScriptedEdge {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The files of a system whose handler replies with this JSON text, signed with the right key.
pub async fn replying(reply: impl Fn(&str) -> String + Send + Sync + 'static) -> ScriptedEdge {
    let signer = Arc::new(Mutex::new(None::<cosigner::jws::Signer>));
    let key = Arc::clone(&signer);
    let edge = ScriptedEdge::start(move |received| {
        let payload = cosigner::jws::unverified_payload(&received.body).unwrap();
        let request: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        let reply = reply(request["requestId"].as_str().unwrap());
        (200, key.lock().unwrap().as_ref().unwrap().sign(reply.as_bytes()).unwrap().into_bytes())
    })
    .await;
    let pem = std::fs::read(edge.local.reply_private_key()).unwrap();
    *signer.lock().unwrap() = Some(cosigner::jws::Signer::from_pem(&pem).unwrap());
    edge
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    script: Arc<Script>,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
) {
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        connections.fetch_add(1, Ordering::SeqCst);
        let (acceptor, script, received) = (acceptor.clone(), Arc::clone(&script), Arc::clone(&received));
        tokio::spawn(async move {
            let Ok(tls) = acceptor.accept(tcp).await else { return };
            let service = service_fn(|request| answer(request, &*script, &received));
            let _ =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(tls), service).await;
        });
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    script: &Script,
    received: &Mutex<Vec<Received>>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let request = Received { path, body: String::from_utf8(body.to_vec()).unwrap() };
    received.lock().unwrap().push(request.clone());
    let (status, body) = script(&request);
    let mut response = hyper::Response::builder().status(status);
    if request.body.contains("close-after") {
        response = response.header("connection", "close");
    }
    Ok(response.body(Full::from(body)).unwrap())
}

fn acceptor(local: &Local) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(local.certificate("edge")).unwrap();
    let key = PrivateKeyDer::from_pem_file(local.private_key("edge")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
