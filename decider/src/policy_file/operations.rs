//! `operations`: names beyond those known today, so that a typing error is not taken for a new one.

use std::collections::BTreeSet;

use policy::vocabulary::OPERATIONS;

use crate::yaml::{Fields, Reader};

pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = OPERATIONS.iter().map(|name| (*name).to_owned()).collect();
    let Some(node) = fields.optional(reader, "operations") else { return known };
    for entry in reader.list(node, "operations").unwrap_or_default() {
        let Some(name) = reader.word(entry, "an operation") else { continue };
        if !known.insert(name.to_owned()) {
            reader.mistake(entry.at, format!("operation {name} is known already: leave it out"));
        }
    }
    known
}
