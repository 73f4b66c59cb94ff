//! The Co-signer's id of a request.

use std::fmt;

use thiserror::Error;

use crate::bounds::MAX_REQUEST_ID_BYTES;

/// A `requestId`: 1 to 256 bytes of any text, echoed as it came.
///
/// It is not always a UUID and not always the transaction's id (callback protocol, section 7), so nothing but
/// its length is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(String);

/// Text that cannot be a `requestId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidRequestId {
    /// It is the empty text.
    #[error("must not be empty")]
    Empty,
    /// It has more than 256 bytes.
    #[error("is longer than {MAX_REQUEST_ID_BYTES} bytes")]
    TooLong,
}

impl RequestId {
    /// The text as it was received.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RequestId {
    type Error = InvalidRequestId;

    fn try_from(text: String) -> Result<Self, InvalidRequestId> {
        match text.len() {
            0 => Err(InvalidRequestId::Empty),
            1..=MAX_REQUEST_ID_BYTES => Ok(Self(text)),
            _ => Err(InvalidRequestId::TooLong),
        }
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> Self {
        id.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
