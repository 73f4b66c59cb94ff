//! One call as it is seen from outside: its span, the line of a refusal, and how it is counted.

use std::sync::Arc;

use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorInfo, StatusExt as _};
use tracing::Span;

use super::access::Caller;
use super::metrics::{CANCELLED, Metrics};
use crate::telemetry::rpc::{self, Method};

/// A call that began. Dropped without an end, its client has left.
pub struct Call {
    /// Its span.
    pub span: Span,
    /// Who asks: the connection says it of every call.
    pub caller: Option<Arc<Caller>>,
    method: Method,
    metrics: Arc<Metrics>,
    ended: bool,
}

impl Call {
    /// A call of this method begins.
    pub fn begin<T>(method: Method, request: &Request<T>, metrics: &Arc<Metrics>) -> Self {
        let caller: Option<Arc<Caller>> = request.extensions().get().cloned();
        let name = caller.as_ref().map(|caller| &*caller.name);
        let span = rpc::span(method, request.metadata(), name);
        Self { span, caller, method, metrics: Arc::clone(metrics), ended: false }
    }

    /// Tells and counts how it ended.
    ///
    /// # Errors
    /// Those of the result.
    pub fn end<T>(mut self, result: Result<Response<T>, Status>) -> Result<Response<T>, Status> {
        self.ended = true;
        rpc::ended(&self.span, result.as_ref().err().map_or(Code::Ok, Status::code));
        if let Err(status) = &result {
            let info = status.get_details_error_info().unwrap_or_else(|| ErrorInfo::new("", "", []));
            if let Some(why) = refusal(status.code()) {
                self.span.in_scope(|| self.tell(status, &info, why));
            }
            self.metrics.count_failed(self.method.name, info.reason);
        }
        result
    }

    fn tell(&self, status: &Status, info: &ErrorInfo, why: &str) {
        let peer = self.caller.as_ref().map(|caller| caller.peer());
        let fact = |name: &str| info.metadata.get(name).map(|fact| fact.escape_debug().to_string());
        tracing::warn!(
            method = self.method.name,
            caller = self.caller.as_ref().map(|caller| &*caller.name),
            peer,
            tenant = fact("tenant"),
            reason = info.reason,
            error = status.message(),
            "refused: {why}"
        );
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.ended {
            self.metrics.count_failed(self.method.name, CANCELLED.into());
        }
    }
}

/// What the caller has to mend.
fn refusal(code: Code) -> Option<&'static str> {
    match code {
        Code::InvalidArgument => Some("the call breaks the contract"),
        Code::FailedPrecondition => Some("the tenant is of another fleet"),
        Code::PermissionDenied => Some("the call is not granted to who made it"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grpc::status;
    use crate::telemetry::logged_text;

    fn begun(metrics: &Arc<Metrics>) -> Call {
        Call::begin(rpc::DECIDE, &Request::new(()), metrics)
    }

    #[test]
    fn a_refusal_has_each_name_once_and_says_what_the_caller_was_told() {
        let metrics = Arc::default();
        for code in [Code::InvalidArgument, Code::FailedPrecondition, Code::PermissionDenied] {
            let text = logged_text(|| {
                let _ = begun(&metrics).end::<()>(Err(Status::new(code, "tenant is missing")));
            });
            assert_eq!(text.matches("\"message\":").count(), 1, "{text}");
            let line: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!((&line["error"], &line["method"]), (&"tenant is missing".into(), &"Decide".into()));
            assert!(line["message"].as_str().is_some_and(|message| message.starts_with("refused: the ")));
        }
    }

    #[test]
    fn every_end_but_an_answer_is_counted_by_its_reason() {
        let metrics = Arc::default();
        let _ = begun(&metrics).end(Ok(Response::new(())));
        assert_eq!(metrics.failures("Decide"), []);
        for _ in 0..2 {
            let _ = begun(&metrics).end::<()>(Err(status::deadline_exceeded()));
        }
        drop(begun(&metrics));
        assert_eq!(metrics.failures("Decide"), [("CANCELLED".into(), 1), ("DEADLINE_EXCEEDED".into(), 2)]);
    }
}
