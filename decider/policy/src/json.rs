//! JSON that came as text, read strictly: a name given twice in one object makes the whole unreadable, because
//! another reader may go by the other value.

mod canonical;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

pub use canonical::{canonical, canonical_without_nulls};

/// A value, as far as anything here looks into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`: the same as missing.
    Null,
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(BTreeMap<String, Json>),
    /// A number, `true` or `false`: nothing here asks for one.
    Other,
}

impl Json {
    /// The object that a text holds; `None` for anything else.
    pub fn object(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|value| matches!(value, Self::Object(_)))
    }

    /// A member of an object; `None` where it is missing or null.
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.get(name).filter(|value| **value != Self::Null)
    }

    /// A member that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.member(name)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A member that is a list.
    pub fn list(&self, name: &str) -> Option<&[Self]> {
        match self.member(name)? {
            Self::List(entries) => Some(entries),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element()? {
            list.push(entry);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Json, A::Error> {
        members(entries).map(Json::Object)
    }
}

/// The members of an object in which no name is given twice.
fn members<'de, V: Deserialize<'de>, A: MapAccess<'de>>(
    mut entries: A,
) -> Result<BTreeMap<String, V>, A::Error> {
    let mut members = BTreeMap::new();
    while let Some((name, value)) = entries.next_entry()? {
        if members.insert(name, value).is_some() {
            return Err(A::Error::custom("a name is given twice"));
        }
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_with_its_members() {
        let json = Json::object(r#"{"a":"x","b":null,"c":["y",1,1.5,-2,true],"d":{"e":"z"}}"#).unwrap();
        assert_eq!(json.text("a"), Some("x"));
        assert_eq!((json.member("b"), json.text("c"), json.text("missing")), (None, None, None));
        assert_eq!(json.list("c").map(<[Json]>::len), Some(5));
        assert_eq!(json.member("d").and_then(|inner| inner.text("e")), Some("z"));
        assert_eq!((json.list("a"), Json::Other.member("a")), (None, None));
    }

    #[test]
    fn nothing_else_is() {
        for text in [
            "",
            "null",
            "[]",
            "\"{}\"",
            "1",
            "{",
            "{} {}",
            "{'a':1}",
            r#"{"a":1,"a":1}"#,
            r#"{"x":{"a":1,"\u0061":1}}"#,
            r#"{"x":[{"a":1,"a":2}]}"#,
            "{\"a\":\"\u{0}\"}",
        ] {
            assert_eq!(Json::object(text), None, "{text}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Json::object(&deep), None);
    }
}
