//! Proves who is asking: the Co-signer's signature over the request (callback protocol, section 3).
//!
//! A ladder: each step is taken only where the one before held, and nothing of the payload is looked at before
//! the signature holds. The algorithm comes from the key, never from the token.

mod header;
mod keys;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use callback::{TimeClaimError, check_time_claims};
use memchr::memrchr;
use thiserror::Error;

use crate::{clock::Clock, telemetry::metrics::VerifyFailure};

pub use header::HeaderError;
pub use keys::{CosignerKey, KeyError};

/// Most bytes of a signature part: a key of 8192 bits, in base64.
const MAX_SIGNATURE_PART_BYTES: usize = 1366;

/// A request that is not proven to come from a Co-signer of this path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotAuthentic {
    /// Not three non-empty parts of base64url text.
    #[error("not a compact JWS")]
    Form,
    /// A part is longer than any real one.
    #[error("a part of the token is too long")]
    Size,
    /// The header is not one of ours.
    #[error("{0}")]
    Header(#[from] HeaderError),
    /// No configured key made this signature.
    #[error("the signature is of no configured Co-signer key")]
    Signature,
    /// A time claim does not hold.
    #[error("{0}")]
    Time(#[from] TimeClaimError),
}

impl From<NotAuthentic> for VerifyFailure {
    fn from(error: NotAuthentic) -> Self {
        match error {
            NotAuthentic::Form => Self::Form,
            NotAuthentic::Size => Self::Size,
            NotAuthentic::Header(HeaderError::Algorithm) => Self::Algorithm,
            NotAuthentic::Header(_) => Self::Header,
            NotAuthentic::Signature => Self::Signature,
            NotAuthentic::Time(_) => Self::Time,
        }
    }
}

/// Which of a path's keys, in the order of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyNumber(pub usize);

/// Bytes that a Co-signer of this path has signed.
#[derive(Debug)]
pub struct SignedPayload {
    payload: Vec<u8>,
    key: KeyNumber,
}

impl SignedPayload {
    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The key that it was signed by.
    #[must_use]
    pub fn key(&self) -> KeyNumber {
        self.key
    }
}

/// Proves that `body` is a token that one of `keys` signed, and gives back what it signed. Its header has no more than
/// `max_header_bytes`, in base64.
pub fn authenticate(
    body: &[u8],
    keys: &[CosignerKey],
    max_header_bytes: usize,
    clock: &dyn Clock,
) -> Result<SignedPayload, NotAuthentic> {
    let token = Token::split(body)?;
    token.check_sizes(max_header_bytes)?;
    header::check(&base64url(token.header)?)?;
    let signature = base64url(token.signature)?;
    let key = keys.iter().position(|key| key.signed(token.signed, &signature));
    let key = key.map(KeyNumber).ok_or(NotAuthentic::Signature)?;
    let payload = base64url(token.payload)?;
    check_time_claims(&payload, clock.unix_seconds())?;
    Ok(SignedPayload { payload, key })
}

/// The parts of a compact JWS.
struct Token<'a> {
    header: &'a [u8],
    payload: &'a [u8],
    signature: &'a [u8],
    /// Header and payload with the dot between them: what is signed.
    signed: &'a [u8],
}

impl<'a> Token<'a> {
    fn split(body: &'a [u8]) -> Result<Self, NotAuthentic> {
        let (signed, signature) = split_once_at_last_dot(body).ok_or(NotAuthentic::Form)?;
        let (header, payload) = split_once_at_last_dot(signed).ok_or(NotAuthentic::Form)?;
        // A fourth part leaves its dot in the header, which is no base64url.
        if header.is_empty() || payload.is_empty() || signature.is_empty() {
            return Err(NotAuthentic::Form);
        }
        Ok(Self { header, payload, signature, signed })
    }

    fn check_sizes(&self, max_header_bytes: usize) -> Result<(), NotAuthentic> {
        let fits = self.header.len() <= max_header_bytes && self.signature.len() <= MAX_SIGNATURE_PART_BYTES;
        if fits { Ok(()) } else { Err(NotAuthentic::Size) }
    }
}

fn split_once_at_last_dot(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = memrchr(b'.', text)?;
    let (before, from_dot) = text.split_at_checked(dot)?;
    Some((before, from_dot.get(1..)?))
}

/// Strict base64url: no padding, no other characters, and no second spelling of the same bytes.
fn base64url(part: &[u8]) -> Result<Vec<u8>, NotAuthentic> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| NotAuthentic::Form)
}

#[cfg(test)]
mod tests;
