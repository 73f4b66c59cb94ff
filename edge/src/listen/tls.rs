//! Certificates and keys for TLS.

mod offer;

use std::sync::Arc;

use rustls::{
    RootCertStore, ServerConfig,
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

/// A certificate or key file that cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// No certificate in the file, or a damaged one.
    #[error("does not hold certificates (PEM, \"BEGIN CERTIFICATE\")")]
    NoCertificate,
    /// No private key in the file.
    #[error("does not hold a private key (PEM, unencrypted)")]
    NoKey,
    /// The key is not the certificate's, or either is of a kind we cannot use.
    #[error("certificate and private key do not fit together: {0}")]
    Mismatch(rustls::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

/// The server side of TLS 1.2 and 1.3, offering HTTP/2 and HTTP/1.1. Which name a caller asks for does not matter: there
/// is one certificate, and whether it is for the name is for the caller to check.
#[derive(Clone, Debug)]
pub struct ServerTls(Arc<ServerConfig>);

impl ServerTls {
    /// TLS as the owner of `key`.
    pub fn new(key: CertifiedKey) -> Result<Self, TlsError> {
        let mut config = ServerConfig::builder_with_provider(offer::provider())
            .with_protocol_versions(&offer::VERSIONS)
            .map_err(TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
        offer::settle(&mut config).map_err(TlsError::Setup)?;
        Ok(Self(Arc::new(config)))
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0))
    }
}

/// A certificate chain and the key that belongs to it, both PEM.
pub fn certified_key(certificates: &[u8], key: &[u8]) -> Result<CertifiedKey, TlsError> {
    let chain = chain(certificates)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey)?;
    CertifiedKey::from_der(chain, key, &offer::provider()).map_err(TlsError::Mismatch)
}

/// Checks that `pem` holds certificates that can be trusted as roots.
pub fn root_store(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in chain(pem)? {
        store.add(certificate).map_err(|_| TlsError::NoCertificate)?;
    }
    Ok(store)
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(TlsError::NoCertificate),
    }
}
