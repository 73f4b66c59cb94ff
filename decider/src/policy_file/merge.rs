//! The files of a policy as one document: sections of the same name are one section.

use std::collections::{BTreeMap, BTreeSet};

use super::FIELDS;
use crate::yaml::{Fields, Node, Place, Reader, Value};

/// The format this program reads.
const VERSION: u64 = 1;

/// The most entries of a section, over all files: what is checked of each against each stays bounded.
const MAX_SECTION_ENTRIES: usize = 2_000;
/// The most rules of one effect, over all files. They may be more: none of them is checked against the others, and a
/// request finds those that can match without asking the others.
const MAX_RULES: usize = 10_000;
const RULES: [&str; 2] = ["deny", "allow"];
/// Its entries are the terms of one table: those of two are not told apart.
const PRICES: &str = "prices";

/// One mapping of all sections, and those that unknown ones are probably meant for.
pub struct Merged {
    pub node: Node,
    pub meant: BTreeSet<String>,
}

/// One mapping of all sections. What is missing is said at `whole`, or at the only file.
pub fn merged(reader: &mut Reader<'_>, whole: Option<Place>, nodes: Vec<Node>) -> Option<Merged> {
    let at = whole.or_else(|| Some(nodes.first()?.at))?;
    let mut meant = BTreeSet::new();
    let readable = nodes.into_iter().filter_map(|node| {
        meant.extend(check_file(reader, &node, whole)?);
        Some(node.value)
    });
    let readable: Vec<Value> = readable.collect();
    if readable.is_empty() {
        return None;
    }
    let mut sections = BTreeMap::new();
    for value in readable {
        let Value::Map(entries) = value else { continue };
        for (key, section) in entries {
            let known = FIELDS.into_iter().find(|name| key.value == Value::Text((*name).to_owned()));
            if let Some(name) = known {
                join(reader, &mut sections, name, key, section);
            }
        }
    }
    let sizes: Vec<_> =
        sections.iter().map(|(name, (key, section))| check_size(reader, name, key, section)).collect();
    sizes.into_iter().collect::<Option<()>>()?;
    let node = Node { at, value: Value::Map(sections.into_values().collect()) };
    Some(Merged { node, meant })
}

/// Each file says its version, so that no file is read as what it is not. Answers which sections unknown ones of it are
/// probably meant for.
fn check_file(reader: &mut Reader<'_>, node: &Node, whole: Option<Place>) -> Option<BTreeSet<String>> {
    if node.value == Value::Null {
        let message = match whole {
            None => "the policy is empty: it needs at least version, assets and allow",
            Some(_) => "the file is empty: it needs at least version; or take it out of the directory",
        };
        reader.mistake(node.at, message);
        return None;
    }
    let fields = Fields::of(reader, node, "a policy", &FIELDS)?;
    if let Some(node) = fields.required(reader, "version")
        && reader.whole(node, "version").is_some_and(|version| version != VERSION)
    {
        reader.mistake(node.at, format!("unknown version: this program reads version {VERSION}"));
    }
    Some(fields.into_meant())
}

/// Adds a section to the one of its name. What is not made of entries can stand in one file only.
fn join(
    reader: &mut Reader<'_>,
    sections: &mut BTreeMap<&'static str, (Node, Node)>,
    name: &'static str,
    key: Node,
    section: Node,
) {
    let Some((first, known)) = sections.get_mut(name) else {
        sections.insert(name, (key, section));
        return;
    };
    match (&mut known.value, section.value) {
        (Value::Map(_), Value::Map(_)) if name == PRICES => told_twice(reader, name, &key, first.at),
        (Value::Map(entries), Value::Map(more)) => entries.extend(more),
        (Value::List(entries), Value::List(more)) => entries.extend(more),
        _ if name == "version" => {}
        // Of one file it was told that the section is there twice.
        (_, Value::Null) if key.at.file == first.at.file => {}
        (_, Value::Null) => {
            reader.mistake(section.at, format!("{name} has no value: give it one, or leave the field out"))
        }
        _ => told_twice(reader, name, &key, first.at),
    }
}

fn told_twice(reader: &mut Reader<'_>, name: &str, key: &Node, first: Place) {
    let message = format!("{name} is there twice: {}", reader.first(first, key.at));
    reader.mistake(key.at, message);
}

fn check_size(reader: &mut Reader<'_>, name: &str, key: &Node, section: &Node) -> Option<()> {
    let entries = match &section.value {
        Value::Map(entries) => entries.len(),
        Value::List(entries) => entries.len(),
        _ => return Some(()),
    };
    let most = if RULES.contains(&name) { MAX_RULES } else { MAX_SECTION_ENTRIES };
    if entries > most {
        reader.mistake(key.at, format!("{name} has {entries} entries: at most {most} are read"));
        return None;
    }
    Some(())
}
