//! The span of one gRPC call, as the semantic conventions for RPC have it, with the caller's span as its parent.

use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use proto::decider::v1::decision_service_server::SERVICE_NAME;
use tonic::Code;
use tonic::metadata::{KeyRef, MetadataMap};
use tracing::{Span, field, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// A method with the name of its span.
#[derive(Clone, Copy)]
pub struct Method {
    span: &'static str,
    /// As the contract has it.
    pub name: &'static str,
}

/// `Decide`.
pub const DECIDE: Method = Method { span: "decide", name: "Decide" };
/// `DecideConfigChange`.
pub const DECIDE_CONFIG_CHANGE: Method = Method { span: "decide_config_change", name: "DecideConfigChange" };
/// `GetDecision`.
pub const GET_DECISION: Method = Method { span: "get_decision", name: "GetDecision" };

/// Every method.
pub const METHODS: [Method; 3] = [DECIDE, DECIDE_CONFIG_CHANGE, GET_DECISION];

/// The span of a call, and who makes it. Its parent is set before it is entered: afterwards it would have none.
pub fn span(method: Method, metadata: &MetadataMap, caller: Option<&str>) -> Span {
    let span = info_span!(
        "rpc",
        otel.name = method.span,
        otel.kind = "server",
        otel.status_code = field::Empty,
        rpc.system = "grpc",
        rpc.service = SERVICE_NAME,
        rpc.method = method.name,
        rpc.grpc.status_code = field::Empty,
        caller,
    );
    // Without a tracer there is no span to give a parent to; the call goes on.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&Metadata(metadata)));
    span
}

/// Notes how a call ended. An error of the caller is not an error of the server's span.
pub fn ended(span: &Span, code: Code) {
    span.record("rpc.grpc.status_code", code as i32);
    let of_caller = [Code::InvalidArgument, Code::NotFound, Code::PermissionDenied, Code::FailedPrecondition];
    if code != Code::Ok && !of_caller.contains(&code) {
        span.record("otel.status_code", "ERROR");
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
