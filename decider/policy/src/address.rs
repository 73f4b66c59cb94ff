//! Addresses that compare by meaning, per chain (decision model, section 5).
//!
//! An address is read once, into its one canonical form; after that, equal means the same receiver.

mod bitcoin;
mod evm;
mod solana;
mod prefixed;
mod error;
mod chain;
mod shown;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use shown::shown;

pub use chain::{Chain, UnknownChain};
pub use error::{AddressError, MAX_ADDRESS_BYTES};

/// An address in its canonical form. Two of them are equal exactly where they name the same receiver; a tag or
/// memo is not part of it.
///
/// As serialised text it is the chain, a colon and the canonical form: `evm:0x5dc6...`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    chain: Chain,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Form {
    Evm([u8; evm::ADDRESS_BYTES]),
    Text(Box<str>),
}

impl Address {
    /// Reads an address of a chain.
    ///
    /// - `evm`: `0x` and 40 hexadecimal digits; letters of both cases must satisfy EIP-55.
    /// - `bitcoin`, `bitcoin_testnet`: segwit of any version (BIP-173, BIP-350), P2PKH and P2SH.
    /// - `solana`: base58 of 32 bytes.
    /// - `bech32`: bech32 or bech32m of any prefix, all in one case.
    /// - `exact`: 1 to [`MAX_ADDRESS_BYTES`] printable ASCII characters, compared as they are.
    pub fn parse(chain: Chain, text: &str) -> Result<Self, AddressError> {
        check_length(text)?;
        let form = match chain {
            Chain::Evm => Form::Evm(evm::parse(text)?),
            Chain::Bitcoin => Form::Text(bitcoin::parse(&bitcoin::MAINNET, text)?),
            Chain::BitcoinTestnet => Form::Text(bitcoin::parse(&bitcoin::TESTNET, text)?),
            Chain::Solana => Form::Text(solana::parse(text)?),
            Chain::Bech32 => Form::Text(prefixed::parse(text)?),
            Chain::Exact => Form::Text(exact(text)?),
        };
        Ok(Self { chain, form })
    }

    /// The chain it belongs to.
    pub const fn chain(&self) -> Chain {
        self.chain
    }

    /// What the same text names on another chain. `None`: nothing, or what the text was is not known any more, because
    /// reading it folded the case of its letters.
    pub fn on(&self, chain: Chain) -> Option<Self> {
        match (self.chain, &self.form) {
            _ if self.chain == chain => Some(self.clone()),
            (Chain::Exact | Chain::Solana, Form::Text(text)) => Self::parse(chain, text).ok(),
            _ => None,
        }
    }

    /// The canonical form as bytes: with the chain, equal where the addresses are.
    pub(crate) fn canonical(&self) -> &[u8] {
        match &self.form {
            Form::Evm(bytes) => bytes,
            Form::Text(text) => text.as_bytes(),
        }
    }

    /// The address of which these were the canonical bytes.
    pub(crate) fn from_canonical(chain: Chain, bytes: &[u8]) -> Option<Self> {
        let form = match chain {
            Chain::Evm => Form::Evm(bytes.try_into().ok()?),
            _ => Form::Text(std::str::from_utf8(bytes).ok()?.into()),
        };
        Some(Self { chain, form })
    }
}

/// The canonical form, without the chain.
impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.form {
            Form::Evm(bytes) => evm::write(bytes, formatter),
            Form::Text(text) => formatter.write_str(text),
        }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        format!("{}:{address}", address.chain)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        let (chain, address) = text.split_once(':').ok_or(AddressError::NoChain)?;
        Self::parse(Chain::from_str(chain)?, address)
    }
}

/// Bounds the work of everything below: base58 takes time in the square of the length.
fn check_length(text: &str) -> Result<(), AddressError> {
    match text.len() {
        0 => Err(AddressError::Empty),
        bytes if bytes > MAX_ADDRESS_BYTES => Err(AddressError::TooLong { bytes }),
        _ => Ok(()),
    }
}

/// Nothing is known of the chain, so nothing is folded: letters that look alike stay different.
fn exact(text: &str) -> Result<Box<str>, AddressError> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.into());
    }
    Err(AddressError::NotPrintable { shown: shown(text) })
}
