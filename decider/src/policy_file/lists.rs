//! `lists`: named addresses of one chain, written into the policy or read from a CSV file.

mod csv_file;
pub(super) mod rows;
mod header;
pub(super) mod row_mistakes;
mod draft;
mod entry;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use policy::address::{Address, Chain};
use policy::list::{self, AddressList};

use super::assets::read_chain;
use super::files::Files;
use super::ids::check_name;
use crate::yaml::{Fields, Node, Place, Reader, Value};
use draft::Draft;

/// The most entries of a list.
pub const MAX_LIST_ADDRESSES: usize = 2_000_000;

const FIELDS: [&str; 6] = ["chain", "addresses", "csv", "columns", "asset", "delimiter"];
const ENTRY_FIELDS: [&str; 4] = ["address", "tag", "label", "added"];

/// A list, and the CSV file that it comes from.
#[derive(Debug)]
pub struct List {
    pub list: Arc<AddressList>,
    pub csv: Option<String>,
}

pub fn read(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    files: &mut Files,
) -> BTreeMap<String, Option<List>> {
    let Some(node) = fields.optional(reader, "lists") else { return BTreeMap::new() };
    let mut lists = BTreeMap::new();
    for (name, at, node) in reader.entries(node, "lists").unwrap_or_default() {
        check_name(reader, name, at);
        lists.insert(name.to_owned(), read_list(reader, name, node, files));
    }
    lists
}

fn read_list(reader: &mut Reader<'_>, name: &str, node: &Node, files: &mut Files) -> Option<List> {
    let fields = Fields::of(reader, node, "a list", &FIELDS)?;
    let chain = fields.required(reader, "chain").and_then(|node| read_chain(reader, node));
    if fields.has("csv") {
        if fields.has("addresses") {
            reader.mistake(node.at, "a list has either addresses or csv: write two lists");
        }
        return csv_file::read(reader, &fields, name, chain, files);
    }
    csv_file::check_absent(reader, &fields);
    if !fields.has("addresses") {
        reader.mistake(node.at, "a list needs addresses, or csv with the name of a file");
    }
    let nodes = fields.optional(reader, "addresses").and_then(|node| reader.list(node, "addresses"))?;
    let list = read_entries(reader, name, chain?, nodes);
    Some(List { list: Arc::new(list), csv: None })
}

fn read_entries(reader: &mut Reader<'_>, name: &str, chain: Chain, nodes: &[Node]) -> AddressList {
    let mut draft: Draft<Place> = Draft::new(name, chain);
    for node in nodes {
        let Some((address, entry)) = read_entry(reader, chain, node) else { continue };
        if let Err(first) = draft.add(&address, entry, node.at) {
            let first = reader.first(first, node.at);
            reader.mistake(node.at, format!("{address} is in list {name} already: {first}"));
        }
    }
    draft.finish()
}

/// An address, or `{address, tag, label, added}`.
fn read_entry<'n>(
    reader: &mut Reader<'_>,
    chain: Chain,
    node: &'n Node,
) -> Option<(Address, list::Entry<'n>)> {
    if !matches!(node.value, Value::Map(_)) {
        return Some((read_address(reader, chain, node)?, list::Entry::default()));
    }
    let fields = Fields::of(reader, node, "an address", &ENTRY_FIELDS)?;
    let address = fields.required(reader, "address").and_then(|node| read_address(reader, chain, node));
    let tag = read_text(reader, &fields, "tag", |text| entry::tag(chain, text));
    let label = read_text(reader, &fields, "label", entry::label);
    let added = read_text(reader, &fields, "added", entry::added);
    Some((address?, list::Entry { tag: tag?, label: label?, added: added? }))
}

fn read_address(reader: &mut Reader<'_>, chain: Chain, node: &Node) -> Option<Address> {
    let text = reader.text(node, "an address")?;
    reader.check(node.at, Address::parse(chain, text))
}

/// A field that may be left out. `None`: it is a mistake.
#[allow(clippy::option_option, reason = "a mistake is not the same as nothing given")]
fn read_text<'n, T>(
    reader: &mut Reader<'_>,
    fields: &Fields<'n>,
    name: &str,
    read: impl Fn(&'n str) -> Result<T, String>,
) -> Option<Option<T>> {
    if !fields.has(name) {
        return Some(None);
    }
    let node = fields.optional(reader, name)?;
    let text = reader.text(node, name)?;
    reader.check(node.at, read(text)).map(Some)
}
