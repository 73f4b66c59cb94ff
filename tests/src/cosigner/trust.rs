//! By what a Co-signer knows its handler: an authority, or the public key of one certificate (callback protocol, section 1).

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{Error, read};

/// Whose certificate a handler must have.
#[derive(Debug, Clone)]
pub enum Trust {
    /// One of this certificate authority (PEM), for the host of the URL.
    Authority(PathBuf),
    /// One with the public key of this certificate (PEM), whoever issued it and until whenever.
    Pin(PathBuf),
}

impl Trust {
    /// TLS that goes by it.
    pub(super) fn tls(&self) -> Result<ClientConfig, Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| self.unusable(error.to_string()))?;
        let mut config = match self {
            Self::Authority(_) => builder.with_root_certificates(self.roots()?).with_no_client_auth(),
            Self::Pin(_) => {
                let pinned = Arc::new(Pinned { public_key: self.public_key()?, provider });
                builder.dangerous().with_custom_certificate_verifier(pinned).with_no_client_auth()
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn roots(&self) -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates("the certificate authority")? {
            roots.add(certificate).map_err(|error| self.unusable(error.to_string()))?;
        }
        Ok(roots)
    }

    fn public_key(&self) -> Result<Vec<u8>, Error> {
        let certificates = self.certificates("the pinned certificate")?;
        let pinned = certificates.first().and_then(public_key);
        pinned.ok_or_else(|| self.unusable("its public key cannot be read".into()))
    }

    fn certificates(&self, what: &'static str) -> Result<Vec<CertificateDer<'static>>, Error> {
        let (Self::Authority(path) | Self::Pin(path)) = self;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(what, path)?).collect();
        match found.map_err(|error| self.unusable(error.to_string()))? {
            none if none.is_empty() => Err(self.unusable("it holds no certificate in PEM form".into())),
            some => Ok(some),
        }
    }

    fn unusable(&self, why: String) -> Error {
        let (Self::Authority(path) | Self::Pin(path)) = self;
        Error::Key { path: path.clone(), why }
    }
}

/// SubjectPublicKeyInfo, DER.
fn public_key(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(certificate.public_key().raw.to_vec())
}

/// Believes whoever holds the private key to this public one.
#[derive(Debug)]
struct Pinned {
    public_key: Vec<u8>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match public_key(end_entity) {
            Some(key) if key == self.public_key => Ok(ServerCertVerified::assertion()),
            _ => Err(rustls::Error::General("its public key is not the pinned one".into())),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
