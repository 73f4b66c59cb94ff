//! What a handler replies, read strictly: a real Co-signer may be more forgiving, the tests are not.

use serde::{Deserialize, Serialize};

/// The four actions (callback protocol, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Action {
    /// Sign or approve.
    Approve,
    /// Refuse, finally.
    Reject,
    /// Ask again later.
    Retry,
    /// Leave it to others.
    Ignore,
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Approve => "APPROVE",
            Self::Reject => "REJECT",
            Self::Retry => "RETRY",
            Self::Ignore => "IGNORE",
        })
    }
}

/// A reply's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// What to do.
    pub action: Action,
    /// The request's id, echoed.
    pub request_id: String,
    /// Why not. At most 256 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection_reason: Option<String>,
}

/// A reason longer than this is a mistake of the handler (decision model, section 2).
pub const MAX_REASON_BYTES: usize = 256;

impl Reply {
    /// Reads verified payload bytes.
    pub fn read(payload: &[u8]) -> Result<Self, String> {
        let reply: Self =
            serde_json::from_slice(payload).map_err(|error| format!("its payload is no reply: {error}"))?;
        match &reply.rejection_reason {
            Some(reason) if reason.len() > MAX_REASON_BYTES => {
                Err(format!("its rejectionReason has {} bytes, more than {MAX_REASON_BYTES}", reason.len()))
            }
            _ => Ok(reply),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosigner::jws::unverified_payload;
    use crate::vectors;

    #[test]
    fn the_vectors_replies_are_read() {
        for action in [Action::Approve, Action::Reject, Action::Retry, Action::Ignore] {
            let token = vectors::read(&format!("synthetic_response_{action}.jwt")).unwrap();
            let payload = unverified_payload(std::str::from_utf8(&token).unwrap()).unwrap();
            let reply = Reply::read(&payload).unwrap();
            assert_eq!(reply.action, action);
            assert_eq!(reply.request_id, "48f6871c-0467-4b56-8c44-426f3d6487f5");
            assert_eq!(reply.rejection_reason.is_some(), action == Action::Reject);
        }
    }

    #[test]
    fn anything_else_is_no_reply() {
        let too_long = format!(
            r#"{{"action":"REJECT","requestId":"r","rejectionReason":"{}"}}"#,
            "x".repeat(MAX_REASON_BYTES + 1)
        );
        for payload in [
            r#"{"Action":"APPROVE","RequestId":"r"}"#,
            r#"{"action":"approve","requestId":"r"}"#,
            r#"{"action":"APPROVE"}"#,
            r#"{"action":"REJECT","action":"APPROVE","requestId":"r"}"#,
            r#"{"action":"APPROVE","requestId":"r","exp":1}"#,
            &too_long,
        ] {
            assert!(Reply::read(payload.as_bytes()).is_err(), "{payload}");
        }
    }
}
