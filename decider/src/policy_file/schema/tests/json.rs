//! YAML as a schema sees it.

use serde_json::{Map, Value as Json, json};

use crate::yaml::{Node, Value};

/// A number that is no amount, no count and no version. What was written is not kept.
const SOME_NUMBER: f64 = -1.5;

/// The same value in JSON. Of a key that is there twice, the last.
pub fn of(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Whole(number) => json!(number),
        Value::Number(_) => json!(SOME_NUMBER),
        Value::Text(text) => json!(text),
        Value::List(entries) => entries.iter().map(of).collect(),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| (key_of(key), of(value)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
    }
}

/// Keys are text to a schema, whatever they are in YAML.
fn key_of(node: &Node) -> String {
    match of(node) {
        Json::String(text) => text,
        other => other.to_string(),
    }
}
