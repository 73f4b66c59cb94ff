//! No decision, and why.

use std::{error::Error, net::SocketAddr, time::Duration};

use thiserror::Error;
use tonic::{Code, Status, TimeoutExpired};
use tonic_types::StatusExt as _;

use super::{answer::Garbage, cause::cause, endpoint_state::Observation};
use crate::telemetry::metrics::NoDecision;

/// The reason of a decider for a tenant whose ledger it does not have.
const TENANT_ELSEWHERE: &str = "TENANT_ELSEWHERE";

/// No decision, and why. None of these ever becomes an approval.
#[derive(Debug, Error)]
pub enum Trouble {
    /// The decider could not be reached, or answered with an error.
    #[error("no decision: {} ({})", code_of(.0.code()).as_str(), cause(.0))]
    Failed(#[source] Box<Status>),
    /// It did not answer in time.
    #[error("no decision in time")]
    Silent,
    /// It answered, and the answer makes no sense.
    #[error("no usable decision: {0}")]
    Garbage(#[from] Garbage),
    /// It says that our call breaks the contract: a bug of ours.
    #[error("the decider refuses the call as a breach of the contract: {}", cause(.0))]
    Breach(#[source] Box<Status>),
    /// The tenant's ledger is that of another fleet.
    #[error("the tenant is of another fleet: {}", cause(.0))]
    Elsewhere(#[source] Box<Status>),
    /// No name of a decider has been resolved yet.
    #[error("no decider is known: no address of the fleet is resolved")]
    NoEndpoint,
}

/// A question without a decision: why, and which decider said so, where one did.
#[derive(Debug, Error)]
#[error("{trouble}")]
pub struct Failure {
    /// Why.
    pub trouble: Trouble,
    /// The decider that failed, or that was silent last.
    pub endpoint: Option<SocketAddr>,
}

/// Where the same question may do better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prospect {
    /// Nowhere.
    None,
    /// At one other endpoint: either that decides, or all refuse alike.
    Once,
    /// At another endpoint.
    Elsewhere,
    /// At another endpoint, or at the same one after a pause: its own wish, if it has one.
    Again(Option<Duration>),
}

impl Trouble {
    /// What it counts as, in metrics and logs.
    #[must_use]
    pub fn code(&self) -> NoDecision {
        match self {
            Self::Failed(status) => code_of(status.code()),
            Self::Silent => NoDecision::Timeout,
            Self::Garbage(_) => NoDecision::Garbage,
            Self::Breach(_) => NoDecision::InvalidArgument,
            Self::Elsewhere(_) => NoDecision::TenantElsewhere,
            Self::NoEndpoint => NoDecision::NoEndpoint,
        }
    }

    /// Decide is idempotent, so it may be tried again wherever that helps.
    pub(super) fn prospect(&self) -> Prospect {
        match self {
            Self::Garbage(_) => Prospect::Elsewhere,
            Self::Failed(status) if is_broken(status) => Prospect::Again(None),
            Self::Failed(status) => match status.code() {
                Code::Unavailable => Prospect::Again(None),
                Code::ResourceExhausted => retry_delay(status),
                // It has no policy; another may have one.
                Code::FailedPrecondition => Prospect::Elsewhere,
                Code::PermissionDenied => Prospect::Once,
                _ => Prospect::None,
            },
            // All deciders of a fleet should have the same tenants and grants, so one other is enough to tell a mistake
            // in one of them: each call is one less for the others' questions.
            Self::Elsewhere(_) => Prospect::Once,
            Self::Silent | Self::Breach(_) | Self::NoEndpoint => Prospect::None,
        }
    }

    /// What this alone says of the endpoint. One that sheds is not taken out: the others would get its load on top. Nor
    /// is one that refuses this question, unless [another decides it](Self::is_refusal): one path of a tenant that is
    /// not granted would take it from the tenants of all others. An edge that is granted nothing at all cannot tell
    /// that from such paths, so it stays ready and tells everybody to retry: `decider_errors` and the error log say why.
    pub(super) fn observation(&self) -> Option<Observation> {
        match self {
            Self::Failed(status) if is_broken(status) => Some(Observation::Broken),
            Self::Failed(status) if sheds(status) || is_of_the_question(status) => None,
            Self::Failed(_) | Self::Silent | Self::Garbage(_) => Some(Observation::Unable),
            Self::Breach(_) | Self::Elsewhere(_) | Self::NoEndpoint => None,
        }
    }

    /// Whether the endpoint refuses this question. Where another one decides it, the fault is not the question's.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            Self::Elsewhere(_) => true,
            Self::Failed(status) => is_of_the_question(status),
            Self::Silent | Self::Garbage(_) | Self::Breach(_) | Self::NoEndpoint => false,
        }
    }
}

impl From<Status> for Trouble {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::InvalidArgument => Self::Breach(Box::new(status)),
            Code::FailedPrecondition if is_elsewhere(&status) => Self::Elsewhere(Box::new(status)),
            _ => Self::Failed(Box::new(status)),
        }
    }
}

fn retry_delay(status: &Status) -> Prospect {
    let delay = status.get_details_retry_info().and_then(|info| info.retry_delay);
    delay.map_or(Prospect::Elsewhere, |delay| Prospect::Again(Some(delay)))
}

fn sheds(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted
}

