//! `class` of assets: the names that rules and limits ask for by `classes`.

use std::collections::BTreeMap;

use crate::yaml::{Fields, Node, Place, Reader, Value};

/// Each with the place where an asset has it first. That of an asset with a mistake is one of them: it is not unknown to
/// whoever asks for it.
pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, Place> {
    let assets = fields.optional(reader, "assets");
    let mut spelt: BTreeMap<String, &str> = BTreeMap::new();
    let mut classes: BTreeMap<String, Place> = BTreeMap::new();
    for (name, at) in assets.into_iter().flat_map(entries).filter_map(class_of) {
        let first = *spelt.entry(name.to_lowercase()).or_insert(name);
        if first != name && !classes.contains_key(name) {
            let seen = classes.get(first).map(|first| reader.first(*first, at)).unwrap_or_default();
            let message = format!(
                "class {name} differs from {first} in the case of its letters alone: {seen}; write both alike"
            );
            reader.mistake(at, message);
        }
        classes.entry(name.to_owned()).or_insert(at);
    }
    classes
}

fn class_of((_, asset): &(Node, Node)) -> Option<(&str, Place)> {
    let (_, class) = entries(asset).iter().find(|(key, _)| key.value == Value::Text("class".into()))?;
    match &class.value {
        Value::Text(name) if !name.is_empty() => Some((name, class.at)),
        _ => None,
    }
}

fn entries(node: &Node) -> &[(Node, Node)] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    }
}
