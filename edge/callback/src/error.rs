//! Why a payload cannot be decoded, and the id it can still be answered to.

use thiserror::Error;

use crate::{members::Members, refusal::Refusal, request_id::RequestId};

/// A payload that may be read and cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{refusal}")]
pub struct DecodeError {
    /// The `requestId`, where one could be read without doubt: then an answer is possible.
    pub request_id: Option<RequestId>,
    /// What is wrong.
    pub refusal: Refusal,
}

/// The `requestId` of a payload that is otherwise unusable, if there is exactly one and it is usable.
pub(crate) fn readable_request_id(bytes: &[u8]) -> Option<RequestId> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut members = Members::parse(text, "").ok()?;
    // Two of them: whichever we took, the Co-signer may mean the other.
    if members.count("requestId") != 1 {
        return None;
    }
    members.request_id().ok()
}
