//! The smallest parts of a test: names, times, texts, words.

use policy::time::{MICROS_PER_SECOND, Time};
use serde::de::DeserializeOwned;
use serde::de::value::{Error, StrDeserializer};

use crate::instant;
use crate::yaml::names::unknown;
use crate::yaml::{Fields, Node, Reader, Value, duration};

/// The longest name of a test, in bytes: it stands in one line.
const MAX_NAME_BYTES: usize = 200;

/// What people call a test.
pub fn name(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let name = reader.text(node, "name")?;
    if name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        reader.mistake(node.at, format!("name must be one line of at most {MAX_NAME_BYTES} bytes"));
        return None;
    }
    Some(name.to_owned())
}

/// A point in time, with its offset.
pub fn time(reader: &mut Reader<'_>, node: &Node) -> Option<Time> {
    let time = instant::parse(reader.text(node, "at")?).ok();
    if time.is_none() {
        reader.mistake(node.at, "at must be a time with its offset, such as \"2026-03-01T12:00:00Z\"");
    }
    time.map(|time| Time::from_micros(time.as_microsecond()))
}

/// A length of time such as `2h`, in microseconds.
pub fn micros(reader: &mut Reader<'_>, node: &Node, name: &str) -> Option<i64> {
    let text = reader.duration_text(node, name)?;
    let seconds =
        reader.check(node.at, duration::seconds(text).map_err(|error| format!("{name}: {error}")))?;
    let micros = i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(MICROS_PER_SECOND));
    Some(micros.unwrap_or(i64::MAX))
}

/// A text as a request would have it. What is wrong with it is content: a test may be about that.
pub fn text(reader: &mut Reader<'_>, fields: &Fields<'_>, name: &str) -> Option<String> {
    let node = fields.optional(reader, name)?;
    reader.text(node, name).map(str::to_owned)
}

/// The same where `""` means something: known to have none.
pub fn text_or_empty(reader: &mut Reader<'_>, fields: &Fields<'_>, name: &str) -> Option<String> {
    let node = fields.optional(reader, name)?;
    if node.value == Value::Text(String::new()) {
        return Some(String::new());
    }
    reader.text(node, name).map(str::to_owned)
}

/// One of the words of an outcome, as answers have it.
pub fn word<T: DeserializeOwned>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    known: &[&str],
) -> Option<T> {
    let node = fields.optional(reader, name)?;
    let text = reader.text(node, name)?;
    let word =
        known.contains(&text).then(|| T::deserialize(StrDeserializer::<Error>::new(text)).ok()).flatten();
    if word.is_none() {
        reader.mistake(node.at, unknown(name, text, known.iter().copied()));
    }
    word
}

/// One of the words that callbacks use: a typing error would make another request of it, and test nothing.
pub fn known(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    what: &str,
    known: &[&str],
) -> Option<String> {
    let node = fields.optional(reader, name)?;
    let text = reader.text(node, name)?;
    if !known.contains(&text) {
        reader.mistake(node.at, unknown(what, text, known.iter().copied()));
        return None;
    }
    Some(text.to_owned())
}
