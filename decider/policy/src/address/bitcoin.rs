//! Bitcoin addresses: segwit (BIP-173, BIP-350), and P2PKH and P2SH in base58 with its checksum.

use bech32::{Hrp, hrp, segwit};

use super::chain::Chain;
use super::error::AddressError;
use super::shown::shown;

/// Bytes of a key or script hash.
const HASH_BYTES: usize = 20;

/// What starts a segwit address of any Bitcoin network; no base58 address of theirs starts like it.
const SEGWIT_PREFIXES: [&str; 3] = ["bc1", "tb1", "bcrt1"];

/// What tells a network's addresses from another's.
pub(super) struct Network {
    chain: Chain,
    hrp: Hrp,
    /// Version bytes of P2PKH and P2SH.
    versions: [u8; 2],
}

pub(super) const MAINNET: Network = Network { chain: Chain::Bitcoin, hrp: hrp::BC, versions: [0x00, 0x05] };

pub(super) const TESTNET: Network =
    Network { chain: Chain::BitcoinTestnet, hrp: hrp::TB, versions: [0x6f, 0xc4] };

/// Canonical: segwit in lower case, base58 as it is.
pub(super) fn parse(network: &Network, text: &str) -> Result<Box<str>, AddressError> {
    if looks_like_segwit(text) { segwit(network, text) } else { base58_check(network, text) }
}

fn looks_like_segwit(text: &str) -> bool {
    SEGWIT_PREFIXES
        .iter()
        .any(|prefix| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))
}

fn segwit(network: &Network, text: &str) -> Result<Box<str>, AddressError> {
    let (hrp, _, _) = segwit::decode(text).map_err(|_| AddressError::NotSegwit { shown: shown(text) })?;
    if hrp != network.hrp {
        return Err(wrong_network(network, text));
    }
    Ok(text.to_ascii_lowercase().into())
}

fn base58_check(network: &Network, text: &str) -> Result<Box<str>, AddressError> {
    let not_base58 = || AddressError::NotBase58Check { shown: shown(text) };
    let decoded = bs58::decode(text).with_check(None).into_vec().map_err(|_| not_base58())?;
    let (version, hash) = decoded.split_first().ok_or_else(not_base58)?;
    check_version(network, *version, text)?;
    if hash.len() != HASH_BYTES {
        return Err(AddressError::WrongLength {
            shown: shown(text),
            bytes: hash.len(),
            expected: HASH_BYTES,
        });
    }
    Ok(text.into())
}

fn check_version(network: &Network, version: u8, text: &str) -> Result<(), AddressError> {
    if network.versions.contains(&version) {
        return Ok(());
    }
    if [MAINNET, TESTNET].iter().any(|other| other.versions.contains(&version)) {
        return Err(wrong_network(network, text));
    }
    Err(AddressError::WrongVersion { shown: shown(text), version })
}

fn wrong_network(network: &Network, text: &str) -> AddressError {
    AddressError::WrongNetwork { shown: shown(text), expected: network.chain }
}
