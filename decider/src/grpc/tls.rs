//! Who we are, and whose certificates we take: read and checked before anybody is let in by them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CertificateError, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem};
use sha2::{Digest as _, Sha256};

use crate::grants::certificate::expiry;

/// The one protocol that is spoken.
const ALPN: &[u8] = b"h2";

/// Where the three files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate with its chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub private_key: PathBuf,
    /// The certificates of the authority that signs clients.
    pub client_ca: PathBuf,
}

/// The server's identity and the authority of its clients, known to be usable.
#[derive(Debug, Clone)]
pub struct Tls {
    /// For handshakes.
    pub server: Arc<ServerConfig>,
    /// When our certificate ends, in seconds since 1970.
    pub certificate_expiry: i64,
    /// When the first of the clients' authorities ends.
    pub client_ca_expiry: i64,
    /// Of the three files.
    pub digest: [u8; 32],
    clients: Arc<dyn ClientCertVerifier>,
}

/// One of the three files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsFile {
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
    CertificateUnusable(String, String),
    /// It is of an older version: of what can be parsed otherwise, little else is refused.
    #[error(
        "{0}: this certificate cannot be used: {1}. It has to be of X.509 version 3 (`openssl x509 -noout -text` shows \
         which it is of): have it issued anew, with its names as subject alternative names"
    )]
    NotVersion3(String, String),
}

impl Tls {
    /// Reads all three files.
    ///
    /// # Errors
    /// What is wrong with each that is not usable.
    pub fn read(files: &TlsFiles) -> Result<Self, Vec<(TlsFile, TlsError)>> {
        let chain = read_chain(&files.certificate);
        let key = read_key(&files.private_key);
        let authority = read_authority(&files.client_ca);
        let pair = match (&chain, &key) {
            (Ok(chain), Ok(key)) => pair(files, chain, key).map(Some),
            _ => Ok(None),
        };
        match (chain, key, authority, pair) {
            (Ok(chain), Ok(key), Ok(authority), Ok(Some(pair))) => {
                let digest = digest([&chain.pem, &key.pem, &authority.pem]);
                Self::of(pair, &chain, &authority, digest)
                    .map_err(|error| vec![(TlsFile::ClientCa, unusable(&files.client_ca, error))])
            }
            (chain, key, authority, pair) => {
                let errors = [
                    chain.err().map(|error| (TlsFile::Certificate, error)),
                    key.err().map(|error| (TlsFile::PrivateKey, error)),
                    pair.err(),
                    authority.err().map(|error| (TlsFile::ClientCa, error)),
                ];
                Err(errors.into_iter().flatten().collect())
            }
        }
    }

    fn of(
        pair: CertifiedKey,
        chain: &Read<Chain>,
        authority: &Read<Authority>,
        digest: [u8; 32],
    ) -> Result<Self, String> {
        let roots = Arc::clone(&authority.what.roots);
        let clients = WebPkiClientVerifier::builder_with_provider(roots, provider()).build();
        let clients = clients.map_err(|error| error.to_string())?;
        let server = server(pair, Arc::clone(&clients)).map_err(|error| error.to_string())?;
        Ok(Self {
            server: Arc::new(server),
            certificate_expiry: chain.what.expiry,
            client_ca_expiry: authority.what.expiry,
            digest,
            clients,
        })
    }

    /// That a client's chain, its own certificate first, is still one of the authority's, and holds now.
    ///
    /// # Errors
    /// Why not.
    pub fn trusts(&self, chain: &[CertificateDer<'_>]) -> Result<(), rustls::Error> {
        let (own, others) = chain.split_first().ok_or(rustls::Error::NoCertificatesPresented)?;
        self.clients.verify_client_cert(own, others, UnixTime::now()).map(|_| ())
    }
}

/// No session is resumed: each connection shows its certificate to the authority of the time.
fn server(pair: CertifiedKey, clients: Arc<dyn ClientCertVerifier>) -> Result<ServerConfig, rustls::Error> {
    let mut server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
    server.alpn_protocols = vec![ALPN.to_vec()];
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.send_tls13_tickets = 0;
    Ok(server)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// What a file holds, and its bytes.
struct Read<T> {
    what: T,
    pem: Vec<u8>,
}

struct Chain {
    certificates: Vec<CertificateDer<'static>>,
    expiry: i64,
}

struct Authority {
    roots: Arc<RootCertStore>,
    expiry: i64,
}

fn read_chain(path: &Path) -> Result<Read<Chain>, TlsError> {
    let pem = read(path)?;
    let missing = || TlsError::Missing(shown(path), "certificate");
    let certificates: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|_| missing())?;
    let own = certificates.first().ok_or_else(missing)?;
    let expiry = expiry(own).ok_or_else(|| unusable(path, "it cannot be read"))?;
    Ok(Read { what: Chain { certificates, expiry }, pem })
}

fn read_key(path: &Path) -> Result<Read<PrivateKeyDer<'static>>, TlsError> {
    let pem = read(path)?;
    let key = PrivateKeyDer::from_pem_slice(&pem);
    let key = key.map_err(|_| TlsError::Missing(shown(path), "private key"))?;
    Ok(Read { what: key, pem })
}

fn pair(
    files: &TlsFiles,
    chain: &Read<Chain>,
    key: &Read<PrivateKeyDer<'static>>,
) -> Result<CertifiedKey, (TlsFile, TlsError)> {
    let (certificate, path) = (shown(&files.certificate), shown(&files.private_key));
    let chain = chain.what.certificates.clone();
    let pair = CertifiedKey::from_der(chain, key.what.clone_key(), &aws_lc_rs::default_provider());
    pair.map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => (TlsFile::PrivateKey, TlsError::NotTheKey(path)),
        rustls::Error::InvalidCertificate(why) => {
            let why = match why {
                CertificateError::Other(why) => why.to_string(),
                why => why.to_string(),
            };
            (TlsFile::Certificate, TlsError::NotVersion3(certificate, why))
        }
        error => (TlsFile::PrivateKey, TlsError::KeyUnusable(path, error)),
    })
}

fn read_authority(path: &Path) -> Result<Read<Authority>, TlsError> {
    let Read { what: chain, pem } = read_chain(path)?;
    let mut roots = RootCertStore::empty();
    let mut first = i64::MAX;
    for certificate in chain.certificates {
        first = first.min(expiry(&certificate).unwrap_or(i64::MIN));
        roots.add(certificate).map_err(|error| unusable(path, error))?;
    }
    Ok(Read { what: Authority { roots: Arc::new(roots), expiry: first }, pem })
}

/// Each file is hashed with its length: what one file loses to the next is a change, too.
fn digest(files: [&Vec<u8>; 3]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(u64::try_from(file.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(file);
    }
    hash.finalize().into()
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::Unreadable(shown(path), error))
}

fn unusable(path: &Path, why: impl ToString) -> TlsError {
    TlsError::CertificateUnusable(shown(path), why.to_string())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
