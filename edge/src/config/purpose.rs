//! Every key has one purpose: it verifies requests, or signs replies, or speaks TLS.
//!
//! A reply key among the keys that requests are verified with would let anybody send our own replies back as requests.
//! A key of TLS is in more hands than one of replies, and is renewed by others.

use std::collections::HashMap;

use super::notes::Place;
use crate::callback_handler::PathKeys;

/// A key that speaks TLS.
pub(super) struct TlsKey {
    /// The field that names its file.
    pub(super) field: String,
    /// Its public half (SubjectPublicKeyInfo, DER).
    pub(super) public_key: Vec<u8>,
}

/// The keys of a path, and where they stand.
pub(super) struct Keys<'r, 'n> {
    pub(super) place: &'r Place<'n>,
    pub(super) reply_place: &'r Place<'n>,
    pub(super) sub_path: &'r str,
    pub(super) keys: &'r PathKeys,
}

/// Notes every key that has a second purpose, on whichever path that is.
pub(super) fn check(paths: &[Keys<'_, '_>], tls_keys: &[TlsKey]) {
    let reply_keys: HashMap<&[u8], &str> =
        paths.iter().map(|Keys { sub_path, keys, .. }| (keys.reply_key.public_key(), *sub_path)).collect();
    let tls_keys: HashMap<&[u8], &str> =
        tls_keys.iter().map(|key| (key.public_key.as_slice(), key.field.as_str())).collect();
    for Keys { place, reply_place, keys, .. } in paths {
        for key in keys.cosigner_keys.iter().map(|key| key.public_key()) {
            let of_reply = reply_keys.get(key).map(|owner| format!("the reply key of sub_path \"{owner}\""));
            let of_tls = tls_keys.get(key).map(|field| format!("the key of {field}"));
            for owner in of_reply.iter().chain(&of_tls) {
                place.wrong(format!(
                    "cosigner_public_keys holds {owner}: give the Co-signer's own public key"
                ));
            }
        }
        if let Some(field) = tls_keys.get(keys.reply_key.public_key()) {
            reply_place.wrong(format!(
                "is the key of {field}, too: a key has one purpose; make one with: edge keys new --out reply_private.pem"
            ));
        }
    }
}
