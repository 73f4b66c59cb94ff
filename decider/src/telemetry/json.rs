//! Log lines as JSON, each with the id of its trace.

use std::fmt;
use std::io::Write as _;
use std::sync::OnceLock;

use opentelemetry::trace::TraceContextExt as _;
use serde_json::{Map, Value};
use tracing::dispatcher::WeakDispatch;
use tracing::field::{Field, Visit};
use tracing::{Dispatch, Event, Subscriber, span};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// One JSON object a line: `timestamp`, `level`, `target`, `trace_id` and `span_id` inside a call, `message`, and
/// the event's own fields.
pub struct JsonLines<W> {
    writer: W,
    /// Where the ids of traces are asked for. Kept, because inside an event there is no current one to ask.
    dispatch: OnceLock<WeakDispatch>,
}

impl<W> JsonLines<W> {
    /// Lines to a writer.
    pub fn new(writer: W) -> Self {
        Self { writer, dispatch: OnceLock::new() }
    }

    fn add_trace(&self, line: &mut Map<String, Value>, span: &span::Id) {
        let dispatch = self.dispatch.get().and_then(WeakDispatch::upgrade);
        let Some(context) = dispatch.and_then(|dispatch| get_otel_context(span, &dispatch)) else { return };
        let span = context.span();
        let ids = span.span_context();
        if ids.is_valid() {
            line.insert("trace_id".into(), ids.trace_id().to_string().into());
            line.insert("span_id".into(), ids.span_id().to_string().into());
        }
    }
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_register_dispatch(&self, subscriber: &Dispatch) {
        let _ = self.dispatch.set(subscriber.downgrade());
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Map::new();
        line.insert("timestamp".into(), jiff::Timestamp::now().to_string().into());
        line.insert("level".into(), event.metadata().level().as_str().into());
        line.insert("target".into(), event.metadata().target().into());
        if let Some(span) = context.event_span(event) {
            self.add_trace(&mut line, &span.id());
        }
        event.record(&mut Fields(&mut line));
        // Written at once, so that lines of different threads do not mix. A log that cannot be written has
        // nowhere to say so.
        let _ = self.writer.make_writer().write_all(format!("{}\n", Value::Object(line)).as_bytes());
    }
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Visit for Fields<'_> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().into(), format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
    use tonic::metadata::MetadataMap;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::telemetry::rpc;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    /// What is logged, with spans of a tracer that samples nothing.
    fn logged(log: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff).build();
        let subscriber = tracing_subscriber::registry()
            .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("test")))
            .with(JsonLines::new(lines.clone()));
        tracing::subscriber::with_default(subscriber, log);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn an_event_is_one_object_with_its_own_fields() {
        let lines = logged(|| tracing::info!(rule = "sweep", count = 2_u64, done = true, "a\nb"));
        assert_eq!(lines.len(), 1);
        let line = &lines[0];
        assert_eq!(
            (&line["rule"], &line["count"], &line["done"]),
            (&"sweep".into(), &2.into(), &true.into())
        );
        assert_eq!((&line["message"], &line["level"]), (&"a\nb".into(), &"INFO".into()));
        assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
        assert_eq!(line.get("trace_id"), None);
    }

    #[test]
    fn inside_a_call_a_line_carries_the_callers_trace() {
        let trace_id = "0af7651916cd43dd8448eb211c80319c";
        let mut metadata = MetadataMap::new();
        metadata.insert("traceparent", format!("00-{trace_id}-b7ad6b7169203331-01").parse().unwrap());
        let lines = logged(|| rpc::span(rpc::DECIDE, &metadata).in_scope(|| tracing::info!("decided")));
        assert_eq!(lines[0]["trace_id"], trace_id);
        assert_ne!(lines[0]["span_id"], "b7ad6b7169203331");
    }

    #[test]
    fn a_call_without_a_caller_has_a_trace_of_its_own() {
        let lines =
            logged(|| rpc::span(rpc::DECIDE, &MetadataMap::new()).in_scope(|| tracing::info!("decided")));
        assert_eq!(lines[0]["trace_id"].as_str().map(str::len), Some(32));
    }
}
