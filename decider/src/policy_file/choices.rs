//! Alternatives: a list, or `{not: [...]}` for none of them.

use std::collections::BTreeSet;

use policy::choice::Choice;

use crate::yaml::names::nearest;
use crate::yaml::{Fields, Node, Reader, Value};

/// The entries under a field that may be left out.
pub fn read_entries<'n>(
    reader: &mut Reader<'_>,
    fields: &Fields<'n>,
    name: &str,
) -> Option<Choice<&'n [Node]>> {
    let node = fields.optional(reader, name)?;
    let Value::Map(said) = &node.value else {
        return reader.alternatives(node, name).map(Choice::OneOf);
    };
    if !said.is_empty() && !said.iter().any(|(key, _)| is_not(key)) {
        reader
            .mistake(node.at, format!("{name} must be a list: put it in brackets, or write {{not: [...]}}"));
        return None;
    }
    let ruled_out = Fields::of(reader, node, name, &["not"])?.required(reader, "not")?;
    reader.some(ruled_out, "not", "so that it rules nothing out: leave it out").map(Choice::NoneOf)
}

/// Whether a name is `not`, or meant so.
fn is_not(key: &Node) -> bool {
    matches!(&key.value, Value::Text(name) if nearest(name, ["not"]).is_some())
}

/// Notes every entry that says what one before it says: whoever wrote it meant another.
pub fn check_each_once(reader: &mut Reader<'_>, name: &str, entries: &[Node]) {
    let mut said = BTreeSet::new();
    for entry in entries {
        if !said.insert(entry.value.in_one_way()) {
            reader.mistake(entry.at, format!("this is in {name} already"));
        }
    }
}

/// What each entry stands for, in their order, each named once.
pub fn read_each<T>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    mut read: impl FnMut(&mut Reader<'_>, &Node) -> Option<T>,
) -> Option<Choice<Vec<T>>> {
    let choice = read_entries(reader, fields, name)?;
    Some(choice.map(|entries| {
        check_each_once(reader, name, entries);
        entries.iter().filter_map(|entry| read(reader, entry)).collect()
    }))
}

/// One of two values, each named once: one that is ruled out leaves the other.
pub fn read_one_of_two<T: Ord>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    both: [T; 2],
    read: impl Fn(&mut Reader<'_>, &Node) -> Option<T>,
) -> Option<BTreeSet<T>> {
    let choice = read_set(reader, fields, name, read)?;
    let left: BTreeSet<T> = both.into_iter().filter(|value| choice.includes(value)).collect();
    if left.is_empty() && choice.one_of().is_none() {
        reader.mistake(fields.at, format!("{name} can never match: both are ruled out"));
    }
    Some(left)
}

/// A set of values, each named once.
pub fn read_set<T: Ord>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    read: impl Fn(&mut Reader<'_>, &Node) -> Option<T>,
) -> Option<Choice<BTreeSet<T>>> {
    let choice = read_entries(reader, fields, name)?;
    Some(choice.map(|entries| {
        let mut set = BTreeSet::new();
        for entry in entries {
            if let Some(value) = read(reader, entry)
                && !set.insert(value)
            {
                reader.mistake(entry.at, format!("this is in {name} already"));
            }
        }
        set
    }))
}
