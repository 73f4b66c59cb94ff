//! A private key from a file, parsed once.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    encoding::AsDer as _,
    error::Unspecified,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use thiserror::Error;

use super::signer::{Algorithm, SignError};

/// What the Co-signer takes for a handler's RSA key (callback protocol, section 3.4).
const RSA_BYTES: usize = 256;

/// The object identifier of RSA keys (RFC 8017, appendix A.1), in DER.
const RSA_ENCRYPTION: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// Before the key itself, in PKCS#8, are its version and kind.
const OID_WITHIN_BYTES: usize = 16;

/// A file that does not hold a key for replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReplyKeyError {
    /// No private key in it.
    #[error(
        "does not hold an unencrypted private key (PEM; make one with: edge keys new --out reply_private.pem)"
    )]
    NotPrivate,
    /// Several keys in it.
    #[error("holds several private keys: which one signs must not be left open")]
    Several,
    /// Of a kind that a Co-signer does not take, or damaged.
    #[error("is neither an RSA key nor a P-256 key, the two kinds that a Co-signer takes")]
    Kind,
    /// Another size than 2048 bits.
    #[error("is not an RSA key of 2048 bits, the only size that a Co-signer takes")]
    Size,
}

/// The private key that signs the replies of a path.
#[derive(Clone)]
pub struct ReplyKey {
    pair: Pair,
    public: Arc<[u8]>,
}

#[derive(Clone)]
enum Pair {
    Rsa(Arc<RsaKeyPair>),
    P256(Arc<EcdsaKeyPair>),
}

/// Never the key.
impl fmt::Debug for ReplyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReplyKey").field(&self.algorithm()).finish()
    }
}

impl ReplyKey {
    /// Reads a PEM file with one private key: RSA of 2048 bits (PKCS#8 or PKCS#1), or P-256 (PKCS#8 or SEC 1).
    pub fn from_pem(pem: &[u8]) -> Result<Self, ReplyKeyError> {
        let mut found = PrivateKeyDer::pem_slice_iter(pem);
        match (found.next(), found.next()) {
            (Some(Ok(key)), None) => Self::from_der(&key),
            (Some(_), Some(_)) => Err(ReplyKeyError::Several),
            _ => Err(ReplyKeyError::NotPrivate),
        }
    }

    fn from_der(key: &PrivateKeyDer<'_>) -> Result<Self, ReplyKeyError> {
        let kind = || if is_rsa(key) { ReplyKeyError::Size } else { ReplyKeyError::Kind };
        let pair = Pair::from_der(key).ok_or_else(kind)?;
        match &pair {
            Pair::Rsa(pair) if pair.public_modulus_len() != RSA_BYTES => return Err(ReplyKeyError::Size),
            _ => {}
        }
        let public = pair.public_key().map_err(|_| ReplyKeyError::Kind)?.into();
        Ok(Self { pair, public })
    }

    /// How it signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Rsa(_) => Algorithm::Rs256,
            Pair::P256(_) => Algorithm::Es256,
        }
    }

    /// The public half in its one canonical form (SubjectPublicKeyInfo, DER), to compare it with others.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    /// The signature over `message`.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; RSA_BYTES];
                let signed = pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
                signed.map(|()| signature).map_err(|_| SignError)
            }
            Pair::P256(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SignError),
        }
    }
}

/// Whether it says that it is an RSA key, of whatever size.
fn is_rsa(key: &PrivateKeyDer<'_>) -> bool {
    match key {
        PrivateKeyDer::Pkcs1(_) => true,
        PrivateKeyDer::Pkcs8(der) => der
            .secret_pkcs8_der()
            .windows(RSA_ENCRYPTION.len())
            .take(OID_WITHIN_BYTES)
            .any(|found| found == RSA_ENCRYPTION),
        _ => false,
    }
}

impl Pair {
    fn from_der(key: &PrivateKeyDer<'_>) -> Option<Self> {
        let rsa = |pair| Self::Rsa(Arc::new(pair));
        let p256 = |pair| Self::P256(Arc::new(pair));
        match key {
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                let ecdsa = || EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der);
                RsaKeyPair::from_pkcs8(der).map(rsa).or_else(|_| ecdsa().map(p256)).ok()
            }
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).map(rsa).ok(),
            PrivateKeyDer::Sec1(der) => {
                let der = der.secret_sec1_der();
                EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(p256).ok()
            }
            _ => None,
        }
    }

    fn public_key(&self) -> Result<Vec<u8>, Unspecified> {
        match self {
            Self::Rsa(pair) => Ok(pair.public_key().as_der()?.as_ref().to_vec()),
            Self::P256(pair) => Ok(pair.public_key().as_der()?.as_ref().to_vec()),
        }
    }
}

#[cfg(test)]
mod tests;
