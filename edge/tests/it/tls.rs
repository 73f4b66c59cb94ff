//! What TLS takes and what it refuses, over real sockets.

use std::sync::Arc;

use rustls::{
    ClientConfig, HandshakeKind, SupportedCipherSuite, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    version::{TLS12, TLS13},
};
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::support::{Bench, Manner, roots};

/// A caller's side of TLS.
fn client(
    bench: &Bench,
    version: &'static SupportedProtocolVersion,
    suites: &[SupportedCipherSuite],
) -> ClientConfig {
    let provider = CryptoProvider { cipher_suites: suites.to_vec(), ..aws_lc_rs::default_provider() };
    ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[version])
        .expect("versions")
        .with_root_certificates(roots(&bench.files))
        .with_no_client_auth()
}

async fn connect(
    bench: &Bench,
    config: &Arc<ClientConfig>,
    name: &'static str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(bench.edge.address).await?;
    let name = ServerName::try_from(name).expect("a name");
    TlsConnector::from(Arc::clone(config)).connect(name, stream).await
}

/// Status line of the answer to a request over HTTP/1.1.
async fn asked(stream: &mut TlsStream<TcpStream>) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
    let mut line = [0; 12];
    stream.read_exact(&mut line).await.expect("an answer");
    String::from_utf8_lossy(&line).into_owned()
}

#[tokio::test]
async fn both_versions_are_served_to_whoever_names_no_protocol() {
    let bench = Bench::new(Manner::Allowing).await;
    for version in [&TLS12, &TLS13] {
        let config = Arc::new(client(&bench, version, aws_lc_rs::ALL_CIPHER_SUITES));
        let mut stream = connect(&bench, &config, "localhost").await.expect("TLS");
        assert_eq!(asked(&mut stream).await, "HTTP/1.1 404", "{version:?}");
    }
}

/// A Co-signer asks for the host of the URL it was given, which may be an address, or a name of a balancer.
#[tokio::test]
async fn the_name_a_caller_asks_for_does_not_matter() {
    let bench = Bench::new(Manner::Allowing).await;
    let config = Arc::new(client(&bench, &TLS13, aws_lc_rs::ALL_CIPHER_SUITES));
    let mut by_address = connect(&bench, &config, "127.0.0.1").await.expect("TLS without a name");
    assert_eq!(asked(&mut by_address).await, "HTTP/1.1 404");
    let error =
        connect(&bench, &config, "elsewhere.example").await.expect_err("the caller's own check").to_string();
    assert!(error.contains("not valid for name"), "{error}");
}

#[tokio::test]
async fn a_caller_resumes_by_its_ticket() {
    let bench = Bench::new(Manner::Allowing).await;
    for version in [&TLS12, &TLS13] {
        let mut config = client(&bench, version, aws_lc_rs::ALL_CIPHER_SUITES);
        config.enable_early_data = true;
        let config = Arc::new(config);
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let mut stream = connect(&bench, &config, "localhost").await.expect("TLS");
            assert_eq!(asked(&mut stream).await, "HTTP/1.1 404");
            assert_eq!(stream.get_ref().1.handshake_kind(), Some(kind), "{version:?}");
            assert!(!stream.get_ref().1.is_early_data_accepted());
        }
    }
}
