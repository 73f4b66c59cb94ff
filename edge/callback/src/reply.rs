//! What goes back to the Co-signer.

use serde::Serialize;

use crate::{bounds::MAX_REASON_BYTES, request_id::RequestId, unseen::is_unseen};

/// What the Co-signer is to do. There is no value for "not decided": that is `Retry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Action {
    /// Sign, or approve.
    Approve,
    /// Refuse, finally.
    Reject,
    /// Ask again later.
    Retry,
    /// Leave it to others. Illegal at signing.
    Ignore,
}

impl Action {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "APPROVE",
            Self::Reject => "REJECT",
            Self::Retry => "RETRY",
            Self::Ignore => "IGNORE",
        }
    }
}

/// One reply, as the Co-signer reads it (callback protocol, section 6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// What to do.
    pub action: Action,
    /// The request's id as it came.
    #[serde(serialize_with = "as_text")]
    pub request_id: RequestId,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection_reason: Option<String>,
}

impl Reply {
    /// A reply. `reason` is cut to 256 bytes, with blanks for [unseen](is_unseen) characters; an approval carries none.
    #[must_use]
    pub fn new(action: Action, request_id: RequestId, reason: &str) -> Self {
        let told = action != Action::Approve && !reason.is_empty();
        Self { action, request_id, rejection_reason: told.then(|| printable(reason)) }
    }

    /// The reply as JSON text.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a struct of three texts always serialises")]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("three texts")
    }
}

fn as_text<S: serde::Serializer>(id: &RequestId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(id.as_str())
}

/// Reasons end in logs and consoles of others: one line, which shows as it is read.
fn printable(reason: &str) -> String {
    let mut text: String = reason.chars().map(|c| if is_unseen(c) { ' ' } else { c }).collect();
    text.truncate(text.floor_char_boundary(MAX_REASON_BYTES));
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(text: &str) -> RequestId {
        RequestId::try_from(text.to_owned()).expect("a usable id")
    }

    #[test]
    fn is_written_exactly() {
        let json = |action, reason| Reply::new(action, id("48f6-1"), reason).to_json();
        insta::assert_snapshot!(json(Action::Approve, ""), @r#"{"action":"APPROVE","requestId":"48f6-1"}"#);
        insta::assert_snapshot!(json(Action::Approve, "x"), @r#"{"action":"APPROVE","requestId":"48f6-1"}"#);
        insta::assert_snapshot!(json(Action::Reject, "limit eth-per-hour"), @r#"{"action":"REJECT","requestId":"48f6-1","rejectionReason":"limit eth-per-hour"}"#);
        insta::assert_snapshot!(json(Action::Retry, ""), @r#"{"action":"RETRY","requestId":"48f6-1"}"#);
        insta::assert_snapshot!(json(Action::Ignore, "a\nb\u{7f}"), @r#"{"action":"IGNORE","requestId":"48f6-1","rejectionReason":"a b "}"#);
        insta::assert_snapshot!(json(Action::Reject, "a\u{202e}b\u{2028}c\u{200b}d"), @r#"{"action":"REJECT","requestId":"48f6-1","rejectionReason":"a b c d"}"#);
        insta::assert_snapshot!(json(Action::Reject, r#""ö" \ '給'"#), @r#"{"action":"REJECT","requestId":"48f6-1","rejectionReason":"\"ö\" \\ '給'"}"#);
    }

    proptest! {
        #[test]
        fn echoes_any_id_and_bounds_any_reason(text in ".{1,64}", reason in ".{0,400}") {
            let reply = Reply::new(Action::Reject, id(&text), &reason);
            let read: serde_json::Value = serde_json::from_str(&reply.to_json()).expect("JSON");
            prop_assert_eq!(read["requestId"].as_str(), Some(text.as_str()));
            let told = read["rejectionReason"].as_str().unwrap_or_default();
            prop_assert!(told.len() <= MAX_REASON_BYTES && !told.contains(is_unseen));
        }
    }
}
