//! A YAML value that knows where it stands.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::place::Place;

/// A value and its place in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it starts.
    pub at: Place,
    /// What it is.
    pub value: Value,
}

/// What YAML can say.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing, `null` or `~`.
    Null,
    /// `true` or `false`, unquoted.
    Bool(bool),
    /// A whole number, unquoted.
    Whole(u64),
    /// Any other number, unquoted, to tell it from another. What was written is in the file.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file, duplicate keys included.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// Says of which of the reader's files it is, with this text. What is a number to others that read YAML is one here: the
    /// parser takes digits that are too many for it, as those of an address, for text.
    pub(super) fn settle(&mut self, file: usize, text: &str) {
        self.at.file = file;
        let written = self.at.bytes().and_then(|range| text.get(range)).map(str::trim);
        match &mut self.value {
            Value::List(entries) => entries.iter_mut().for_each(|each| each.settle(file, text)),
            Value::Map(entries) => {
                let nodes = entries.iter_mut().flat_map(|(key, value)| [key, value]);
                nodes.for_each(|each| each.settle(file, text));
            }
            Value::Text(said) if is_based_number(said) && written == Some(said.as_str()) => {
                self.value = Value::Number(std::mem::take(said));
            }
            Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Number(_) | Value::Text(_) => {}
        }
    }
}

/// Whether YAML's core schema reads it as a number of base 16 or 8, however long.
fn is_based_number(text: &str) -> bool {
    let of = |base: &str, is_digit: fn(&u8) -> bool| {
        text.strip_prefix(base)
            .is_some_and(|digits| !digits.is_empty() && digits.as_bytes().iter().all(is_digit))
    };
    of("0x", u8::is_ascii_hexdigit) || of("0o", |digit| matches!(digit, b'0'..=b'7'))
}

impl Value {
    /// The same text for values that say the same, in whatever order a mapping says it.
    pub fn in_one_way(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool(flag) => flag.to_string(),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => number.clone(),
            Self::Text(text) => format!("{text:?}"),
            Self::List(entries) => {
                let entries: Vec<String> = entries.iter().map(|entry| entry.value.in_one_way()).collect();
                format!("[{}]", entries.join(","))
            }
            Self::Map(entries) => {
                let said = |(key, entry): &(Node, Node)| (key.value.in_one_way(), entry.value.in_one_way());
                let mut fields: Vec<(String, String)> = entries.iter().map(said).collect();
                fields.sort();
                let fields: Vec<String> =
                    fields.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
                format!("{{{}}}", fields.join(","))
            }
        }
    }

    /// What a person would call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Whole(_) => "a whole number",
            Self::Number(_) => "a negative, fractional or huge number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { at: Place::of(0, spanned.referenced), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Whole(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(u64::try_from(value).map_or_else(|_| Value::Number(value.to_string()), Value::Whole))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element()? {
            list.push(entry);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Value::Map(map))
    }
}
