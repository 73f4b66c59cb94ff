//! A header that a Co-signer has signed: only one that says RS256 and nothing that changes its meaning passes.

use edge::authenticate::NotAuthentic;
use serde_json::Value;

use crate::keys::{authenticated, signer};

/// What a header may say (callback protocol, section 3.2; the edge's list of known members).
const KNOWN: [&str; 3] = ["alg", "typ", "kid"];

/// Signs a payload under these bytes as its header.
pub fn holds_for(bytes: &[u8]) {
    let Ok(header) = std::str::from_utf8(bytes) else { return };
    let token = signer().sign_under(header, b"{}").unwrap();
    match authenticated(token.as_bytes()) {
        Ok(_) => {
            let read: Value = serde_json::from_str(header).expect("a header that passes is JSON");
            let members = read.as_object().expect("a header that passes is an object");
            assert_eq!(members.get("alg"), Some(&Value::from("RS256")), "{header}");
            assert!(members.keys().all(|name| KNOWN.contains(&name.as_str())), "{header}");
        }
        Err(error) => assert_ne!(error, NotAuthentic::Signature, "the signature is right"),
    }
}
