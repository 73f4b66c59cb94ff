//! Callers: a Co-signer that signs what it is given, and plain HTTP for the admin port.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, Request, header::HOST};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Files, vector};

/// A Co-signer, with the key of the vectors.
pub struct Caller {
    address: SocketAddr,
    key: RsaKeyPair,
    tls: Arc<rustls::ClientConfig>,
    http2: bool,
    from: Option<IpAddr>,
    before_tls: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub content_type: String,
    pub body: Vec<u8>,
}

impl Reply {
    /// The payload of a signed reply; its signature must hold under the RSA reply key of the vectors.
    pub fn verified(&self) -> serde_json::Value {
        self.verified_by("rsa").expect("signed by the reply key")
    }

    /// The same under the reply key of this kind, `rsa` or `p256`. `None`: the signature is not of that key.
    pub fn verified_by(&self, kind: &str) -> Option<serde_json::Value> {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.content_type, "text/plain; charset=utf-8");
        let key = vector(&format!("synthetic_callback_{kind}_public.pem"));
        let (algorithm, key) = match kind {
            "rsa" => (Algorithm::RS256, DecodingKey::from_rsa_pem(&key)),
            _ => (Algorithm::ES256, DecodingKey::from_ec_pem(&key)),
        };
        let mut rules = Validation::new(algorithm);
        rules.required_spec_claims.clear();
        let read = jsonwebtoken::decode(&self.body, &key.expect("a key"), &rules);
        read.ok().map(|read| read.claims)
    }

    /// A reply of JSON mode.
    pub fn plain(&self) -> serde_json::Value {
        assert_eq!((self.status, self.content_type.as_str()), (200, "application/json"), "{self:?}");
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Action and requestId of a signed reply.
    pub fn told(&self) -> (String, String) {
        let payload = self.verified();
        let text = |name: &str| payload[name].as_str().expect(name).to_owned();
        (text("action"), text("requestId"))
    }

    pub fn action(&self) -> String {
        self.told().0
    }

    pub fn reason(&self) -> String {
        self.verified()["rejectionReason"].as_str().unwrap_or_default().to_owned()
    }
}

impl Caller {
    pub fn new(address: SocketAddr, files: &Files) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots(files))
            .with_no_client_auth();
        let PrivateKeyDer::Pkcs8(key) =
            PrivateKeyDer::from_pem_slice(&files.read("cosigner_private.pem")).expect("a key")
        else {
            panic!("PKCS#8")
        };
        let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).expect("RSA");
        Self { address, key, tls: Arc::new(tls), http2: false, from: None, before_tls: Vec::new() }
    }

    /// The same over HTTP/2.
    pub fn over_http2(mut self) -> Self {
        Arc::make_mut(&mut self.tls).alpn_protocols = vec![b"h2".to_vec()];
        self.http2 = true;
        self
    }

    /// The same from this address of the machine.
    pub fn from(mut self, address: &str) -> Self {
        self.from = Some(address.parse().expect(address));
        self
    }

    /// The same with these bytes before those of TLS.
    pub fn after(mut self, bytes: &[u8]) -> Self {
        self.before_tls = bytes.to_vec();
        self
    }

    /// The same with a certificate and its key.
    pub fn showing(mut self, certificate: &[u8], key: &[u8]) -> Self {
        let chain = vec![CertificateDer::from_pem_slice(certificate).expect("a certificate")];
        let key = PrivateKeyDer::from_pem_slice(key).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let certified = CertifiedKey::from_der(chain, key, &provider).expect("they fit");
        Arc::make_mut(&mut self.tls).client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(certified));
        self
    }

    /// A token over `payload`, as a Co-signer makes it.
    pub fn token(&self, payload: &str) -> Vec<u8> {
        self.token_with(r#"{"typ":"JWT","alg":"RS256"}"#, payload)
    }

    /// The same with another header.
    pub fn token_with(&self, header: &str, payload: &str) -> Vec<u8> {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let mut signature = vec![0; 256];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .expect("signed");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)).into_bytes()
    }

    /// Signs and posts `payload`.
    pub async fn ask(&self, path: &str, payload: &str) -> Reply {
        self.post(path, self.token(payload)).await
    }

    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Reply {
        self.send(self.request(Method::POST, path), body).await
    }

    pub fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let uri = if self.http2 { format!("https://localhost{path}") } else { path.to_owned() };
        Request::builder().method(method).uri(uri).header(HOST, "localhost")
    }

    pub async fn send(&self, request: http::request::Builder, body: impl Into<Bytes>) -> Reply {
        self.open().await.send(request, body).await
    }

    /// A connection for as many requests as one likes.
    pub async fn open(&self) -> Connection {
        let stream = TokioIo::new(self.connect().await);
        if self.http2 {
            let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
                .await
                .expect("a connection");
            tokio::spawn(connection);
            Connection::Http2(sender)
        } else {
            let (sender, connection) =
                hyper::client::conn::http1::handshake(stream).await.expect("a connection");
            tokio::spawn(connection);
            Connection::Http1(sender)
        }
    }

    /// A connection of HTTP/2 that is kept.
    pub async fn session(self) -> Session {
        let stream = TokioIo::new(self.connect().await);
        let (sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.expect("a connection");
        tokio::spawn(connection);
        Session { caller: self, sender }
    }

    /// The certificate (DER) that a new connection is met with.
    pub async fn served(&self) -> Vec<u8> {
        let stream = self.connect().await;
        stream.get_ref().1.peer_certificates().expect("a certificate")[0].to_vec()
    }

    /// A TLS connection and nothing more.
    pub async fn connect(&self) -> TlsStream<TcpStream> {
        self.try_connect().await.expect("TLS")
    }

    /// The same, if it can be had.
    pub async fn try_connect(&self) -> io::Result<TlsStream<TcpStream>> {
        let mut stream = self.connect_tcp().await;
        stream.write_all(&self.before_tls).await?;
        let name = ServerName::try_from("localhost").expect("a name");
        TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await
    }

    /// A connection without TLS.
    pub async fn connect_tcp(&self) -> TcpStream {
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.expect("a socket");
        if let Some(from) = self.from {
            socket.bind(SocketAddr::new(from, 0)).expect("an address of this machine");
        }
        let stream = socket.connect(self.address).await.expect("connects");
        stream.set_nodelay(true).expect("a socket that is open");
        stream
    }
}

