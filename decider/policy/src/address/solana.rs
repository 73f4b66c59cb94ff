//! Solana addresses: base58 of 32 bytes, without a checksum.

use super::error::AddressError;
use super::shown::shown;

/// Bytes of a public key or program address.
const KEY_BYTES: usize = 32;

/// Canonical: as it is. Base58 keeps case, and each text stands for other bytes.
pub(super) fn parse(text: &str) -> Result<Box<str>, AddressError> {
    let bytes =
        bs58::decode(text).into_vec().map_err(|_| AddressError::NotBase58 { shown: shown(text) })?.len();
    if bytes != KEY_BYTES {
        return Err(AddressError::WrongLength { shown: shown(text), bytes, expected: KEY_BYTES });
    }
    Ok(text.into())
}
