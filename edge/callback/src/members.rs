//! The members of one JSON object, taken out by name, each as the type it must have.
//!
//! Values stay as the text that was received until they are taken, so that numbers never pass through floats
//! and what nobody takes can be kept as it came.

use std::borrow::Cow;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{bounds::MAX_REQUEST_ID_BYTES, refusal::Refusal, request_id::RequestId};

/// What is left of one object, and its place in the payload.
pub(crate) struct Members<'a> {
    place: String,
    left: Vec<(Cow<'a, str>, &'a RawValue)>,
    /// What lists of objects left unread, by their name.
    unread: Vec<(&'static str, String)>,
}

impl<'a> Members<'a> {
    /// The members of the object that `text` is. Does not look inside their values.
    pub(crate) fn parse(text: &'a str, place: impl Into<String>) -> Result<Self, Refusal> {
        let place = place.into();
        if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
            return Err(Refusal::new(place, "must be an object"));
        }
        match serde_json::from_str::<Entries<'a>>(text) {
            Ok(Entries(left)) => Ok(Self { place, left, unread: Vec::new() }),
            Err(_) => Err(Refusal::new(place, "is not well-formed JSON")),
        }
    }

    /// How often `name` occurs.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.left.iter().filter(|(key, _)| key == name).count()
    }

    /// Whether `name` is there with any value but null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.left.iter().any(|(key, value)| key == name && kind(value) != Kind::Null)
    }

    /// The text of `name`; missing and null are `None`.
    pub(crate) fn text(&mut self, name: &str, max_bytes: usize) -> Result<Option<String>, Refusal> {
        let Some(value) = self.take(name) else { return Ok(None) };
        text_of(value, max_bytes).map(Some).map_err(|what| self.refusal(name, what))
    }

    /// The number of `name` as it was written; missing and null are `None`.
    pub(crate) fn number(&mut self, name: &str, max_bytes: usize) -> Result<Option<String>, Refusal> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match kind(value) {
            Kind::Number if value.get().len() <= max_bytes => Ok(Some(value.get().to_owned())),
            Kind::Number => Err(self.refusal(name, too_long(max_bytes))),
            _ => Err(self.refusal(name, "must be a number")),
        }
    }

    /// The object of `name` as JSON text, as received; missing and null are `None`.
    pub(crate) fn object_text(&mut self, name: &str, max_bytes: usize) -> Result<Option<&'a str>, Refusal> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match kind(value) {
            Kind::Object if value.get().len() <= max_bytes => Ok(Some(value.get())),
            Kind::Object => Err(self.refusal(name, too_long(max_bytes))),
            _ => Err(self.refusal(name, "must be an object")),
        }
    }

    /// The texts of the list `name`; missing and null are no texts.
    pub(crate) fn texts(
        &mut self,
        name: &str,
        max_items: usize,
        max_bytes: usize,
    ) -> Result<Vec<String>, Refusal> {
        let items = self.list(name, max_items)?;
        let text = |(index, item)| {
            text_of(item, max_bytes).map_err(|what| self.refusal(&format!("{name}[{index}]"), what))
        };
        items.into_iter().enumerate().map(text).collect()
    }

    /// The objects of the list `name`, each read by `read`; missing and null are no objects. What `read`
    /// leaves of them is kept with the rest of this object.
    pub(crate) fn objects<T>(
        &mut self,
        name: &'static str,
        max_items: usize,
        read: impl Fn(&mut Members<'a>) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        let items = self.list(name, max_items)?;
        let (mut values, mut unread) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
        for (index, item) in items.into_iter().enumerate() {
            let mut members = Members::parse(item.get(), self.path(&format!("{name}[{index}]")))?;
            values.push(read(&mut members)?);
            unread.push(members.into_unread());
        }
        if unread.iter().any(Option::is_some) {
            let kept: Vec<String> =
                unread.into_iter().map(|one| one.unwrap_or_else(|| "{}".to_owned())).collect();
            self.unread.push((name, format!("[{}]", kept.join(","))));
        }
        Ok(values)
    }

    /// The `requestId`, which every payload must have.
    pub(crate) fn request_id(&mut self) -> Result<RequestId, Refusal> {
        const NAME: &str = "requestId";
        let text = self.text(NAME, MAX_REQUEST_ID_BYTES)?.ok_or_else(|| self.refusal(NAME, "is missing"))?;
        RequestId::try_from(text).map_err(|wrong| self.refusal(NAME, wrong.to_string()))
    }

    /// Everything that was not taken, as one JSON object; `None` where all was.
    pub(crate) fn into_unread(self) -> Option<String> {
        let left = self.left.iter().map(|(key, value)| (key.as_ref(), value.get()));
        let lists = self.unread.iter().map(|(key, json)| (*key, json.as_str()));
        let mut json = String::from("{");
        for (key, value) in left.chain(lists) {
            push_member(&mut json, key, value);
        }
        json.push('}');
        (json.len() > "{}".len()).then_some(json)
    }

    fn list(&mut self, name: &str, max_items: usize) -> Result<Vec<&'a RawValue>, Refusal> {
        let Some(value) = self.take(name) else { return Ok(Vec::new()) };
        if kind(value) != Kind::List {
            return Err(self.refusal(name, "must be a list"));
        }
        let items: Vec<&'a RawValue> =
            serde_json::from_str(value.get()).map_err(|_| self.refusal(name, "is not well-formed JSON"))?;
        match items.len() {
            len if len <= max_items => Ok(items),
            _ => Err(self.refusal(name, format!("has more than {max_items} entries"))),
        }
    }

    fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let index = self.left.iter().position(|(key, _)| key == name)?;
        let (_, value) = self.left.remove(index);
        (kind(value) != Kind::Null).then_some(value)
    }

    fn refusal(&self, name: &str, what: impl Into<String>) -> Refusal {
        Refusal::new(self.path(name), what)
    }

    fn path(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }
}

