//! Certificates and keys for TLS.

mod offer;

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;
use rustls::{
    RootCertStore, ServerConfig,
    server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::CertifiedKey,
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

use crate::certificate::{Certificate, CertificateError, NoCertificates, chain};

/// A certificate or key file that cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// No certificate in the file, or a damaged one.
    #[error(transparent)]
    NoCertificate(#[from] NoCertificates),
    /// No private key in the file.
    #[error("does not hold a private key (PEM, unencrypted)")]
    NoKey,
    /// A key of another kind or size than TLS supports, or a damaged one.
    #[error(
        "holds a key that TLS cannot use: give an RSA key of 2048 to 8192 bits, or one of P-256, P-384, P-521 or Ed25519"
    )]
    Key,
    /// The key is not the certificate's, or the certificate is of a kind we cannot use.
    #[error("certificate and private key do not fit together: {0}")]
    Mismatch(rustls::Error),
    /// The certificate cannot be read.
    #[error("{0}")]
    Unreadable(#[from] CertificateError),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

/// The server side of TLS 1.2 and 1.3, offering HTTP/2 and HTTP/1.1. Which name a caller asks for does not matter:
/// there is one certificate, and whether it is for the name is for the caller to check.
#[derive(Clone, Debug)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    served: Arc<Served>,
    certificate: Certificate,
    clients: Option<RootCertStore>,
}

impl ServerTls {
    /// TLS with this certificate and key. With `clients`, callers have to send a certificate of one of these
    /// authorities.
    pub fn new(key: CertifiedKey, clients: Option<RootCertStore>) -> Result<Self, TlsError> {
        let certificate = Certificate::read(key.end_entity_cert().map_err(TlsError::Setup)?)?;
        let served = Arc::new(Served(ArcSwap::from_pointee(key)));
        let mut config = ServerConfig::builder_with_provider(offer::provider())
            .with_protocol_versions(&offer::VERSIONS)
            .map_err(TlsError::Setup)?
            .with_client_cert_verifier(verifier(clients.clone())?)
            .with_cert_resolver(Arc::clone(&served) as Arc<dyn ResolvesServerCert>);
        offer::settle(&mut config, clients.is_some()).map_err(TlsError::Setup)?;
        Ok(Self { config: Arc::new(config), served, certificate, clients })
    }

    /// The certificate that this was made with.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Whether both trust the same authorities of clients.
    #[must_use]
    pub fn admits_same_clients_as(&self, other: &Self) -> bool {
        let roots = |tls: &'_ Self| tls.clients.as_ref().map(|clients| clients.roots.clone());
        roots(self) == roots(other)
    }

    /// Serves the certificate of `other` from the next handshake on. Open connections stay.
    pub fn serve_certificate_of(&self, other: &Self) {
        self.served.0.store(other.served.0.load_full());
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

/// The certificate and key that are served now.
struct Served(ArcSwap<CertifiedKey>);

/// Never the key.
impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Served")
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

fn verifier(clients: Option<RootCertStore>) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let Some(roots) = clients else { return Ok(WebPkiClientVerifier::no_client_auth()) };
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), offer::provider())
        .build()
        .map_err(|_| NoCertificates.into())
}

/// A certificate chain and the key that belongs to it, both PEM.
pub fn certified_key(certificates: &[u8], key: &[u8]) -> Result<CertifiedKey, TlsError> {
    let chain = chain(certificates)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey)?;
    let provider = offer::provider();
    provider.key_provider.load_private_key(key.clone_key()).map_err(|_| TlsError::Key)?;
    CertifiedKey::from_der(chain, key, &provider).map_err(TlsError::Mismatch)
}
