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
    about_by(path, &["then", "else"])
}

/// The same but for what depends on another field.
fn always_about(path: &[Step]) -> Vec<&'static Value> {
    about_by(path, &[])
}

fn about_by(path: &[Step], conditional: &[&str]) -> Vec<&'static Value> {
    path.iter().fold(whole(&PARSED, conditional), |parts, step| {
        let inside = parts.into_iter().flat_map(|part| inside(part, step));
        inside.flat_map(|part| whole(part, conditional)).collect()
    })
}

/// Fields that no value may have.
fn ruled_out(part: &'static Value) -> impl Iterator<Item = &'static str> {
    let fields = part.get("properties").and_then(Value::as_object).into_iter().flatten();
    fields.filter(|(_, field)| **field == Value::Bool(false)).map(|(name, _)| name.as_str())
}

/// A part with all that applies to the same value, that under these words included.
fn whole(part: &'static Value, conditional: &[&str]) -> Vec<&'static Value> {
    let mut parts = vec![part];
    if let Some(name) = part.get("$ref").and_then(Value::as_str) {
        parts.extend(whole(PARSED.pointer(name.trim_start_matches('#')).unwrap(), conditional));
    }
    for word in ["allOf", "anyOf"] {
        let each = part.get(word).and_then(Value::as_array).into_iter().flatten();
        parts.extend(each.flat_map(|part| whole(part, conditional)));
    }
    for word in conditional {
        parts.extend(part.get(word).into_iter().flat_map(|part| whole(part, conditional)));
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
    let never: BTreeSet<&str> = always_about(path).into_iter().flat_map(ruled_out).collect();
    let closed = |part: &&Value| part.get("additionalProperties") == Some(&Value::Bool(false));
    let mut closed = parts.into_iter().filter(closed).peekable();
    closed.peek()?;
    let named = closed.flat_map(|part| part["properties"].as_object().unwrap().keys()).map(String::as_str);
    Some(named.filter(|name| !never.contains(name)).collect())
}

/// The words that the schema names at this place.
pub fn words(path: &[Step]) -> BTreeSet<&'static str> {
    let lists = about(path).into_iter().filter_map(|part| part.get("enum")?.as_array());
    lists.flatten().filter_map(Value::as_str).collect()
}

/// Whether the schema asks more of a text at this place than that it is one.
pub fn has_pattern(path: &[Step]) -> bool {
    about(path).into_iter().any(|part| part.get("pattern").is_some())
}

/// A place without the numbers of entries and the names that people give.
pub fn nameless(path: &[Step]) -> String {
    let steps = path.iter().enumerate().map(|(depth, step)| match step {
        Step::Key(key) if fields(path.get(..depth).unwrap_or_default()).is_some() => key.as_str(),
        _ => "*",
    });
    steps.collect::<Vec<_>>().join("/")
}
