//! Whether a raw transaction is what would be signed: it must hash to its payload.
//!
//! What the transaction pays is not read here. Source: callback protocol, section 4.6.

mod not_hex;

#[cfg(test)]
mod tests;

use std::fmt;

use sha2::Sha256;
use sha3::{Digest as _, Keccak256};

use crate::address::Chain;
use crate::request::{RawTransactionText, given};
pub use not_hex::NotHex;

/// Longest raw transaction in bytes: four times the largest that Ethereum nodes pass on to each other.
pub const MAX_RAW_BYTES: usize = 512 * 1024;

/// Bytes of a payload.
const PAYLOAD_BYTES: usize = 32;

/// What the check says about a raw transaction that is not wrong.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The payload is the hash of the raw transaction.
    Matches,
    /// How this chain hashes is not known, nor how it writes: nothing is read, and nothing is proven.
    NotKnown,
}

/// How a chain makes the hash that is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// EVM.
    Keccak256,
    /// Bitcoin.
    DoubleSha256,
}

/// Why a raw transaction proves nothing, or the opposite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RawTransactionError {
    /// No raw transaction beside the payload.
    #[error("the raw transaction is missing: expected its bytes in hexadecimal")]
    RawMissing,
    /// No payload beside the raw transaction.
    #[error("the payload is missing: expected {PAYLOAD_BYTES} bytes in hexadecimal")]
    PayloadMissing,
    /// Longer than [`MAX_RAW_BYTES`].
    #[error("the raw transaction is longer than {MAX_RAW_BYTES} bytes")]
    TooLong,
    /// Raw transaction that is not hexadecimal.
    #[error("the raw transaction is not hexadecimal text without 0x: {0}")]
    RawNotHex(NotHex),
    /// Payload that is not hexadecimal.
    #[error("the payload is not hexadecimal text without 0x: {0}")]
    PayloadNotHex(NotHex),
    /// Payload that is not the size of a hash.
    #[error("the payload is not {PAYLOAD_BYTES} bytes long")]
    PayloadLength,
    /// What would be signed is something else.
    #[error("the payload is not the {digest} of the raw transaction")]
    Mismatch {
        /// The hash that was expected.
        digest: Digest,
    },
}

/// Checks one raw transaction against its payload.
pub fn check(chain: Chain, text: &RawTransactionText) -> Result<Proof, RawTransactionError> {
    let Some(digest) = Digest::of(chain) else {
        return Ok(Proof::NotKnown);
    };
    let raw = raw_bytes(given(&text.raw).ok_or(RawTransactionError::RawMissing)?)?;
    let payload = payload_bytes(given(&text.payload).ok_or(RawTransactionError::PayloadMissing)?)?;
    if digest.hash(&raw) == payload {
        Ok(Proof::Matches)
    } else {
        Err(RawTransactionError::Mismatch { digest })
    }
}

/// Whether how this chain hashes is known, so that something can be proven.
pub fn can_prove(chain: Chain) -> bool {
    Digest::of(chain).is_some()
}

/// One that hashes to its payload where the chain's hash is known, and says nothing: for tests of rules that are about
/// something else.
pub fn made_up(chain: Chain) -> RawTransactionText {
    let raw = [0];
    let payload = Digest::of(chain).map_or_else(|| raw.to_vec(), |digest| digest.hash(&raw).to_vec());
    RawTransactionText { raw: Some("00".into()), payload: Some(hex::encode(payload)) }
}

impl Digest {
    /// Each chain is named, so that a new one has to be thought about.
    const fn of(chain: Chain) -> Option<Self> {
        match chain {
            Chain::Evm => Some(Self::Keccak256),
            Chain::Bitcoin | Chain::BitcoinTestnet => Some(Self::DoubleSha256),
            Chain::Solana | Chain::Bech32 | Chain::Exact => None,
        }
    }

    fn hash(self, raw: &[u8]) -> [u8; PAYLOAD_BYTES] {
        match self {
            Self::Keccak256 => Keccak256::digest(raw).into(),
            Self::DoubleSha256 => Sha256::digest(Sha256::digest(raw)).into(),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Keccak256 => "Keccak-256",
            Self::DoubleSha256 => "double SHA-256",
        })
    }
}

fn raw_bytes(text: &str) -> Result<Vec<u8>, RawTransactionError> {
    if text.len().div_ceil(2) > MAX_RAW_BYTES {
        return Err(RawTransactionError::TooLong);
    }
    not_hex::decode(text).map_err(RawTransactionError::RawNotHex)
}

fn payload_bytes(text: &str) -> Result<[u8; PAYLOAD_BYTES], RawTransactionError> {
    if text.len().div_ceil(2) > PAYLOAD_BYTES {
        return Err(RawTransactionError::PayloadLength);
    }
    let bytes = not_hex::decode(text).map_err(RawTransactionError::PayloadNotHex)?;
    bytes.try_into().map_err(|_| RawTransactionError::PayloadLength)
}
