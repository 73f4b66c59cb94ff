//! Who we are, and whose certificates we take: read and checked before a port is bound.

use std::path::Path;

use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem};
use tonic::transport::{Certificate, Identity, ServerTlsConfig};

/// The server's identity and the authority of its clients, known to be usable.
#[derive(Debug, Clone)]
pub struct Tls {
    certificate_pem: Vec<u8>,
    private_key_pem: Vec<u8>,
    client_ca_pem: Vec<u8>,
}

/// One of the three files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The certificate with its chain.
    Certificate,
    /// Its private key.
    PrivateKey,
    /// The certificates of the authority that signs clients.
    ClientCa,
}

/// Why a file is not usable. Nothing of its content is repeated.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// It cannot be read.
    #[error("{0}: cannot be read: {1}")]
    Unreadable(String, std::io::Error),
    /// It is not PEM, or holds nothing of the kind.
    #[error("{0}: holds no {1} in PEM form")]
    Missing(String, &'static str),
    /// Key and certificate are not each other's.
    #[error("{0}: is not the key of the certificate")]
    NotTheKey(String),
    /// The key is of a kind that cannot be used.
    #[error("{0}: this kind of key cannot be used: {1}")]
    KeyUnusable(String, rustls::Error),
    /// A certificate cannot be used.
    #[error("{0}: this certificate cannot be used: {1}")]
    CertificateUnusable(String, rustls::Error),
}

impl Tls {
    /// Reads all three files.
    ///
    /// # Errors
    /// What is wrong with each that is not usable.
    pub fn read(
        certificate: &Path,
        private_key: &Path,
        client_ca: &Path,
    ) -> Result<Self, Vec<(Part, TlsError)>> {
        let chain = read_chain(certificate);
        let key = read_key(private_key);
        let authority = read_authority(client_ca);
        let pair = match (&chain, &key) {
            (Ok((chain, _)), Ok((key, _))) => check_pair(private_key, chain, key),
            _ => Ok(()),
        };
        match (chain, key, authority, pair) {
            (Ok((_, certificate_pem)), Ok((_, private_key_pem)), Ok(client_ca_pem), Ok(())) => {
                Ok(Self { certificate_pem, private_key_pem, client_ca_pem })
            }
            (chain, key, authority, pair) => {
                let errors = [
                    chain.err().map(|error| (Part::Certificate, error)),
                    key.err().map(|error| (Part::PrivateKey, error)),
                    pair.err().map(|error| (Part::PrivateKey, error)),
                    authority.err().map(|error| (Part::ClientCa, error)),
                ];
                Err(errors.into_iter().flatten().collect())
            }
        }
    }

    /// For the server: clients must show a certificate of the authority.
    pub fn server(&self) -> ServerTlsConfig {
        ServerTlsConfig::new()
            .identity(Identity::from_pem(&self.certificate_pem, &self.private_key_pem))
            .client_ca_root(Certificate::from_pem(&self.client_ca_pem))
    }
}

type Chain = Vec<CertificateDer<'static>>;

fn read_chain(path: &Path) -> Result<(Chain, Vec<u8>), TlsError> {
    let pem = read(path)?;
    let missing = || TlsError::Missing(shown(path), "certificate");
    let chain: Result<Chain, pem::Error> = CertificateDer::pem_slice_iter(&pem).collect();
    let chain = chain.map_err(|_| missing())?;
    if chain.is_empty() { Err(missing()) } else { Ok((chain, pem)) }
}

fn read_key(path: &Path) -> Result<(PrivateKeyDer<'static>, Vec<u8>), TlsError> {
    let pem = read(path)?;
    let key =
        PrivateKeyDer::from_pem_slice(&pem).map_err(|_| TlsError::Missing(shown(path), "private key"))?;
    Ok((key, pem))
}

fn check_pair(
    path: &Path,
    chain: &[CertificateDer<'static>],
    key: &PrivateKeyDer<'static>,
) -> Result<(), TlsError> {
    let pair = CertifiedKey::from_der(chain.to_vec(), key.clone_key(), &aws_lc_rs::default_provider());
    match pair {
        Ok(_) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => Err(TlsError::NotTheKey(shown(path))),
        Err(error) => Err(TlsError::KeyUnusable(shown(path), error)),
    }
}

fn read_authority(path: &Path) -> Result<Vec<u8>, TlsError> {
    let (certificates, pem) = read_chain(path)?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate).map_err(|error| TlsError::CertificateUnusable(shown(path), error))?;
    }
    Ok(pem)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::Unreadable(shown(path), error))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
