//! What ends a request early: before a decider is asked, or without an answer.

use axum::response::Response;
use callback::{Action, DecodeError};
use http::StatusCode;
use thiserror::Error;

use crate::{
    authenticate::NotAuthentic,
    listen::{ReceiveError, come_again, shed_response},
    respond::{Answer, SignError, edge_reason, unsigned},
    telemetry::metrics::{CallbackKind, Outcome},
};

/// An early end.
#[derive(Debug, Error)]
pub(super) enum Stop {
    /// The body did not come.
    #[error(transparent)]
    NotReceived(#[from] ReceiveError),
    /// No key of the path has signed it.
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
    /// A request for a JSON path came by a listener without a fence: a bug.
    #[error("JSON mode behind a listener without source networks")]
    NotLetIn,
    /// It may be read, and has no usable `requestId` to answer to.
    #[error("{0}")]
    Unreadable(DecodeError),
    /// The edge answers for itself.
    #[error("answered at the edge")]
    Answered(Answer),
    /// The reply could not be signed.
    #[error(transparent)]
    NotSigned(#[from] SignError),
    /// The whole request took too long.
    #[error("the request took too long")]
    Overtime,
}

impl Stop {
    /// For a payload that may be read and cannot be decoded.
    pub(super) fn malformed(error: DecodeError, kind: CallbackKind) -> Self {
        match error.request_id {
            None => Self::Unreadable(error),
            Some(request_id) => Self::Answered(Answer {
                request_id,
                action: action_for_unusable(kind),
                reason_code: edge_reason::MALFORMED,
                reason: format!("the request is malformed: {}", error.refusal),
                decision_id: None,
            }),
        }
    }

    /// What it counts as.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::NotReceived(_) => Outcome::NotReceived,
            Self::NotAuthentic(_) | Self::NotLetIn => Outcome::NotAuthentic,
            Self::Unreadable(_) => Outcome::Unreadable,
            Self::Answered(answer) => outcome_of(answer.action),
            Self::NotSigned(_) => Outcome::NotSigned,
            Self::Overtime => Outcome::Overtime,
        }
    }

    /// Whether the caller is not known, so that it must not be able to fill the log.
    pub(super) const fn is_of_unknown_caller(&self) -> bool {
        matches!(self, Self::NotReceived(_) | Self::NotAuthentic(_) | Self::NotLetIn)
    }

    /// The response without a reply. It says nothing that helps an attacker who tries keys.
    pub(super) fn response(&self) -> Response {
        match self {
            Self::NotReceived(ReceiveError::TooLarge) => {
                unsigned(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n")
            }
            Self::NotReceived(ReceiveError::TooSlow) => {
                unsigned(StatusCode::REQUEST_TIMEOUT, "the body took too long\n")
            }
            Self::NotReceived(ReceiveError::Broken) => {
                unsigned(StatusCode::BAD_REQUEST, "the body broke off\n")
            }
            Self::NotReceived(ReceiveError::Shed(shed)) => shed_response(*shed),
            Self::NotAuthentic(_) | Self::NotLetIn => unsigned(StatusCode::UNAUTHORIZED, "not authentic\n"),
            Self::Unreadable(_) => unsigned(StatusCode::BAD_REQUEST, "no usable requestId\n"),
            Self::Answered(_) | Self::NotSigned(_) => {
                unsigned(StatusCode::INTERNAL_SERVER_ERROR, "the reply could not be signed\n")
            }
            Self::Overtime => {
                come_again(unsigned(StatusCode::SERVICE_UNAVAILABLE, "the request took too long\n"))
            }
        }
    }
}

/// What is answered to a request that no decider can judge, now or later: a transaction is refused, a configuration
/// change is left to people (decision model, section 2).
pub(super) const fn action_for_unusable(kind: CallbackKind) -> Action {
    match kind {
        CallbackKind::Transaction => Action::Reject,
        CallbackKind::ConfigChange => Action::Ignore,
    }
}

/// What a reply counts as.
pub(super) const fn outcome_of(action: Action) -> Outcome {
    match action {
        Action::Approve => Outcome::Approve,
        Action::Reject => Outcome::Reject,
        Action::Retry => Outcome::Retry,
        Action::Ignore => Outcome::Ignore,
    }
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    #[test]
    fn a_response_that_asks_to_retry_says_when() {
        for (stop, status, again) in [
            (Stop::Overtime, 503, true),
            (ReceiveError::Shed(crate::telemetry::Shed::BodyMemory).into(), 503, true),
            (ReceiveError::TooSlow.into(), 408, false),
            (NotAuthentic::Signature.into(), 401, false),
        ] {
            let response = stop.response();
            let told = response.headers().contains_key(header::RETRY_AFTER);
            assert_eq!((response.status().as_u16(), told), (status, again), "{stop}");
        }
    }
}
