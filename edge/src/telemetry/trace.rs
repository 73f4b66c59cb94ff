//! The trace of a request: continued from the caller or begun here, and passed on to the decider.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context, TraceFlags, TraceId,
    propagation::{Extractor, Injector, TextMapPropagator as _},
    trace::{SpanContext, TraceContextExt as _, TraceState},
};
use opentelemetry_sdk::{
    propagation::TraceContextPropagator,
    trace::{IdGenerator as _, RandomIdGenerator},
};
use tonic::metadata::MetadataMap;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

tokio::task_local! {
    static CURRENT: Context;
}

/// The W3C trace context of a request's headers; not valid where there is none.
#[must_use]
pub fn incoming(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers))
}

/// The context that a request is handled in: that of its root span where spans are exported; else what came in;
/// else a new one, so that the log lines of both services still share an id.
#[must_use]
pub fn context_of(root: &Span, incoming: &Context) -> Context {
    let exported = root.context();
    if exported.span().span_context().is_valid() {
        return exported;
    }
    if incoming.span().span_context().is_valid() { incoming.clone() } else { begin() }
}

/// Runs `work` in `context`.
pub fn within<T>(context: Context, work: impl Future<Output = T>) -> impl Future<Output = T> {
    CURRENT.scope(context, work)
}

/// The id of the trace that is being handled, if any.
#[must_use]
pub fn current_id() -> Option<TraceId> {
    CURRENT.try_with(|context| context.span().span_context().trace_id()).ok()
}

/// Writes the trace context of the current span into the metadata of a call.
pub fn inject(metadata: &mut MetadataMap) {
    let exported = Span::current().context();
    let propagator = TraceContextPropagator::new();
    if exported.span().span_context().is_valid() {
        propagator.inject_context(&exported, &mut HeadersMut(metadata.as_mut()));
    } else {
        let _ = CURRENT
            .try_with(|context| propagator.inject_context(context, &mut HeadersMut(metadata.as_mut())));
    }
}

fn begin() -> Context {
    let ids = RandomIdGenerator::default();
    let (trace_id, span_id) = (ids.new_trace_id(), ids.new_span_id());
    let begun = SpanContext::new(trace_id, span_id, TraceFlags::SAMPLED, true, TraceState::default());
    Context::new().with_remote_span_context(begun)
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(key), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(parent: &str) -> HeaderMap {
        [(HeaderName::from_static("traceparent"), parent.parse().expect("a header"))].into_iter().collect()
    }

    #[tokio::test]
    async fn the_callers_trace_goes_on_to_the_decider() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let context = context_of(&Span::none(), &incoming(&headers(parent)));
        let mut metadata = MetadataMap::new();
        within(context, async { inject(&mut metadata) }).await;
        assert_eq!(metadata.get("traceparent").map(|value| value.to_str().ok()), Some(Some(parent)));
    }

    #[tokio::test]
    async fn a_request_without_a_trace_begins_one() {
        for broken in
            ["", "00-zz-b7ad6b7169203331-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01"]
        {
            let context = context_of(&Span::none(), &incoming(&headers(broken)));
            let id = within(context, async { current_id() }).await.expect("a trace");
            assert_ne!(id, TraceId::INVALID);
        }
        assert_eq!(current_id(), None);
    }
}
