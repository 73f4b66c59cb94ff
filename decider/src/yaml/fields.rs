//! A mapping with known fields.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{nearest, unknown_or};
use super::node::{Node, Value};
use super::place::Place;
use super::reader::Reader;

/// The fields of one mapping.
#[derive(Debug)]
pub struct Fields<'n> {
    /// Where the mapping starts.
    pub at: Place,
    fields: BTreeMap<&'n str, &'n Node>,
    /// The known fields that unknown ones are probably meant for: they are not missing, too.
    meant: BTreeSet<String>,
}

impl<'n> Fields<'n> {
    /// The fields of a node that must be a mapping of `known` names. `what` names it in mistakes.
    pub fn of(reader: &mut Reader<'_>, node: &'n Node, what: &str, known: &[&str]) -> Option<Self> {
        Self::of_known_and_refused(reader, node, what, known, &[])
    }

    /// The same with fields that are known elsewhere: they are never offered, and whoever asks refuses them in words
    /// that say more than "unknown".
    pub fn of_known_and_refused(
        reader: &mut Reader<'_>,
        node: &'n Node,
        what: &str,
        known: &[&str],
        refused: &[&str],
    ) -> Option<Self> {
        let entries = reader.entries(node, what)?;
        let (mut fields, mut meant) = (BTreeMap::new(), BTreeSet::new());
        for (name, at, value) in entries {
            if known.contains(&name) || refused.contains(&name) {
                fields.insert(name, value);
            } else {
                let near = nearest(name, known.iter().copied());
                reader.mistake(at, unknown_or("field", name, near, known.iter().copied()));
                meant.extend(near.map(str::to_owned));
            }
        }
        Some(Self { at: node.at, fields, meant })
    }

    /// The same with more fields that were meant, where the mapping was put together from several.
    pub fn with_meant(mut self, meant: BTreeSet<String>) -> Self {
        self.meant.extend(meant);
        self
    }

    /// The known fields that unknown ones are probably meant for.
    pub fn into_meant(self) -> BTreeSet<String> {
        self.meant
    }

    /// What a field says, whatever that is; `None`: it is not there under its name.
    pub fn value(&self, name: &str) -> Option<&'n Value> {
        self.fields.get(name).map(|node| &node.value)
    }

    /// A field that may be left out; nothing after the colon is a mistake.
    pub fn optional(&self, reader: &mut Reader<'_>, name: &str) -> Option<&'n Node> {
        let node = self.fields.get(name).copied()?;
        if node.value == Value::Null {
            reader.mistake(node.at, format!("{name} has no value: give it one, or leave the field out"));
            return None;
        }
        Some(node)
    }

    /// A field that must be there.
    pub fn required(&self, reader: &mut Reader<'_>, name: &str) -> Option<&'n Node> {
        if !self.has(name) {
            reader.mistake(self.at, format!("{name} is missing"));
        }
        self.optional(reader, name)
    }

    /// Whether the field was given at all, well or badly, or under a name that is probably meant for it.
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name) || self.meant.contains(name)
    }
}
