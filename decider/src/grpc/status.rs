//! The one renderer of errors. Each carries a `google.rpc.ErrorInfo` with a stable reason; none of them is a
//! denial.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::violations::Violations;
use crate::store::StoreError;

/// The domain of every reason.
const DOMAIN: &str = "countersign";
/// When to come back after being shed: some commits later.
const RETRY_DELAY: Duration = Duration::from_millis(200);

/// The call breaks the contract.
pub fn invalid(violations: Violations) -> Status {
    let list = violations.into_list();
    let fields: Vec<&str> = list.iter().map(|violation| violation.field.as_str()).collect();
    let message = format!("the call breaks the contract: {}", fields.join(", "));
    let mut details = reason("INVALID_ARGUMENT");
    details.set_bad_request(list.clone());
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// The call has no deadline, or one that cannot be read.
pub fn deadline_required(problem: &str) -> Status {
    Status::with_error_details(Code::InvalidArgument, problem, reason("DEADLINE_REQUIRED"))
}

/// The caller's deadline passed. What was begun is ended, and answers the same question again.
pub fn deadline_exceeded() -> Status {
    let message = "the deadline passed before the decision was durable; ask again for the recorded answer";
    Status::with_error_details(Code::DeadlineExceeded, message, reason("DEADLINE_EXCEEDED"))
}

/// There is no such record.
pub fn not_found() -> Status {
    let message = "no decision of this tenant has that id";
    Status::with_error_details(Code::NotFound, message, reason("DECISION_NOT_FOUND"))
}

/// A fault of this program.
pub fn fault(what: &str) -> Status {
    Status::with_error_details(Code::Internal, what, reason("FAULT"))
}

/// The store did not decide.
pub fn of_store(error: &StoreError) -> Status {
    let (code, name) = match error {
        StoreError::Overloaded => (Code::ResourceExhausted, "OVERLOADED"),
        StoreError::ClockJumped { .. } => (Code::Unavailable, "CLOCK_JUMPED"),
        StoreError::Busy => (Code::Unavailable, "STORE_BUSY"),
        StoreError::Frozen(_) => (Code::Unavailable, "STORE_FROZEN"),
        StoreError::Unavailable(_) => (Code::Unavailable, "STORE_UNAVAILABLE"),
        StoreError::Failed(_) => (Code::Unavailable, "STORE_FAILED"),
        StoreError::Closed => (Code::Unavailable, "STORE_CLOSED"),
        StoreError::Unreadable(_) => (Code::DataLoss, "RECORD_UNREADABLE"),
        StoreError::Undecided => (Code::Internal, "FAULT"),
    };
    let mut details = reason(name);
    if code == Code::ResourceExhausted {
        details.set_retry_info(Some(RETRY_DELAY));
    }
    Status::with_error_details(code, error.to_string(), details)
}

fn reason(name: &str) -> ErrorDetails {
    ErrorDetails::with_error_info(name, DOMAIN, HashMap::new())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn every_store_error_has_a_code_and_a_reason() {
        let seconds = Duration::from_secs(90);
        let table = [
            (StoreError::Overloaded, Code::ResourceExhausted, "OVERLOADED"),
            (StoreError::ClockJumped { ahead: seconds }, Code::Unavailable, "CLOCK_JUMPED"),
            (StoreError::Busy, Code::Unavailable, "STORE_BUSY"),
            (StoreError::Frozen(Arc::from("restored")), Code::Unavailable, "STORE_FROZEN"),
            (StoreError::Unavailable(Arc::from("cut")), Code::Unavailable, "STORE_UNAVAILABLE"),
            (StoreError::Failed(Arc::from("disk")), Code::Unavailable, "STORE_FAILED"),
            (StoreError::Closed, Code::Unavailable, "STORE_CLOSED"),
            (StoreError::Unreadable(Arc::from("row")), Code::DataLoss, "RECORD_UNREADABLE"),
            (StoreError::Undecided, Code::Internal, "FAULT"),
        ];
        for (error, code, name) in table {
            let status = of_store(&error);
            assert_eq!(status.code(), code, "{error:?}");
            let info = status.get_details_error_info().unwrap();
            assert_eq!((info.reason.as_str(), info.domain.as_str()), (name, DOMAIN));
            assert_ne!(code, Code::InvalidArgument, "only a breach of the contract is one");
        }
    }

    #[test]
    fn who_is_shed_learns_when_to_come_back() {
        let info = of_store(&StoreError::Overloaded).get_details_retry_info().unwrap();
        assert_eq!(info.retry_delay, Some(RETRY_DELAY));
        assert!(of_store(&StoreError::Closed).get_details_retry_info().is_none());
    }

    #[test]
    fn a_breach_names_every_field() {
        let mut violations = Violations::default();
        violations.required_at_most("tenant", "", 1);
        violations.at_most("note", "ab", 1);
        let status = invalid(violations);
        assert_eq!(status.message(), "the call breaks the contract: tenant, note");
        let fields = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(fields.len(), 2);
    }
}
