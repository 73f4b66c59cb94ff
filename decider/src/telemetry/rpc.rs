//! The span of one gRPC call, as the semantic conventions for RPC have it, with the caller's span as its parent.

use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tonic::metadata::{KeyRef, MetadataMap};
use tonic::{Code, Response, Status};
use tracing::{Span, field, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

const SERVICE: &str = "countersign.decider.v1.DecisionService";

/// A method with the name of its span.
#[derive(Clone, Copy)]
pub struct Method {
    span: &'static str,
    name: &'static str,
}

/// `Decide`.
pub const DECIDE: Method = Method { span: "decide", name: "Decide" };
/// `DecideConfigChange`.
pub const DECIDE_CONFIG_CHANGE: Method = Method { span: "decide_config_change", name: "DecideConfigChange" };
/// `GetDecision`.
pub const GET_DECISION: Method = Method { span: "get_decision", name: "GetDecision" };

/// The span of a call. Its parent is set before it is entered: afterwards it would have none.
pub fn span(method: Method, metadata: &MetadataMap) -> Span {
    let span = info_span!(
        "rpc",
        otel.name = method.span,
        otel.kind = "server",
        otel.status_code = field::Empty,
        rpc.system = "grpc",
        rpc.service = SERVICE,
        rpc.method = method.name,
        rpc.grpc.status_code = field::Empty,
    );
    // Without a tracer there is no span to give a parent to; the call goes on.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&Metadata(metadata)));
    span
}

/// Notes how a call ended. An error of the caller is not an error of the server's span.
pub fn ended<T>(span: &Span, result: Result<Response<T>, Status>) -> Result<Response<T>, Status> {
    let code = result.as_ref().err().map_or(Code::Ok, Status::code);
    span.record("rpc.grpc.status_code", code as i32);
    let of_caller = [Code::InvalidArgument, Code::NotFound, Code::PermissionDenied, Code::FailedPrecondition];
    if code != Code::Ok && !of_caller.contains(&code) {
        span.record("otel.status_code", "ERROR");
    }
    if let Err(status) = &result
        && let Some(why) = refusal(code)
    {
        span.in_scope(|| tracing::warn!(error = status.message(), "refused: {why}"));
    }
    result
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

struct Metadata<'a>(&'a MetadataMap);

impl Extractor for Metadata<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        let keys = self.0.keys().filter_map(|key| match key {
            KeyRef::Ascii(key) => Some(key.as_str()),
            KeyRef::Binary(_) => None,
        });
        keys.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::json::tests::logged_text;

    #[test]
    fn a_refusal_has_each_name_once_and_says_what_the_caller_was_told() {
        for code in [Code::InvalidArgument, Code::FailedPrecondition, Code::PermissionDenied] {
            let text = logged_text(|| {
                let _ = ended::<()>(&Span::none(), Err(Status::new(code, "tenant is missing")));
            });
            assert_eq!(text.matches("\"message\":").count(), 1, "{text}");
            let line: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(line["error"], "tenant is missing");
            assert!(line["message"].as_str().is_some_and(|message| message.starts_with("refused: the ")));
        }
    }
}
