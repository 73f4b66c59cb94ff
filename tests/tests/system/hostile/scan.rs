//! What the services have logged and traced of the attack: no key, token, payload or control character.

use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use system_tests::harness::System;
use system_tests::harness::collector::Collector;

use crate::secrets::{holds_none, is_json_lines, secrets};

/// Scans the logs of both services, or of the edge alone.
pub fn logs(system: &System, both: bool) {
    let secrets = secrets(system.local());
    for service in ["edge", "decider"].iter().take(if both { 2 } else { 1 }) {
        let log = std::fs::read(system.local().log(service)).unwrap();
        let log = String::from_utf8(log).unwrap_or_else(|_| panic!("the {service}'s log is not UTF-8"));
        holds_none(service, &log, &secrets);
        is_json_lines(service, &log);
    }
}

/// Scans every text of every span.
pub fn traces(collector: &Collector, system: &System) {
    let secrets = secrets(system.local());
    let spans = collector.spans();
    assert!(!spans.is_empty(), "no span has come");
    let texts = spans.iter().flat_map(|collected| texts(&collected.span)).collect::<Vec<_>>().join("\n");
    holds_none("the traces", &texts, &secrets);
    let control = texts.lines().find(|line| line.chars().any(char::is_control));
    assert!(control.is_none(), "the traces: a control character in {control:?}");
}

fn texts(span: &Span) -> Vec<String> {
    let events = span.events.iter().flat_map(|event| &event.attributes);
    let attributes = span.attributes.iter().chain(events).filter_map(text);
    let said = span.status.iter().map(|status| status.message.clone());
    let names = span.events.iter().map(|event| event.name.clone());
    attributes.chain(said).chain(names).chain([span.name.clone()]).collect()
}

fn text(attribute: &KeyValue) -> Option<String> {
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}
