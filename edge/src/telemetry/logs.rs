//! Log lines as JSON: one object a line, flat, with the id of the trace the line belongs to.

use std::fmt;

use callback::is_unseen;
use serde::Serialize;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime as _, SystemTime},
    },
    registry::LookupSpan,
};

use crate::telemetry::trace;

/// Most bytes of text from outside that a log line repeats.
const MAX_SHOWN_BYTES: usize = 128;

/// Text from outside as logs may show it: [unseen](is_unseen) characters escaped, cut to 128 bytes.
#[must_use]
pub fn shown(text: &str) -> String {
    shown_up_to(MAX_SHOWN_BYTES, text)
}

/// The same, cut to so many bytes.
#[must_use]
pub fn shown_up_to(bytes: usize, text: &str) -> String {
    let start = text.get(..text.floor_char_boundary(bytes)).unwrap_or_default();
    let escape = |c: char| if is_unseen(c) { c.escape_unicode().to_string() } else { c.to_string() };
    if start.contains(is_unseen) { start.chars().map(escape).collect() } else { start.to_owned() }
}

/// The format of log lines where standard error is not a terminal.
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut line = Line(String::with_capacity(512));
        line.put("time", &time);
        line.put("level", event.metadata().level().as_str());
        line.put("target", event.metadata().target());
        event.record(&mut line);
        if let Some(id) = trace::current_id() {
            line.put("trace_id", &id.to_string());
        }
        writeln!(out, "{{{}}}", line.0)
    }
}

/// The members of one JSON object.
struct Line(String);

impl Line {
    fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        let Ok(value) = serde_json::to_string(value) else { return };
        if !self.0.is_empty() {
            self.0.push(',');
        }
        // Names of fields are identifiers of this program, they need no escapes.
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
        self.0.push_str(&value);
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), &value);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("unpoisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_line_is_one_object_with_its_trace_id() {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer =
            tracing_subscriber::fmt::layer().event_format(JsonLines).with_writer(move || writer.clone());
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let mut headers = http::HeaderMap::new();
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        headers.insert("traceparent", parent.parse().expect("a header"));
        let context = trace::context_of(&tracing::Span::none(), &trace::incoming(&headers));
        trace::within(context, async {
            tracing::info!(request_id = "a\"b\n", amount = 7_u64, reason = %"r", "decided");
        })
        .await;
        let text = String::from_utf8(lines.0.lock().expect("unpoisoned").clone()).expect("UTF-8");
        let line: serde_json::Value = serde_json::from_str(&text).expect("one JSON object");
        assert_eq!(text.matches('\n').count(), 1);
        assert_eq!(line["trace_id"], "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(line["request_id"], "a\"b\n");
        assert_eq!((&line["amount"], &line["reason"]), (&7.into(), &"r".into()));
        assert_eq!((&line["level"], &line["message"]), (&"INFO".into(), &"decided".into()));
        assert!(line["time"].as_str().is_some_and(|time| time.ends_with('Z')));
    }

    #[test]
    fn text_from_outside_is_escaped_and_cut() {
        assert_eq!(shown("48f6-1"), "48f6-1");
        assert_eq!(shown("a\nb\u{1b}[2J"), "a\\u{a}b\\u{1b}[2J");
        assert_eq!(shown("a\u{202e}b\u{2028}\u{200b}"), "a\\u{202e}b\\u{2028}\\u{200b}");
        assert_eq!(shown(r#""ö" \ '給'"#), r#""ö" \ '給'"#);
        assert_eq!(shown(&"é".repeat(200)).len(), MAX_SHOWN_BYTES);
    }
}
