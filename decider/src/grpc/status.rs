//! The one renderer of errors. Each carries a `google.rpc.ErrorInfo` with a stable reason; none of them is a
//! denial.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::violations::Violations;
use crate::grants::{Identity, Missing, Verb};
use crate::store::StoreError;
use crate::telemetry::word;

/// The domain of every reason.
const DOMAIN: &str = "countersign";
/// Every reason.
pub const REASONS: [&str; 15] = [
    "INVALID_ARGUMENT",
    "DEADLINE_REQUIRED",
    "NOT_GRANTED",
    "TENANT_ELSEWHERE",
    "OVERLOADED",
    "DEADLINE_EXCEEDED",
    "DECISION_NOT_FOUND",
    "FAULT",
    "CLOCK_JUMPED",
    "STORE_BUSY",
    "STORE_FROZEN",
    "STORE_UNAVAILABLE",
    "STORE_FAILED",
    "STORE_CLOSED",
    "RECORD_UNREADABLE",
];
/// When to come back after being shed: some commits later.
const RETRY_DELAY: Duration = Duration::from_millis(200);
/// The same where the store is slow: by then it may be faster again.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(5);
/// Of the identities that a certificate shows, so many are told back, …
const MAX_SHOWN_IDENTITIES: usize = 4;
/// … and so many characters of each: statuses travel in headers.
const MAX_SHOWN_CHARS: usize = 256;

/// What somebody is called who shows none.
pub const NAMELESS: &str = "a certificate without a name that can be granted anything";

