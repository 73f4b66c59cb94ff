//! The protocol vectors in `tests/vectors/`: its README says what each file is and what must come of it.

use std::path::PathBuf;

/// The official Ethereum example: 0.01 ETH from vault 0 to vault 1, signing stage.
pub const ETHEREUM_REQUEST: &[u8] = include_bytes!("../vectors/eth_tx_sign_request.json");

/// The official Bitcoin example: 0.000876 BTC to a one-time address, signing stage.
pub const BITCOIN_REQUEST: &[u8] = include_bytes!("../vectors/btc_legacy_tx_sign_request.json");

/// Where one vector lies.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name)
}

/// One vector, byte for byte.
pub fn read(name: &str) -> std::io::Result<Vec<u8>> {
    std::fs::read(path(name))
}
