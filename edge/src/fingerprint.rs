//! What people compare public keys by.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// SHA-256 over a public key (SubjectPublicKeyInfo, DER), in hex: what
/// `openssl pkey -pubin -in public.pem -outform DER | openssl dgst -sha256` says.
#[must_use]
pub fn fingerprint(public_key: &[u8]) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(public_key) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