/// The call breaks the contract.
pub fn invalid(violations: Violations) -> Status {
    let message = format!("the call breaks the contract: {}", violations.fields());
    let facts: HashMap<String, String> =
        violations.tenant().map(|tenant| ("tenant".to_owned(), tenant)).into_iter().collect();
    let mut details = ErrorDetails::with_error_info("INVALID_ARGUMENT", DOMAIN, facts);
    details.set_bad_request(violations.into_list());
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// The call has no deadline, or one that cannot be read.
pub fn deadline_required(problem: &str) -> Status {
    Status::with_error_details(Code::InvalidArgument, problem, reason("DEADLINE_REQUIRED"))
}

/// The caller's certificate is not granted this. It is told what it showed, and what to ask an operator for.
pub fn not_granted(shown: &[Identity], missing: Missing, verb: Verb, tenant: &str) -> Status {
    let (identity, verb) = (told(shown), word(&verb));
    let message = match missing {
        Missing::Identity => format!("nothing is granted to {identity}"),
        Missing::Tenant => format!("{identity} is granted nothing for tenant {tenant}"),
        Missing::Verb => format!("{identity} is not granted {verb} for tenant {tenant}"),
    };
    let facts = [("identity", identity.as_str()), ("verb", verb), ("tenant", tenant)];
    let facts = facts.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let details = ErrorDetails::with_error_info("NOT_GRANTED", DOMAIN, HashMap::from(facts));
    Status::with_error_details(Code::PermissionDenied, message, details)
}

/// The tenant's ledger is not this one. Not a leak: the caller is granted this tenant.
pub fn tenant_elsewhere(tenant: &str) -> Status {
    let facts = HashMap::from([("tenant".to_owned(), tenant.to_owned())]);
    let details = ErrorDetails::with_error_info("TENANT_ELSEWHERE", DOMAIN, facts);
    let message =
        format!("tenant {tenant} is not among this decider's tenants: ask the fleet that has its ledger");
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

fn told(shown: &[Identity]) -> String {
    let names: Vec<String> = shown.iter().take(MAX_SHOWN_IDENTITIES).map(short).collect();
    match (names.join(" or "), shown.len().saturating_sub(MAX_SHOWN_IDENTITIES)) {
        (_, _) if names.is_empty() => NAMELESS.to_owned(),
        (names, 0) => names,
        (names, more) => format!("{names} or {more} more"),
    }
}

/// A name as it is told.
pub fn short(identity: &Identity) -> String {
    identity.to_string().chars().take(MAX_SHOWN_CHARS).collect()
}

/// The answer would come too late.
pub fn would_be_late(wait: Duration) -> Status {
    let mut details = reason("OVERLOADED");
    details.set_retry_info(Some(wait.clamp(RETRY_DELAY, MAX_RETRY_DELAY)));
    let message = format!("an answer would take about {} ms, longer than the deadline", wait.as_millis());
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// There is no room for another call now.
pub fn too_many_calls() -> Status {
    full("too many calls are worked on already; ask again later")
}

/// There is no room for another call of this caller now.
pub fn too_many_of_one() -> Status {
    full("too many calls of this caller are worked on already; ask again later, or with fewer at once")
}

fn full(message: &str) -> Status {
    let mut details = reason("OVERLOADED");
    details.set_retry_info(Some(RETRY_DELAY));
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// A call was begun, and its request did not come.
pub fn request_did_not_come() -> Status {
    let message = "the request did not come after its headers: nothing was decided";
    Status::with_error_details(Code::DeadlineExceeded, message, reason("DEADLINE_EXCEEDED"))
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

    /// Clients go by what is published.
    #[test]
    fn every_reason_is_in_the_contract() {
        const CONTRACT: &str = include_str!("../../../proto/countersign/decider/v1/decision.proto");
        let stores = [
            StoreError::Overloaded,
            StoreError::ClockJumped { ahead: Duration::ZERO },
            StoreError::Busy,
            StoreError::Frozen(Arc::from("")),
            StoreError::Unavailable(Arc::from("")),
            StoreError::Failed(Arc::from("")),
            StoreError::Closed,
            StoreError::Unreadable(Arc::from("")),
            StoreError::Undecided,
        ];
        let others = [
            invalid(Violations::default()),
            deadline_required(""),
            not_granted(&[], Missing::Identity, Verb::Read, ""),
            tenant_elsewhere(""),
            too_many_calls(),
            deadline_exceeded(),
            request_did_not_come(),
            not_found(),
            fault(""),
        ];
        let (head, _) = CONTRACT.split_once("syntax").unwrap();
        for status in stores.iter().map(of_store).chain(others) {
            let reason = status.get_details_error_info().unwrap().reason;
            assert!(head.contains(&format!(" {reason}")), "{reason} is not in decision.proto");
            assert!(REASONS.contains(&reason.as_str()), "{reason} is not counted from zero");
        }
    }

    #[test]
    fn who_is_shed_learns_when_to_come_back() {
        let info = of_store(&StoreError::Overloaded).get_details_retry_info().unwrap();
        assert_eq!(info.retry_delay, Some(RETRY_DELAY));
        assert!(of_store(&StoreError::Closed).get_details_retry_info().is_none());
    }

    #[test]
    fn whose_answer_would_be_late_learns_when_it_would_not() {
        let seconds = Duration::from_secs;
        for (wait, delay) in
            [(Duration::ZERO, RETRY_DELAY), (seconds(3), seconds(3)), (seconds(90), MAX_RETRY_DELAY)]
        {
            let status = would_be_late(wait);
            assert_eq!(status.code(), Code::ResourceExhausted);
            assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(delay));
        }
        assert_eq!(too_many_calls().get_details_retry_info().unwrap().retry_delay, Some(RETRY_DELAY));
    }

    #[test]
    fn a_denial_tells_a_few_names_and_not_a_header_full() {
        let name = |number: usize| Identity::dns(&format!("{}.h{number}", "a".repeat(63))).unwrap();
        let shown: Vec<Identity> = (0..9).map(name).collect();
        let status = not_granted(&shown, Missing::Identity, Verb::Read, "default");
        assert!(status.message().ends_with("a.h3 or 5 more"), "{}", status.message());
        assert!(status.message().len() < 400);
        let nobody = not_granted(&[], Missing::Identity, Verb::Read, "default");
        assert_eq!(
            nobody.message(),
            "nothing is granted to a certificate without a name that can be granted anything"
        );
        assert_eq!(nobody.get_details_error_info().unwrap().metadata["verb"], "read");
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

    #[test]
    fn of_a_call_that_breaks_everything_the_first_is_told_and_fits_a_header() {
        let mut violations = Violations::default();
        for index in 0..1_000 {
            violations.at_most(format!("destinations[{index}].display_address"), "ab", 1);
        }
        let status = invalid(violations);
        assert!(
            status.message().ends_with("destinations[15].display_address, and 984 more"),
            "{}",
            status.message()
        );
        assert_eq!(status.get_details_bad_request().unwrap().field_violations.len(), 16);
        // Other clients take 8 KiB of headers; details go as base64, the message with its blanks escaped.
        assert!(status.details().len() * 4 / 3 + status.message().len() * 3 < 8 << 10);
    }
}
