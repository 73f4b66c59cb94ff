//! Callers: a Co-signer that signs what it is given, and plain HTTP for the admin port.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
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
    source: Ipv4Addr,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub content_type: String,
    pub body: Vec<u8>,
}

impl Reply {
    /// The payload of a signed reply; its signature must hold under the reply key of the vectors.
    pub fn verified(&self) -> serde_json::Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.content_type, "text/plain; charset=utf-8");
        let key = vector("synthetic_callback_rsa_public.pem");
        let key = jsonwebtoken::DecodingKey::from_rsa_pem(&key).expect("a key");
        let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
        rules.required_spec_claims.clear();
        jsonwebtoken::decode(&self.body, &key, &rules).expect("signed by the reply key").claims
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
        Self { address, key, tls: Arc::new(tls), http2: false, source: Ipv4Addr::LOCALHOST }
    }

    /// The same over HTTP/2.
    pub fn over_http2(mut self) -> Self {
        Arc::make_mut(&mut self.tls).alpn_protocols = vec![b"h2".to_vec()];
        self.http2 = true;
        self
    }

    /// The same from another address of this machine.
    pub fn from(mut self, source: Ipv4Addr) -> Self {
        self.source = source;
        self
    }

    /// A token over `payload`, as a Co-signer makes it.
    pub fn token(&self, payload: &str) -> Vec<u8> {
        let header = r#"{"typ":"JWT","alg":"RS256"}"#;
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
        let request = request.body(Full::new(body.into())).expect("a request");
        let stream = TokioIo::new(self.connect().await);
        let response = if self.http2 {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
                    .await
                    .expect("a connection");
            tokio::spawn(connection);
            sender.send_request(request).await.expect("an answer")
        } else {
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(stream).await.expect("a connection");
            tokio::spawn(connection);
            sender.send_request(request).await.expect("an answer")
        };
        let content_type =
            response.headers().get("content-type").map(|value| value.to_str().expect("text").to_owned());
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes().to_vec();
        Reply { status, content_type: content_type.unwrap_or_default(), body }
    }

    /// A connection of HTTP/2 that is kept.
    pub async fn session(self) -> Session {
        let stream = TokioIo::new(self.connect().await);
        let (sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.expect("a connection");
        tokio::spawn(connection);
        Session { caller: self, sender }
    }

    /// A TLS connection and nothing more.
    pub async fn connect(&self) -> TlsStream<TcpStream> {
        self.try_connect().await.expect("TLS")
    }

    pub async fn try_connect(&self) -> io::Result<TlsStream<TcpStream>> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((self.source, 0)))?;
        let stream = socket.connect(self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").expect("a name");
        TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await
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
