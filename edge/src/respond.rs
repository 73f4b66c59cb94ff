//! What goes back: a reply, signed in JWT mode, or a status without one.
//!
//! Every decision leaves as a 200. A status says nothing about a transaction: the Co-signer has no
//! documented way to read "no" or "later" from one (callback protocol, section 2.4).

mod json;
mod local;
mod key;
mod signer;

use axum::{body::Body, response::Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use callback::{Action, Reply, RequestId};
use http::{HeaderValue, StatusCode, header};

pub use json::plain;
pub use key::{ReplyKey, ReplyKeyError};
pub use local::SigningThreads;
pub use signer::{Algorithm, SignError, Signer, Signing};

/// The content type of tokens and of responses without a reply (callback protocol, section 2.3).
const TEXT: &str = "text/plain; charset=utf-8";

/// Reason codes of answers that no decider gave.
pub mod edge_reason {
    /// It may be read, and cannot be decoded.
    pub const MALFORMED: &str = "MALFORMED";
    /// The API user is not one of this path, or may be none.
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

impl Answer {
    fn reply(&self) -> Reply {
        Reply::new(self.action, self.request_id.clone(), &self.reason)
    }
}

/// The answer as a reply that `signer` signed.
pub async fn signed(answer: &Answer, signer: &dyn Signer) -> Result<Response, SignError> {
    let unsigned = Bytes::from(unsigned_token(&answer.reply(), signer.algorithm()));
    let signature = signer.sign(unsigned.clone()).await?;
    Ok(body(StatusCode::OK, TEXT, with_signature(&unsigned, &signature)))
}

/// A status and one line, for a request that gets no signed reply.
#[must_use]
pub fn unsigned(status: StatusCode, line: &'static str) -> Response {
    body(status, TEXT, line)
}

/// Header and payload as they get signed.
fn unsigned_token(reply: &Reply, algorithm: Algorithm) -> String {
    let header = match algorithm {
        // {"alg":"RS256","typ":"JWT"}
        Algorithm::Rs256 => "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.",
        // {"alg":"ES256","typ":"JWT"}
        Algorithm::Es256 => "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.",
    };
    let payload = reply.to_json();
    let mut token = String::with_capacity(header.len() + payload.len() * 4 / 3 + 4);
    token.push_str(header);
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    token
}

fn with_signature(unsigned: &[u8], signature: &[u8]) -> Vec<u8> {
    let signature = URL_SAFE_NO_PAD.encode(signature);
    [unsigned, b".", signature.as_bytes()].concat()
}

fn body(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests;
