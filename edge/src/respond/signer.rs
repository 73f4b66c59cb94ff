//! What signs the replies of one path.
//!
//! The interface is as narrow as a PKCS#11 token or a cloud's key service is: what it is, and a signature over these
//! bytes. Keys from files are the one kind there is.

use std::{fmt::Debug, pin::Pin};

use bytes::Bytes;
use thiserror::Error;

/// A reply that could not be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the reply could not be signed")]
pub struct SignError;

/// How replies are signed (callback protocol, section 3.4). The key decides it, never a setting beside the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 and a key of 2048 bits.
    Rs256,
    /// ECDSA on P-256 with SHA-256; the signature is the 64 bytes of r and s (RFC 7518, section 3.4).
    Es256,
}

impl Algorithm {
    /// Its name in a header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

/// A signature that is being made.
pub type Signing<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, SignError>> + Send + 'a>>;

/// The holder of one private key. Each path has its own, and nothing else to sign with.
pub trait Signer: Debug + Send + Sync {
    /// What its signatures are.
    fn algorithm(&self) -> Algorithm;

    /// The public half in its one canonical form (SubjectPublicKeyInfo, DER).
    fn public_key(&self) -> &[u8];

    /// The signature over `message`, in the form of a JWS. Must not hold up an async worker.
    fn sign(&self, message: Bytes) -> Signing<'_>;
}
