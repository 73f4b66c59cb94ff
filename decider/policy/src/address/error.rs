//! What can be wrong with the text of an address.

use super::chain::{Chain, UnknownChain};

/// Longest address text that is read, in bytes. The longest known forms have about 110.
pub const MAX_ADDRESS_BYTES: usize = 256;

/// Why text is not an address of its chain. Each `shown` is shortened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No text at all.
    #[error("the address is empty")]
    Empty,
    /// Longer than [`MAX_ADDRESS_BYTES`].
    #[error("the address has {bytes} bytes: at most {MAX_ADDRESS_BYTES} are read")]
    TooLong {
        /// Length in bytes.
        bytes: usize,
    },
    /// Not the form of an EVM address.
    #[error("{shown} is not an EVM address: expected 0x and 40 hexadecimal digits")]
    NotEvm {
        /// The text.
        shown: String,
    },
    /// Letters of both cases that do not spell the checksum.
    #[error("{shown} has a wrong EIP-55 checksum: a digit or the case of a letter is wrong; copy it again")]
    WrongChecksum {
        /// The text.
        shown: String,
    },
    /// Starts like a segwit address, and is none.
    #[error(
        "{shown} is not a segwit address, or a character or its case is wrong: expected bech32 or bech32m, all \
         in one case"
    )]
    NotSegwit {
        /// The text.
        shown: String,
    },
    /// Not bech32, or its checksum is wrong.
    #[error(
        "{shown} is not a bech32 address, or a character or its case is wrong: expected a prefix, 1, and letters \
         and digits with their checksum, all in one case"
    )]
    NotBech32 {
        /// The text.
        shown: String,
    },
    /// Neither segwit nor base58 with its checksum.
    #[error(
        "{shown} is not a Bitcoin address, or a character or its case is wrong: expected bech32 or base58 with \
         its checksum"
    )]
    NotBase58Check {
        /// The text.
        shown: String,
    },
    /// A sound address of another network.
    #[error("{shown} is an address of another network: expected {expected}")]
    WrongNetwork {
        /// The text.
        shown: String,
        /// The chain that was asked for.
        expected: Chain,
    },
    /// Sound base58, but neither P2PKH nor P2SH.
    #[error("{shown} is not a Bitcoin address (version byte {version:#04x}): expected P2PKH or P2SH")]
    WrongVersion {
        /// The text.
        shown: String,
        /// Its first byte.
        version: u8,
    },
    /// Not base58.
    #[error("{shown} is not base58: expected letters and digits without 0, O, I and l")]
    NotBase58 {
        /// The text.
        shown: String,
    },
    /// Base58 of another size.
    #[error("{shown} stands for {bytes} bytes: expected {expected}")]
    WrongLength {
        /// The text.
        shown: String,
        /// Bytes found, without version and checksum.
        bytes: usize,
        /// Bytes expected.
        expected: usize,
    },
    /// A character that cannot be part of an address.
    #[error("{shown} holds a blank or a character that is not printable ASCII")]
    NotPrintable {
        /// The text.
        shown: String,
    },
    /// A record without a chain.
    #[error("the address names no chain: expected the chain, a colon and the address")]
    NoChain,
    /// A record of a chain that is not known.
    #[error(transparent)]
    UnknownChain(#[from] UnknownChain),
}
