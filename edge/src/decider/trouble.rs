//! No decision, and why.

use thiserror::Error;
use tonic::{Code, Status};

use super::answer::Garbage;

/// No decision, and why. None of these ever becomes an approval.
#[derive(Debug, Error)]
pub enum Trouble {
    /// The decider could not be reached, or answered with an error.
    #[error("no decision: {} ({})", .0.code(), .0.message())]
    Failed(#[source] Box<Status>),
    /// It did not answer in time.
    #[error("no decision in time")]
    Silent,
    /// It answered, and the answer makes no sense.
    #[error("no usable decision: {0}")]
    Garbage(#[from] Garbage),
    /// It says that our call breaks the contract: a bug of ours.
    #[error("the decider refuses the call as a breach of the contract: {}", .0.message())]
    Breach(#[source] Box<Status>),
}

impl Trouble {
    /// A stable word for metrics and logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Failed(status) => code_name(status.code()),
            Self::Silent => "TIMEOUT",
            Self::Garbage(_) => "GARBAGE",
            Self::Breach(_) => "INVALID_ARGUMENT",
        }
    }
}

impl From<Status> for Trouble {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::InvalidArgument => Self::Breach(Box::new(status)),
            _ => Self::Failed(Box::new(status)),
        }
    }
}

/// Whether the call never reached a decider, or found it unable for the moment. A status with a source was made
/// on this side: the connection failed under the call, or was ending when the call was put on it, which a decider
/// asks for from time to time.
pub(super) fn worth_another_try(status: &Status) -> bool {
    let broke = std::error::Error::source(status).is_some();
    match status.code() {
        Code::Unavailable => true,
        Code::Unknown | Code::Internal | Code::Cancelled => broke,
        _ => false,
    }
}

const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the decider itself says is its answer; what our side of the connection says is that there was none.
    #[test]
    fn a_call_is_put_again_where_it_never_left_or_the_decider_was_unable() {
        let table = [
            (Code::Unavailable, true, true),
            (Code::Cancelled, false, true),
            (Code::Internal, false, true),
            (Code::Unknown, false, true),
            (Code::PermissionDenied, false, false),
            (Code::ResourceExhausted, false, false),
            (Code::InvalidArgument, false, false),
        ];
        for (code, told, broke) in table {
            let mut status = Status::new(code, "");
            assert_eq!(worth_another_try(&status), told, "{code:?} of the decider");
            status.set_source(std::sync::Arc::new(std::io::Error::other("connection closed")));
            assert_eq!(worth_another_try(&status), broke, "{code:?} of our side");
        }
    }
}
