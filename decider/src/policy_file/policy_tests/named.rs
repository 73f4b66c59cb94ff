//! `requests`: what several tests ask alike, said once.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::known::Known;
use crate::policy_file::ids::check_name;
use crate::yaml::names::unknown;
use crate::yaml::{Fields, Node, Reader};

/// Requests by name. `None`: there is a mistake in it, which is not told again where it is used.
#[derive(Debug, Default)]
pub struct Requests(BTreeMap<String, Option<Draft>>);

impl Requests {
    /// The section of a policy.
    pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, known: &Known<'_>) -> Self {
        let Some(node) = fields.optional(reader, "requests") else { return Self::default() };
        let mut requests = BTreeMap::new();
        for (name, at, node) in reader.entries(node, "requests").unwrap_or_default() {
            check_name(reader, name, at);
            requests.insert(name.to_owned(), Draft::of_named(reader, node, known));
        }
        Self(requests)
    }

    /// The request of a name.
    pub fn draft(&self, reader: &mut Reader<'_>, node: &Node) -> Option<Draft> {
        let name = reader.text(node, "the name of a request")?;
        let known = self.0.get(name);
        if known.is_none() {
            reader.mistake(node.at, unknown("request", name, self.0.keys().map(String::as_str)));
        }
        known?.clone()
    }
}
