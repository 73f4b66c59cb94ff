//! EVM addresses: 20 bytes, with a checksum in the case of their letters (EIP-55).

use std::fmt;

use sha3::{Digest, Keccak256};

use super::error::AddressError;
use super::shown::shown;

/// Bytes of an address.
pub(super) const ADDRESS_BYTES: usize = 20;

/// Reads `0x` and 40 digits. All letters in one case claim no checksum; both cases claim one, and it must hold.
pub(super) fn parse(text: &str) -> Result<[u8; ADDRESS_BYTES], AddressError> {
    let not_evm = || AddressError::NotEvm { shown: shown(text) };
    let digits = text.strip_prefix("0x").ok_or_else(not_evm)?;
    let mut bytes = [0; ADDRESS_BYTES];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| not_evm())?;
    if claims_checksum(digits) && !has_checksum(digits.as_bytes()) {
        return Err(AddressError::WrongChecksum { shown: shown(text) });
    }
    Ok(bytes)
}

/// Canonical: `0x` and lower-case digits.
pub(super) fn write(bytes: &[u8; ADDRESS_BYTES], formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(formatter, "0x{}", hex::encode(bytes))
}

fn claims_checksum(digits: &str) -> bool {
    let has = |is: fn(&u8) -> bool| digits.as_bytes().iter().any(is);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
}

/// A letter is a capital where the same place in the Keccak-256 of the lower-case digits is 8 or more.
fn has_checksum(digits: &[u8]) -> bool {
    let hash = Keccak256::digest(digits.to_ascii_lowercase());
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    let mut places = digits.iter().zip(nibbles);
    places.all(|(digit, nibble)| digit.is_ascii_digit() || digit.is_ascii_uppercase() == (nibble >= 8))
}
