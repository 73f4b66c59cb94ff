//! A token as it comes: whoever has no key makes none that passes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use system_tests::vectors;

use crate::keys::authenticated;

/// All that the key has signed.
const SIGNED: [&str; 2] = ["synthetic_request_tx_sign.jwt", "synthetic_request_config_change.jwt"];

/// The published tokens of the Co-signer's key are all that can pass: nobody finds a signature by trying.
pub fn holds_for(bytes: &[u8]) {
    let Ok(proven) = authenticated(bytes) else { return };
    let text = std::str::from_utf8(bytes).expect("a token that passes is text");
    let parts: Vec<&str> = text.split('.').collect();
    assert_eq!(parts.len(), 3, "three parts");
    assert_eq!(
        Some(proven.payload()),
        decoded(parts.get(1).unwrap()).as_deref(),
        "what was signed is what is read"
    );
    let signed = text.rsplit_once('.').map(|(signed, _)| signed);
    let published = SIGNED.iter().any(|name| {
        let token = std::fs::read_to_string(vectors::path(name)).unwrap();
        token.rsplit_once('.').map(|(signed, _)| signed) == signed
    });
    assert!(published, "a token that nobody signed");
}

fn decoded(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}