/// Whether the same endpoint may well answer other questions: other tenants, other records, shorter ones.
fn is_of_the_question(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::PermissionDenied | Code::FailedPrecondition | Code::OutOfRange | Code::DataLoss
    )
}

fn is_elsewhere(status: &Status) -> bool {
    status.get_details_error_info().is_some_and(|info| info.reason == TENANT_ELSEWHERE)
}

/// Whether the connection failed under the call: a status with a source was made on this side. Our own deadline
/// makes one, too.
fn is_broken(status: &Status) -> bool {
    let connection =
        matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled);
    connection && status.source().is_some_and(|source| !is_deadline(source))
}

fn is_deadline(error: &(dyn Error + 'static)) -> bool {
    error.is::<TimeoutExpired>() || error.source().is_some_and(is_deadline)
}

const fn code_of(code: Code) -> NoDecision {
    match code {
        Code::Cancelled => NoDecision::Cancelled,
        // An error of gRPC never says OK; a peer that does is not understood.
        Code::Unknown | Code::Ok => NoDecision::Unknown,
        Code::InvalidArgument => NoDecision::InvalidArgument,
        Code::DeadlineExceeded => NoDecision::DeadlineExceeded,
        Code::NotFound => NoDecision::NotFound,
        Code::AlreadyExists => NoDecision::AlreadyExists,
        Code::PermissionDenied => NoDecision::PermissionDenied,
        Code::ResourceExhausted => NoDecision::ResourceExhausted,
        Code::FailedPrecondition => NoDecision::FailedPrecondition,
        Code::Aborted => NoDecision::Aborted,
        Code::OutOfRange => NoDecision::OutOfRange,
        Code::Unimplemented => NoDecision::Unimplemented,
        Code::Internal => NoDecision::Internal,
        Code::Unavailable => NoDecision::Unavailable,
        Code::DataLoss => NoDecision::DataLoss,
        Code::Unauthenticated => NoDecision::Unauthenticated,
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    fn failed(code: Code) -> Trouble {
        Status::new(code, "as told").into()
    }

    fn broken(source: impl Error + Send + Sync + 'static, code: Code) -> Trouble {
        let mut status = Status::new(code, "broken");
        status.set_source(std::sync::Arc::new(source));
        status.into()
    }

    #[test]
    fn troubles_are_told_with_the_code_by_its_name_and_the_cause() {
        let message = format!("CN={} is granted nothing for tenant payroll", "x".repeat(200));
        let denied: Trouble = Status::permission_denied(&message).into();
        assert_eq!(denied.to_string(), format!("no decision: PERMISSION_DENIED ({message})"));
        let odd: Trouble = Status::invalid_argument("a\nb").into();
        insta::assert_snapshot!(odd, @r"the decider refuses the call as a breach of the contract: a\u{a}b");
    }

    #[test]
    fn each_trouble_says_where_to_go_and_what_it_means_for_the_endpoint() {
        let reset = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let delay = Duration::from_millis(200);
        let shed = Status::with_error_details(
            Code::ResourceExhausted,
            "shed",
            ErrorDetails::with_retry_info(Some(delay)),
        );
        let elsewhere = Status::with_error_details(
            Code::FailedPrecondition,
            "not here",
            ErrorDetails::with_error_info("TENANT_ELSEWHERE", "countersign", []),
        );
        for (trouble, prospect, observation) in [
            (elsewhere.into(), Prospect::Once, None),
            (failed(Code::Unavailable), Prospect::Again(None), Some(Observation::Unable)),
            (failed(Code::ResourceExhausted), Prospect::Elsewhere, None),
            (shed.into(), Prospect::Again(Some(delay)), None),
            (failed(Code::FailedPrecondition), Prospect::Elsewhere, None),
            (failed(Code::Internal), Prospect::None, Some(Observation::Unable)),
            (failed(Code::Unauthenticated), Prospect::None, Some(Observation::Unable)),
            (failed(Code::PermissionDenied), Prospect::Once, None),
            (failed(Code::OutOfRange), Prospect::None, None),
            (failed(Code::DataLoss), Prospect::None, None),
            (failed(Code::InvalidArgument), Prospect::None, None),
            (broken(reset(), Code::Unavailable), Prospect::Again(None), Some(Observation::Broken)),
            (broken(reset(), Code::Unknown), Prospect::Again(None), Some(Observation::Broken)),
            (broken(reset(), Code::Cancelled), Prospect::Again(None), Some(Observation::Broken)),
            (broken(reset(), Code::PermissionDenied), Prospect::Once, None),
            (broken(TimeoutExpired(()), Code::Cancelled), Prospect::None, Some(Observation::Unable)),
            (Trouble::Silent, Prospect::None, Some(Observation::Unable)),
            (Garbage::OtherRequest.into(), Prospect::Elsewhere, Some(Observation::Unable)),
        ] {
            assert_eq!((trouble.prospect(), trouble.observation()), (prospect, observation), "{trouble:?}");
        }
    }

    #[test]
    fn what_a_faulty_decider_may_say_of_any_question_is_a_refusal() {
        for (code, expected) in [
            (Code::PermissionDenied, true),
            (Code::FailedPrecondition, true),
            (Code::OutOfRange, true),
            (Code::DataLoss, true),
            (Code::ResourceExhausted, false),
            (Code::InvalidArgument, false),
            (Code::Internal, false),
            (Code::Unavailable, false),
        ] {
            assert_eq!(failed(code).is_refusal(), expected, "{code:?}");
        }
    }
}
