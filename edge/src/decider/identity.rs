//! The identity by which deciders know us, and the files it is made of.

use std::{fmt, io, net::SocketAddr, path::PathBuf, time::Duration};

use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio::task::spawn_blocking;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use super::{address::Address, cause::root_cause};
use crate::{
    certificate::{Certificate, CertificateError, root_store},
    file,
};

/// For TCP, and again for TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(3);

/// Answers to calls that were given up, which one connection may get in its life. At h2's default of 1024 a decider
/// that hung for a while would make enough of them to end the connection, with every call on it.
const MAX_LATE_ANSWERS: usize = 1 << 20;

/// An identity that cannot be used.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// A file cannot be read.
    #[error("{} cannot be read: {}", .0.display(), .1)]
    File(PathBuf, io::Error),
    /// No certificate authority, or a damaged one.
    #[error("the authority does not hold certificates (PEM, \"BEGIN CERTIFICATE\")")]
    Authority,
    /// Our certificate says nothing that we can read.
    #[error("the certificate {0}")]
    Certificate(#[from] CertificateError),
    /// The TLS settings are refused: a key that is not the certificate's, for one.
    #[error("the TLS settings for the decider are refused: {}", root_cause(.0))]
    Tls(#[from] tonic::transport::Error),
}

/// The files that an identity is made of, all PEM.
#[derive(Clone, Debug)]
pub struct IdentityFiles {
    /// The authority of the deciders' certificates.
    pub ca: PathBuf,
    /// Our certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub private_key: PathBuf,
}

impl IdentityFiles {
    /// The identity that the files say now. Files of which not all are replaced yet do not fit, and are an error.
    pub(super) async fn read(&self) -> Result<ClientIdentity, IdentityError> {
        let read = async |path: &PathBuf| {
            let file = path.clone();
            let read =
                spawn_blocking(move || file::read(&file)).await.unwrap_or_else(|fault| Err(fault.into()));
            read.map_err(|error| IdentityError::File(path.clone(), error))
        };
        ClientIdentity::new(
            &read(&self.ca).await?,
            &read(&self.certificate).await?,
            &read(&self.private_key).await?,
        )
    }
}

/// Our certificate and key for deciders, and the authority of theirs.
#[derive(Clone)]
pub struct ClientIdentity {
    tls: ClientTlsConfig,
    digest: [u8; 32],
    certificate: Certificate,
}

impl ClientIdentity {
    /// Trusts deciders under `ca`, and shows them `certificate`, whose key is `key` (all PEM).
    pub fn new(ca: &[u8], certificate: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        root_store(ca).map_err(|_| IdentityError::Authority)?;
        let pair = tonic::transport::Identity::from_pem(certificate, key);
        let tls =
            ClientTlsConfig::new().ca_certificate(tonic::transport::Certificate::from_pem(ca)).identity(pair);
        let contents = [ca, certificate, key].map(Sha256::digest).concat();
        let (digest, certificate) = (Sha256::digest(contents).into(), own(certificate)?);
        let identity = Self { tls: tls.timeout(CONNECT_TIMEOUT), digest, certificate };
        // tonic checks certificate and key only when they are used, so use them here.
        identity.tls_for("localhost", Endpoint::from_static("https://localhost"))?;
        Ok(identity)
    }

    /// What our certificate says.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Whether it was made of the same contents.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.digest == other.digest
    }

    /// A channel to the decider of this address that is `at`; it connects when it is first used. Whichever machine
    /// that is, its certificate must be for the host of the URL.
    pub(super) fn channel(&self, address: &Address, at: SocketAddr) -> Result<Channel, IdentityError> {
        let endpoint = Endpoint::from_shared(format!("https://{at}"))?.origin(address.uri().clone());
        let endpoint = self.tls_for(address.host(), endpoint)?;
        let endpoint = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .http2_max_local_error_reset_streams(Some(MAX_LATE_ANSWERS));
        Ok(endpoint.connect_lazy())
    }

    fn tls_for(&self, host: &str, endpoint: Endpoint) -> Result<Endpoint, IdentityError> {
        Ok(endpoint.tls_config(self.tls.clone().domain_name(host))?)
    }
}

/// The first of the chain.
fn own(chain: &[u8]) -> Result<Certificate, CertificateError> {
    Certificate::read(&CertificateDer::from_pem_slice(chain).map_err(|_| CertificateError)?)
}

/// Never the key.
impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientIdentity").finish_non_exhaustive()
    }
}
