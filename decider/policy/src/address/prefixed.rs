//! Bech32 addresses of any prefix: those of Litecoin, of the Cosmos chains and others.

use super::error::AddressError;
use super::shown::shown;

/// Canonical: in lower case. Text in both cases is no bech32.
pub(super) fn parse(text: &str) -> Result<Box<str>, AddressError> {
    bech32::decode(text).map_err(|_| AddressError::NotBech32 { shown: shown(text) })?;
    Ok(text.to_ascii_lowercase().into())
}
