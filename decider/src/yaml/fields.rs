//! A mapping with known fields.

use std::collections::BTreeMap;

use super::node::{Node, Value};
use super::place::Place;
use super::reader::Reader;

/// The fields of one mapping.
#[derive(Debug)]
pub struct Fields<'n> {
    /// Where the mapping starts.
    pub at: Place,
    fields: BTreeMap<&'n str, &'n Node>,
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
        let mut fields = BTreeMap::new();
        for (name, at, value) in entries {
            if known.contains(&name) || refused.contains(&name) {
                fields.insert(name, value);
            } else {
                reader.mistake(at, unknown("field", name, known.iter().copied()));
            }
        }
        Some(Self { at: node.at, fields })
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
        if !self.fields.contains_key(name) {
            reader.mistake(self.at, format!("{name} is missing"));
        }
        self.optional(reader, name)
    }

    /// Whether the field was given at all, well or badly.
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }
}

/// The least likeness, from 0 to 1, at which a name is offered instead.
const LIKE_ENOUGH: f64 = 0.6;

/// From here on a name is a slip of the pen.
const VERY_LIKE: f64 = 0.8;

/// "unknown {what} {name}", with what was probably meant.
pub fn unknown<'k>(what: &str, name: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    let shown = shown(name);
    if let Some(near) = nearest(name, known.clone()) {
        return format!("unknown {what} {shown}: did you mean {near}?");
    }
    let known: Vec<&str> = known.into_iter().collect();
    match known.len() {
        0 => format!("unknown {what} {shown}: there are none"),
        1..=MAX_OFFERED => format!("unknown {what} {shown}: expected {}", one_of(&known)),
        _ => format!("unknown {what} {shown}"),
    }
}

/// How many known names are listed where none is like what was written.
const MAX_OFFERED: usize = 32;
/// How many characters of a name are repeated.
const MAX_SHOWN_CHARS: usize = 64;
/// The longest name, in bytes, and the most known names among which a near one is looked for: likeness takes time
/// in the product of the lengths.
const MAX_COMPARED_BYTES: usize = 256;
const MAX_COMPARED_NAMES: usize = 256;

/// A name as messages repeat it.
pub fn shown(name: &str) -> String {
    name.chars().take(MAX_SHOWN_CHARS).flat_map(char::escape_debug).collect()
}

fn one_of(known: &[&str]) -> String {
    match known {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

/// The known name that is most like it, if one is like it at all; before one that is only somewhat like it, the one that it
/// goes on from: who writes `VAULT_ACCOUNT` means `VAULT`, not `FIAT_ACCOUNT`.
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let names: Vec<&str> = known.into_iter().take(MAX_COMPARED_NAMES.saturating_add(1)).collect();
    if name.len() > MAX_COMPARED_BYTES || names.len() > MAX_COMPARED_NAMES {
        return None;
    }
    let name = name.to_lowercase();
    let likeness = names
        .iter()
        .copied()
        .filter(|known| known.len() <= MAX_COMPARED_BYTES)
        .map(|known| (strsim::normalized_damerau_levenshtein(&name, &known.to_lowercase()), known));
    let begins =
        |known: &&str| name.strip_prefix(&known.to_lowercase()).is_some_and(|rest| rest.starts_with('_'));
    let begun = names.iter().copied().filter(begins).max_by_key(|known| known.len());
    let (best, near) = likeness.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    match begun {
        Some(begun) if best < VERY_LIKE => Some(begun),
        _ => (best >= LIKE_ENOUGH).then_some(near),
    }
}
