//! Which parts of the schema are about a place of a document.

use std::collections::BTreeSet;

use serde_json::Value;

use super::PARSED;

/// A step from a value to one inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Entry(usize),
}

/// Every part of the schema that a value at this place is held against.
pub fn about(path: &[Step]) -> Vec<&'static Value> {
    path.iter().fold(whole(&PARSED), |parts, step| {
        parts.into_iter().flat_map(|part| inside(part, step)).flat_map(whole).collect()
    })
}

/// A part with all that applies to the same value.
fn whole(part: &'static Value) -> Vec<&'static Value> {
    let mut parts = vec![part];
    if let Some(name) = part.get("$ref").and_then(Value::as_str) {
        parts.extend(whole(PARSED.pointer(name.trim_start_matches('#')).unwrap()));
    }
    for word in ["allOf", "anyOf"] {
        parts.extend(part.get(word).and_then(Value::as_array).into_iter().flatten().flat_map(whole));
    }
    for word in ["then", "else"] {
        parts.extend(part.get(word).into_iter().flat_map(whole));
    }
    parts
}

fn inside(part: &'static Value, step: &Step) -> Option<&'static Value> {
    match step {
        Step::Entry(_) => part.get("items"),
        Step::Key(key) => part
            .get("properties")
            .and_then(|properties| properties.get(key))
            .or_else(|| part.get("additionalProperties")),
    }
}

/// The fields that a mapping at this place may have; `None` where its keys are names.
pub fn fields(path: &[Step]) -> Option<BTreeSet<&'static str>> {
    let parts = about(path);
    let closed = |part: &&Value| part.get("additionalProperties") == Some(&Value::Bool(false));
    let mut closed = parts.into_iter().filter(closed).peekable();
    closed.peek()?;
    Some(closed.flat_map(|part| part["properties"].as_object().unwrap().keys()).map(String::as_str).collect())
}

/// The words that the schema names at this place.
pub fn words(path: &[Step]) -> BTreeSet<&'static str> {
    let lists = about(path).into_iter().filter_map(|part| part.get("enum")?.as_array());
    lists.flatten().filter_map(Value::as_str).collect()
}

/// A place without the numbers of entries and the names that people give.
pub fn nameless(path: &[Step]) -> String {
    let steps = path.iter().enumerate().map(|(depth, step)| match step {
        Step::Key(key) if fields(path.get(..depth).unwrap_or_default()).is_some() => key.as_str(),
        _ => "*",
    });
    steps.collect::<Vec<_>>().join("/")
}