/// A connection that stays.
pub enum Connection {
    Http1(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    Http2(hyper::client::conn::http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    pub async fn post(&mut self, path: &str, body: impl Into<Bytes>) -> Reply {
        let uri = match self {
            Self::Http1(_) => path.to_owned(),
            Self::Http2(_) => format!("https://localhost{path}"),
        };
        self.send(Request::builder().method(Method::POST).uri(uri).header(HOST, "localhost"), body).await
    }

    pub async fn send(&mut self, request: http::request::Builder, body: impl Into<Bytes>) -> Reply {
        let request = request.body(Full::new(body.into())).expect("a request");
        let response = match self {
            Self::Http1(sender) => {
                sender.ready().await.expect("an open connection");
                sender.send_request(request).await
            }
            Self::Http2(sender) => sender.send_request(request).await,
        };
        let response = response.expect("an answer");
        let content_type =
            response.headers().get("content-type").map(|value| value.to_str().expect("text").to_owned());
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes().to_vec();
        Reply { status, content_type: content_type.unwrap_or_default(), body }
    }
}

/// A connection of HTTP/2 that is kept.
pub struct Session {
    caller: Caller,
    sender: hyper::client::conn::http2::SendRequest<Full<Bytes>>,
}

impl Session {
    /// Whether it takes one more request.
    pub async fn ready(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    /// The status of the answer, which must come.
    pub async fn post(&mut self, path: &str, body: &[u8]) -> u16 {
        let request = self.caller.request(Method::POST, path).body(Full::new(Bytes::copy_from_slice(body)));
        let response = self.sender.send_request(request.expect("a request")).await.expect("an answer");
        let status = response.status().as_u16();
        response.into_body().collect().await.expect("a body");
        status
    }
}

/// Whom a caller trusts: the authority of the files.
pub fn roots(files: &Files) -> rustls::RootCertStore {
    let mut roots = rustls::RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(&files.read("ca.pem")).expect("a certificate");
    roots.add(authority).expect("a root");
    roots
}

/// Waits until nobody may connect. A child of this process that is being started holds a copy of every listener until it
/// runs its own program.
pub async fn until_refused(address: SocketAddr) {
    for _ in 0..1000 {
        if TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{address} still takes connections");
}

/// A GET over plain HTTP.
pub async fn plain_get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.expect("an answer");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}
