//! What goes back: a signed reply, or a status without one.
//!
//! Every decision leaves as a signed 200. A status says nothing about a transaction: the Co-signer has no
//! documented way to read "no" or "later" from one (callback protocol, section 2.4).

mod signer;

use axum::{body::Body, response::Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use callback::{Action, Reply, RequestId};
use http::{HeaderValue, StatusCode, header};

pub use signer::{ReplyKey, ReplyKeyError, SignError, Signers};

/// Reason codes of answers that no decider gave.
pub mod edge_reason {
    /// Authentic, and cannot be decoded.
    pub const MALFORMED: &str = "MALFORMED";
    /// The API user is not one of this path.
    pub const SIGNER_NOT_ON_PATH: &str = "SIGNER_NOT_ON_PATH";
    /// The decider could not be asked, or gave no usable answer.
    pub const NO_DECISION: &str = "NO_DECISION";
    /// The decider refused our call: a bug of ours.
    pub const CONTRACT_BREACH: &str = "CONTRACT_BREACH";
    /// Authentic, and one of too many.
    pub const SHED: &str = "SHED";
    /// The edge itself failed.
    pub const FAULT: &str = "FAULT";
}

/// One answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// For whom.
    pub request_id: RequestId,
    /// What to do.
    pub action: Action,
    /// Why, for programs.
    pub reason_code: &'static str,
    /// Why, for people.
    pub reason: String,
    /// The decider's record. `None`: the edge answers for itself.
    pub decision_id: Option<String>,
}

/// The answer as a reply that `key` signed.
pub async fn signed(answer: &Answer, key: &ReplyKey, signers: &Signers) -> Result<Response, SignError> {
    let reply = Reply::new(answer.action, answer.request_id.clone(), &answer.reason);
    let token = signers.sign(key, unsigned_token(&reply)).await?;
    Ok(plain(StatusCode::OK, token))
}

/// A status and one line, for a request that gets no signed reply.
#[must_use]
pub fn unsigned(status: StatusCode, line: &'static str) -> Response {
    plain(status, line)
}

/// Header and payload as they get signed.
fn unsigned_token(reply: &Reply) -> String {
    /// `{"alg":"RS256","typ":"JWT"}`
    const HEADER: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.";
    /// Room for the dot and the signature of a 2048-bit key.
    const SIGNATURE_CHARS: usize = 1 + 342;
    let payload = reply.to_json();
    let mut token = String::with_capacity(HEADER.len() + payload.len() * 4 / 3 + 4 + SIGNATURE_CHARS);
    token.push_str(HEADER);
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    token
}

fn plain(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn vector(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/../tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
    }

    async fn reply(action: Action, reason: &str) -> String {
        let key = ReplyKey::from_pem(&vector("synthetic_callback_rsa_private.pem")).expect("a key");
        let answer = Answer {
            request_id: "48f6871c-0467-4b56-8c44-426f3d6487f5".to_owned().try_into().expect("an id"),
            action,
            reason_code: "",
            reason: reason.to_owned(),
            decision_id: None,
        };
        let response = signed(&answer, &key, &Signers::start().expect("threads")).await.expect("signed");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        String::from_utf8(body.to_vec()).expect("text")
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
            assert_eq!(reply(action, reason).await.as_bytes(), vector(name), "{name}");
        }
    }

    #[tokio::test]
    async fn the_oracle_verifies_replies() {
        let public = vector("synthetic_callback_rsa_public.pem");
        let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
        rules.required_spec_claims.clear();
        let key = jsonwebtoken::DecodingKey::from_rsa_pem(&public).expect("a key");
        let token = reply(Action::Reject, "rule \"x\"").await;
        let read =
            jsonwebtoken::decode::<serde_json::Value>(token.as_bytes(), &key, &rules).expect("verifies");
        assert_eq!(read.claims["rejectionReason"], "rule \"x\"");
        assert_eq!(read.claims["action"], "REJECT");
    }
}
