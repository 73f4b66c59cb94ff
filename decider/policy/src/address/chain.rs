//! The chains whose addresses can be read.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::shown::shown;

/// How addresses of an asset are read and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chain {
    /// Ethereum and everything with its addresses.
    Evm,
    /// Bitcoin, the main network.
    Bitcoin,
    /// Bitcoin, the test networks (testnet and signet share their addresses).
    BitcoinTestnet,
    /// Solana.
    Solana,
    /// Any other whose addresses are bech32 alone, such as the Cosmos chains.
    Bech32,
    /// Any other: addresses are compared character by character.
    Exact,
}

/// A name that is not that of a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown chain {shown}: expected one of evm, bitcoin, bitcoin_testnet, solana, bech32, exact")]
pub struct UnknownChain {
    /// The name, shortened.
    pub shown: String,
}

impl Chain {
    /// Every chain.
    pub const ALL: [Self; 6] =
        [Self::Evm, Self::Bitcoin, Self::BitcoinTestnet, Self::Solana, Self::Bech32, Self::Exact];

    /// Its name in policies and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evm => "evm",
            Self::Bitcoin => "bitcoin",
            Self::BitcoinTestnet => "bitcoin_testnet",
            Self::Solana => "solana",
            Self::Bech32 => "bech32",
            Self::Exact => "exact",
        }
    }

    /// Whether an address may stand for several receivers, whom a tag or memo tells apart.
    pub const fn has_tags(self) -> bool {
        matches!(self, Self::Bech32 | Self::Exact)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Chain {
    type Err = UnknownChain;

    fn from_str(name: &str) -> Result<Self, UnknownChain> {
        let found = Self::ALL.into_iter().find(|chain| chain.name() == name);
        found.ok_or_else(|| UnknownChain { shown: shown(name) })
    }
}
