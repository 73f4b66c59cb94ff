//! `operations`: names beyond those known today, so that a typing error is not taken for a new one.

use std::collections::BTreeSet;

use policy::vocabulary::OPERATIONS;

use super::ids::check_letters;
use crate::yaml::names::slip;
use crate::yaml::{Fields, Reader};

pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = OPERATIONS.iter().map(|name| (*name).to_owned()).collect();
    let Some(node) = fields.optional(reader, "operations") else { return known };
    for entry in reader.list(node, "operations").unwrap_or_default() {
        let Some(name) = reader.id(entry, "an operation") else { continue };
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        if reader.check(entry.at, check_letters(name, &names)).is_none() {
            continue;
        }
        if let Some(near) = slip(name, OPERATIONS).filter(|near| *near != name) {
            reader.doubt(
                entry.at,
                format!("operation {name} is none of those known today: did you mean {near}?"),
            );
        }
        if !known.insert(name.to_owned()) {
            reader.mistake(entry.at, format!("operation {name} is known already: leave it out"));
        }
    }
    known
}
