//! Sections that are there and say nothing that could be read, as one whose name is misspelt: what they would introduce is
//! not unknown, too, wherever it is used.

use std::collections::BTreeSet;

use crate::yaml::{Fields, Value};

const MAPPINGS: [&str; 6] =
    ["assets", "lists", "source_groups", "signer_groups", "counterparties", "requests"];
const LISTS: [&str; 4] = ["operations", "deny", "allow", "limits"];

/// The sections of a policy that are lost.
#[derive(Debug)]
pub struct Lost(BTreeSet<&'static str>);

impl Lost {
    /// Those among the sections.
    pub fn of(fields: &Fields<'_>) -> Self {
        let mapping = |name: &&str| matches!(fields.value(name), Some(Value::Map(_)));
        let list = |name: &&str| matches!(fields.value(name), Some(Value::List(_)));
        let mappings = MAPPINGS.into_iter().filter(|name| !mapping(name));
        let lists = LISTS.into_iter().filter(|name| !list(name));
        Self(mappings.chain(lists).filter(|name| fields.has(name)).collect())
    }

    /// Whether this one is.
    pub fn has(&self, section: &str) -> bool {
        self.0.contains(section)
    }

    /// Whether any is.
    pub fn is_any(&self) -> bool {
        !self.0.is_empty()
    }
}
