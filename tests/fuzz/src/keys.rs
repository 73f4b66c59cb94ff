//! The Co-signer's keys of the published vectors.

use std::sync::OnceLock;

use edge::authenticate::{CosignerKey, NotAuthentic, SignedPayload, authenticate};
use edge::clock::Clock;
use edge::listen::Limits;
use system_tests::cosigner::jws::Signer;
use system_tests::vectors;

/// A clock that stands at the end of 2026: claims of any time are before it or after it.
#[derive(Debug)]
struct Standing;

impl Clock for Standing {
    fn unix_seconds(&self) -> i64 {
        1_798_761_600
    }
}

/// What the edge makes of a token.
pub fn authenticated(token: &[u8]) -> Result<SignedPayload, NotAuthentic> {
    static KEYS: OnceLock<Vec<CosignerKey>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let pem = std::fs::read(vectors::path("synthetic_cosigner_public.pem")).unwrap();
        vec![CosignerKey::from_pem(&pem).unwrap()]
    });
    authenticate(token, keys, Limits::default().max_token_header_bytes, &Standing)
}

/// The key that such tokens are signed with.
pub fn signer() -> &'static Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    SIGNER.get_or_init(|| {
        Signer::from_pem(&std::fs::read(vectors::path("synthetic_cosigner_private.pem")).unwrap()).unwrap()
    })
}
