//! `signer_groups`: names for several API users.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::check_name;
use super::members::NOTHING_IN_IT;
use crate::yaml::{Fields, Reader};

pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let Some(node) = fields.optional(reader, "signer_groups") else { return BTreeMap::new() };
    let mut groups = BTreeMap::new();
    for (name, at, node) in reader.entries(node, "signer_groups").unwrap_or_default() {
        check_name(reader, name, at);
        let mut signers = BTreeSet::new();
        for entry in reader.some(node, "a signer group", NOTHING_IN_IT).unwrap_or_default() {
            let Some(signer) = reader.word(entry, "a signer") else { continue };
            if !signers.insert(signer.to_owned()) {
                reader.mistake(entry.at, format!("this is in {name} already"));
            }
        }
        groups.insert(name.to_owned(), signers);
    }
    groups
}