/// Appends `"key":value` to an object that is being written.
pub(crate) fn push_member(json: &mut String, key: &str, value: &str) {
    if !json.ends_with('{') {
        json.push(',');
    }
    json.push_str(&serde_json::Value::from(key).to_string());
    json.push(':');
    json.push_str(value);
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    List,
    Text,
    Bool,
    Null,
    Number,
}

/// What a value is, by its first character: a raw value is well-formed and has no blanks around it.
pub(crate) fn kind(value: &RawValue) -> Kind {
    match value.get().as_bytes().first() {
        Some(b'{') => Kind::Object,
        Some(b'[') => Kind::List,
        Some(b'"') => Kind::Text,
        Some(b't' | b'f') => Kind::Bool,
        Some(b'n') => Kind::Null,
        _ => Kind::Number,
    }
}

fn text_of(value: &RawValue, max_bytes: usize) -> Result<String, String> {
    if kind(value) != Kind::Text {
        return Err("must be text".to_owned());
    }
    // Most texts are the bytes between the quotes. The parser is for those that have escapes.
    let within = value.get().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let plain = within.filter(|text| !text.contains('\\'));
    let text = match plain {
        Some(text) => text.to_owned(),
        None => serde_json::from_str(value.get()).map_err(|_| "is not well-formed text".to_owned())?,
    };
    if text.len() > max_bytes { Err(too_long(max_bytes)) } else { Ok(text) }
}

pub(crate) fn too_long(max_bytes: usize) -> String {
    format!("is longer than {max_bytes} bytes")
}

/// All members in the order they came, duplicates included.
pub(crate) struct Entries<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

/// A member's name, borrowed where it has no escapes.
#[derive(Deserialize)]
pub(crate) struct Key<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
        let mut entries = Vec::with_capacity(32);
        while let Some((Key(key), value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
            entries.push((key, value));
        }
        Ok(Entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same text with every character written as an escape.
    fn escaped(text: &str) -> String {
        text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
    }

    proptest! {
        #[test]
        fn a_text_is_the_same_with_escapes_and_without(text in any::<String>()) {
            let as_usual = serde_json::to_string(&text).unwrap();
            for json in [as_usual, format!("\"{}\"", escaped(&text))] {
                let raw: &RawValue = serde_json::from_str(&json).unwrap();
                prop_assert_eq!(text_of(raw, usize::MAX), Ok(text.clone()));
            }
        }
    }

    #[test]
    fn quotes_within_a_text_are_not_its_end() {
        for (json, text) in
            [(r#""""#, ""), (r#""\"""#, "\""), (r#""\\""#, "\\"), (r#""a\"b""#, "a\"b"), (r#""é""#, "é")]
        {
            let raw: &RawValue = serde_json::from_str(json).unwrap();
            assert_eq!(text_of(raw, 3), Ok(text.to_owned()), "{json}");
        }
        assert_eq!(
            text_of(serde_json::from_str(r#""four""#).unwrap(), 3),
            Err("is longer than 3 bytes".to_owned())
        );
    }
}
