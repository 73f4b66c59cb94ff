//! Public keys of Co-signers, parsed once.

use aws_lc_rs::{
    encoding::AsDer as _,
    rsa::PublicEncryptingKey,
    signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256},
};
use rustls_pki_types::{SubjectPublicKeyInfoDer, pem::PemObject as _};
use thiserror::Error;

/// A file that does not hold the public key of a Co-signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// A private key, where a public one belongs.
    #[error("holds a private key: give the Co-signer's public key (PEM, \"BEGIN PUBLIC KEY\")")]
    Private,
    /// No public key in it, or several.
    #[error("does not hold exactly one public key (PEM, \"BEGIN PUBLIC KEY\")")]
    NotOne,
    /// Not RSA, or too small, or damaged.
    #[error("is not an RSA public key of 2048 to 8192 bits")]
    NotRsa,
}

/// The public key of one Co-signer.
#[derive(Clone)]
pub struct CosignerKey {
    key: ParsedPublicKey,
    public: Vec<u8>,
}

impl std::fmt::Debug for CosignerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CosignerKey")
    }
}

impl CosignerKey {
    /// Reads a PEM file with one RSA public key.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        if pem.windows(b"PRIVATE KEY".len()).any(|window| window == b"PRIVATE KEY") {
            return Err(KeyError::Private);
        }
        let mut found = SubjectPublicKeyInfoDer::pem_slice_iter(pem);
        match (found.next(), found.next()) {
            (Some(Ok(der)), None) => Self::from_der(&der),
            _ => Err(KeyError::NotOne),
        }
    }

    pub(super) fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        // Its bounds on the size hold at start; those of the algorithm below only at the first signature.
        let rsa = PublicEncryptingKey::from_der(der).map_err(|_| KeyError::NotRsa)?;
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| KeyError::NotRsa)?;
        let public = rsa.as_der().map_err(|_| KeyError::NotRsa)?.as_ref().to_vec();
        Ok(Self { key, public })
    }

    /// The key in its one canonical form (SubjectPublicKeyInfo, DER), to compare it with others.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    /// Whether this key made `signature` over `signed`, by RS256.
    pub(super) fn signed(&self, signed: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(signed, signature).is_ok()
    }
}
