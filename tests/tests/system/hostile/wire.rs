//! Connections to the edge: bare, over TLS, and clients that differ from any real one.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// A TLS client.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Protocols it offers. None: it does not speak of them.
    #[serde(default)]
    pub alpn: Vec<String>,
    /// The server it asks for.
    #[serde(default = "right_name")]
    pub name: String,
    /// `1.2` or `1.3`. Without it both.
    pub version: Option<String>,
}

fn right_name() -> String {
    "localhost".to_owned()
}

impl Client {
    /// Like any other, for one protocol.
    pub fn of(protocol: &str) -> Self {
        Self { alpn: vec![protocol.to_owned()], name: right_name(), version: None }
    }

    /// A connection after the handshake.
    pub async fn connect(&self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(self.name.clone()).expect("a name");
        TlsConnector::from(Arc::new(self.config())).connect(name, tcp(address).await?).await
    }

    fn config(&self) -> ClientConfig {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Arc::new(AnyName(Arc::clone(&provider)));
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions())
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = self.alpn.iter().map(|name| name.clone().into_bytes()).collect();
        config
    }

    fn versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        match self.version.as_deref() {
            Some("1.2") => vec![&rustls::version::TLS12],
            Some("1.3") => vec![&rustls::version::TLS13],
            None => vec![&rustls::version::TLS12, &rustls::version::TLS13],
            Some(other) => panic!("no version {other}"),
        }
    }
}

/// A connection before any handshake.
pub async fn tcp(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Believes any certificate: what is under test here is the server, and some cases ask for a name it does not have.
#[derive(Debug)]
struct AnyName(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
