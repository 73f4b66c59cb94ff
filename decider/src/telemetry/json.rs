//! Log lines as JSON, each with the id of its trace.

use std::fmt;
use std::io::Write as _;
use std::sync::OnceLock;

use opentelemetry::trace::TraceContextExt as _;
use serde::{Serialize, Serializer};
use tracing::dispatcher::WeakDispatch;
use tracing::field::{Field, Visit};
use tracing::{Dispatch, Event, Subscriber, span};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// One JSON object a line: `time`, `level`, `target`, `trace_id`, `span_id` and `caller` inside a call, `message`, and
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

    fn add_trace(&self, line: &mut Line, span: &span::Id) {
        let dispatch = self.dispatch.get().and_then(WeakDispatch::upgrade);
        let Some(context) = dispatch.and_then(|dispatch| get_otel_context(span, &dispatch)) else { return };
        let span = context.span();
        let ids = span.span_context();
        if ids.is_valid() {
            line.put("trace_id", &Shown(ids.trace_id()));
            line.put("span_id", &Shown(ids.span_id()));
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

    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        if attributes.metadata().fields().field(CALLER).is_none() {
            return;
        }
        let mut named = Named::default();
        attributes.record(&mut named);
        if let (Some(caller), Some(span)) = (named.caller, context.span(id)) {
            span.extensions_mut().insert(CalledBy(caller));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Line(Vec::with_capacity(USUAL_LINE_BYTES));
        line.put("time", &Shown(jiff::Timestamp::now()));
        line.put("level", event.metadata().level().as_str());
        line.put("target", event.metadata().target());
        if let Some(span) = context.event_span(event) {
            self.add_trace(&mut line, &span.id());
            if event.metadata().fields().field(CALLER).is_none() {
                add_caller(&mut line, &span);
            }
        }
        event.record(&mut line);
        // Written at once, so that lines of different threads do not mix. A log that cannot be written has
        // nowhere to say so.
        let _ = self.writer.make_writer().write_all(&line.ended());
    }
}

/// The field of a span that says who makes the call.
const CALLER: &str = "caller";

/// Who makes the call of a span.
struct CalledBy(Box<str>);

/// The caller among the fields of a span.
#[derive(Default)]
struct Named {
    caller: Option<Box<str>>,
}

impl Visit for Named {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == CALLER {
            self.caller = Some(value.into());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

fn add_caller<'s, S: LookupSpan<'s>>(line: &mut Line, span: &SpanRef<'s, S>) {
    for span in span.scope() {
        if let Some(CalledBy(caller)) = span.extensions().get() {
            return line.put(CALLER, &**caller);
        }
    }
}

/// Room for the line of a decision.
const USUAL_LINE_BYTES: usize = 768;

/// The members of one JSON object, each name once.
struct Line(Vec<u8>);

impl Line {
    fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        // Into memory, and of text, numbers and truth values: neither can fail.
        let _ = serde_json::to_writer(&mut self.0, name);
        self.0.push(b':');
        let _ = serde_json::to_writer(&mut self.0, value);
    }

    fn ended(mut self) -> Vec<u8> {
        self.0.extend_from_slice(b"}\n");
        self.0
    }
}

/// Text as it is displayed, without a copy of it.
struct Shown<T>(T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Visit for Line {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), &Shown(format_args!("{value:?}")));
    }
}

#[cfg(test)]
pub mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
    use serde_json::Value;
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

    /// What is logged.
    fn logged(log: impl FnOnce()) -> Vec<Value> {
        logged_text(log).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The same as it is written, with spans of a tracer that samples nothing.
    pub fn logged_text(log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff).build();
        let subscriber = tracing_subscriber::registry()
            .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("test")))
            .with(JsonLines::new(lines.clone()));
        tracing::subscriber::with_default(subscriber, log);
        let text = lines.0.lock().unwrap().clone();
        String::from_utf8(text).unwrap()
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
        assert!(line["time"].as_str().is_some_and(|time| time.ends_with('Z')));
        assert_eq!(line.get("trace_id"), None);
    }

    #[test]
    fn inside_a_call_a_line_carries_the_callers_trace() {
        let trace_id = "0af7651916cd43dd8448eb211c80319c";
        let mut metadata = MetadataMap::new();
        metadata.insert("traceparent", format!("00-{trace_id}-b7ad6b7169203331-01").parse().unwrap());
        let lines = logged(|| rpc::span(rpc::DECIDE, &metadata, None).in_scope(|| tracing::info!("decided")));
        assert_eq!(lines[0]["trace_id"], trace_id);
        assert_ne!(lines[0]["span_id"], "b7ad6b7169203331");
    }

    #[test]
    fn a_call_without_a_caller_has_a_trace_of_its_own() {
        let lines = logged(|| {
            rpc::span(rpc::DECIDE, &MetadataMap::new(), None).in_scope(|| tracing::info!("decided"))
        });
        assert_eq!(lines[0]["trace_id"].as_str().map(str::len), Some(32));
    }
    #[test]
    fn inside_a_call_a_line_says_who_made_it_and_once() {
        let lines = logged(|| {
            let call = rpc::span(rpc::DECIDE, &MetadataMap::new(), Some("spiffe://example.org/edge"));
            call.in_scope(|| tracing::info_span!("reserve").in_scope(|| tracing::info!("decided")));
            call.in_scope(|| tracing::info!(caller = "another", "said by the event"));
        });
        assert_eq!(lines[0]["caller"], "spiffe://example.org/edge");
        assert_eq!(lines[1]["caller"], "another");
        let outside = logged(|| tracing::info!("the store is back"));
        assert_eq!(outside[0].get("caller"), None);
    }
}
