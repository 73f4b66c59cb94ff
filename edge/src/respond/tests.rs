use callback::RequestId;
use http_body_util::BodyExt as _;
use jsonwebtoken::{DecodingKey, Validation};

use super::*;

fn vector(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

fn answer(action: Action, reason: &str) -> Answer {
    Answer {
        request_id: RequestId::try_from("48f6871c-0467-4b56-8c44-426f3d6487f5".to_owned()).expect("an id"),
        action,
        reason_code: "",
        reason: reason.to_owned(),
        decision_id: None,
    }
}

/// The reply under the key of this kind, `rsa` or `p256`.
async fn reply(kind: &str, action: Action, reason: &str) -> String {
    let key = vector(&format!("synthetic_callback_{kind}_private.pem"));
    let key = ReplyKey::from_pem(&key).expect("a key");
    let signer = SigningThreads::start().expect("threads").signer(&key);
    assert_eq!(signer.public_key(), key.public_key());
    let response = signed(&answer(action, reason), &*signer).await.expect("signed");
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(body.to_vec()).expect("text")
}

/// What another implementation reads in a token, if it believes it.
fn oracle(kind: &str, token: &str) -> Option<serde_json::Value> {
    let public = vector(&format!("synthetic_callback_{kind}_public.pem"));
    let (algorithm, key) = match kind {
        "rsa" => (jsonwebtoken::Algorithm::RS256, DecodingKey::from_rsa_pem(&public)),
        _ => (jsonwebtoken::Algorithm::ES256, DecodingKey::from_ec_pem(&public)),
    };
    let mut rules = Validation::new(algorithm);
    rules.required_spec_claims.clear();
    let read = jsonwebtoken::decode(token, &key.expect("a key"), &rules);
    read.ok().map(|read| read.claims)
}

/// RS256 is deterministic: the same header, payload and key give the published bytes.
#[tokio::test]
async fn replies_equal_the_vectors() {
    for (action, reason, name) in [
        (Action::Approve, "", "synthetic_response_APPROVE.jwt"),
        (Action::Reject, "velocity limit exceeded", "synthetic_response_REJECT.jwt"),
        (Action::Retry, "", "synthetic_response_RETRY.jwt"),
        (Action::Ignore, "", "synthetic_response_IGNORE.jwt"),
    ] {
        assert_eq!(reply("rsa", action, reason).await.as_bytes(), vector(name), "{name}");
    }
}

/// ECDSA is not: what is signed is that of the vector, and the signature is another one each time, of 64 bytes.
#[tokio::test]
async fn replies_by_es256_differ_from_the_vector_in_their_signature_only() {
    let published = String::from_utf8(vector("synthetic_response_APPROVE_es256.jwt")).expect("text");
    let (signed, _) = published.rsplit_once('.').expect("a signature");
    assert!(oracle("p256", &published).is_some());
    let token = reply("p256", Action::Approve, "").await;
    let (own, signature) = token.rsplit_once('.').expect("a signature");
    assert_eq!((own, URL_SAFE_NO_PAD.decode(signature).expect("base64url").len()), (signed, 64));
    assert_ne!(token, published);
}

#[tokio::test]
async fn the_oracle_verifies_replies_under_the_key_that_signed_and_no_other() {
    for (kind, other) in [("rsa", "p256"), ("p256", "rsa")] {
        let token = reply(kind, Action::Reject, "rule \"x\"").await;
        let claims = oracle(kind, &token).expect("verifies");
        assert_eq!((&claims["rejectionReason"], &claims["action"]), (&"rule \"x\"".into(), &"REJECT".into()));
        assert_eq!(oracle(other, &token), None);
    }
}
