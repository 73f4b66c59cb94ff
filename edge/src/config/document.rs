//! A YAML document as a tree that knows the place of each value.
//!
//! Deserialising into structs would stop at the first mistake; a file is mended faster when all are reported.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{DuplicateKeyPolicy, Spanned};

/// A value and its place in the file.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) kind: Kind,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Kind {
    Map(Vec<(Spanned<String>, Node)>),
    List(Vec<Node>),
    Text(String),
    Integer(u64),
    Null,
    /// A boolean, a float, a negative number: no field wants one.
    Other,
}

/// A document that was read.
pub(super) struct Document {
    pub(super) root: Node,
    /// Of a document with a name that is given twice: what the reader says of the first such name. All of them are in
    /// the tree.
    pub(super) twice: Option<serde_saphyr::Error>,
}

/// Reads one document.
///
/// # Errors
/// It is no YAML, or not one document. A name given twice is none, as that would hide all other mistakes.
pub(super) fn parse(yaml: &str) -> Result<Document, serde_saphyr::Error> {
    let twice = match serde_saphyr::from_str(yaml) {
        Ok(root) => return Ok(Document { root, twice: None }),
        Err(error) if matches!(error.without_snippet(), serde_saphyr::Error::DuplicateMappingKey { .. }) => {
            error
        }
        Err(error) => return Err(error),
    };
    // Hands on every value of the name. The reader's own choice of the first one would keep quiet about the others.
    let all = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::LastWins };
    let root = serde_saphyr::from_str_with_options(yaml, all)?;
    Ok(Document { root, twice: Some(twice) })
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Self { line: spanned.referenced.line(), column: spanned.referenced.column(), kind: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Kind::Map(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Kind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Kind::List(items))
    }

    fn visit_str<E>(self, text: &str) -> Result<Kind, E> {
        Ok(Kind::Text(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Kind, E> {
        Ok(Kind::Integer(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Kind, E> {
        Ok(u64::try_from(number).map_or(Kind::Other, Kind::Integer))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Kind, E> {
        Ok(Kind::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Kind, E> {
        Ok(Kind::Other)
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }
}
