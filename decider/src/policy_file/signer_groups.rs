//! `signer_groups`: names for several API users.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::check_name;
use super::members::NOTHING_IN_IT;
use crate::yaml::{Fields, Reader};

pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let Some(node) = fields.optional(reader, "signer_groups") else { return BTreeMap::new() };
    let mut groups = BTreeMap::new();
    let entries = reader.entries(node, "signer_groups").unwrap_or_default();
    let names: BTreeSet<&str> = entries.iter().map(|(name, ..)| *name).collect();
    for (name, at, node) in entries {
        check_name(reader, name, at);
        let mut signers = BTreeSet::new();
        for entry in reader.some(node, "a signer group", NOTHING_IN_IT).unwrap_or_default() {
            let Some(signer) = reader.id(entry, "a signer") else { continue };
            if names.contains(signer) {
                reader.doubt(
                    entry.at,
                    format!(
                        "a signer {signer} is called as a group is: a group holds no groups, name its members"
                    ),
                );
            }
            if !signers.insert(signer.to_owned()) {
                reader.mistake(entry.at, format!("this is in {name} already"));
            }
        }
        groups.insert(name.to_owned(), signers);
    }
    groups
}
