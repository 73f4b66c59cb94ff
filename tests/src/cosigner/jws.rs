//! Compact JWS as the callback protocol uses it: requests by RS256 and nothing else, replies by RS256 or, where the reply
//! key is on P-256, by ES256.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer};
use serde::Deserialize;

/// The header of every request, byte for byte as real Co-signers write it (callback protocol, section 3.1).
pub const HEADER: &str = r#"{"typ":"JWT","alg":"RS256"}"#;

/// A key that signs requests.
pub struct Signer {
    key: RsaKeyPair,
}

impl Signer {
    /// Reads an RSA private key, PKCS#8 or PKCS#1.
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        let key = match PrivateKeyDer::from_pem_slice(pem).map_err(|error| Error::Pem(error.to_string()))? {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(Error::Kind("an RSA private key")),
        };
        key.map(|key| Self { key }).map_err(|_| Error::Kind("an RSA private key"))
    }

    /// The token over these payload bytes.
    pub fn sign(&self, payload: &[u8]) -> Result<String, Error> {
        self.sign_under(HEADER, payload)
    }

    /// The same under another header: for what must be refused.
    pub fn sign_under(&self, header: &str, payload: &[u8]) -> Result<String, Error> {
        let mut token = URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
            .map_err(|_| Error::Sign)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Ok(token)
    }
}

/// A key that replies must be signed with, and the one algorithm that is believed under it.
pub struct Verifier {
    key: ParsedPublicKey,
    algorithm: &'static str,
}

/// All that a reply's header may say: a member that is not known is a reason not to believe it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    #[serde(default, rename = "typ")]
    _typ: Option<String>,
}

impl Verifier {
    /// Reads a public key ("BEGIN PUBLIC KEY"): RSA of at least 2048 bits, or P-256.
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        let der =
            SubjectPublicKeyInfoDer::from_pem_slice(pem).map_err(|error| Error::Pem(error.to_string()))?;
        let rsa = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der.as_ref()).map(|key| (key, "RS256"));
        let key = rsa.or_else(|_| {
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, der.as_ref()).map(|key| (key, "ES256"))
        });
        key.map(|(key, algorithm)| Self { key, algorithm })
            .map_err(|_| Error::Kind("an RSA public key of at least 2048 bits, or one on P-256"))
    }

    /// The payload, if the token is signed by this key and the algorithm that belongs to it.
    pub fn verify(&self, token: &str) -> Result<Vec<u8>, Error> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Error::Shape)?;
        let (header, payload) = signed.split_once('.').ok_or(Error::Shape)?;
        let header: Header =
            serde_json::from_slice(&decode(header)?).map_err(|error| Error::Header(error.to_string()))?;
        if header.alg != self.algorithm {
            let (alg, believed) = (header.alg, self.algorithm);
            return Err(Error::Header(format!("alg is {alg:?}, only {believed} is believed under this key")));
        }
        self.key.verify_sig(signed.as_bytes(), &decode(signature)?).map_err(|_| Error::Signature)?;
        decode(payload)
    }
}

/// A token's payload, believed by nobody: to know what is being sent.
pub fn unverified_payload(token: &str) -> Option<Vec<u8>> {
    decode(token.trim_end().split('.').nth(1)?).ok()
}

fn decode(part: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(part).map_err(|error| Error::Base64(error.to_string()))
}

/// Why a key or a token cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No PEM, or PEM of something else.
    #[error("it holds no such key in PEM form ({0})")]
    Pem(String),
    /// A key of another kind.
    #[error("it is not {0}")]
    Kind(&'static str),
    /// The signing operation failed.
    #[error("the key does not sign")]
    Sign,
    /// Not three parts.
    #[error("it is not a compact JWS (header.payload.signature)")]
    Shape,
    /// A part is no base64url.
    #[error("a part of the token is not base64url: {0}")]
    Base64(String),
    /// A header that is not accepted.
    #[error("its header is not accepted: {0}")]
    Header(String),
    /// The signature is wrong.
    #[error("its signature does not verify under the reply key")]
    Signature,
}

#[cfg(test)]
mod tests;
