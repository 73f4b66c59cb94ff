//! `lists`: named addresses of one chain.

use std::collections::BTreeMap;
use std::sync::Arc;

use policy::address::{Address, Chain};
use policy::list::AddressList;

use super::assets::read_chain;
use super::ids::check_name;
use crate::yaml::{Fields, Node, Reader, Value};

const FIELDS: [&str; 2] = ["chain", "addresses"];
const ENTRY_FIELDS: [&str; 2] = ["address", "tag"];

/// A list with its entries as they were written.
#[derive(Debug)]
pub struct List {
    pub list: Arc<AddressList>,
    pub entries: Vec<Entry>,
}

/// An address and, where given, the tag that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub address: Address,
    pub tag: Option<String>,
}

impl Entry {
    /// Whether some destination would be both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let tags = self.tag.is_none() || other.tag.is_none() || self.tag == other.tag;
        tags && self.address == other.address
    }
}

pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, Option<List>> {
    let Some(node) = fields.optional(reader, "lists") else { return BTreeMap::new() };
    let mut lists = BTreeMap::new();
    for (name, at, node) in reader.entries(node, "lists").unwrap_or_default() {
        check_name(reader, name, at);
        lists.insert(name.to_owned(), read_list(reader, name, node));
    }
    lists
}

fn read_list(reader: &mut Reader<'_>, name: &str, node: &Node) -> Option<List> {
    let fields = Fields::of(reader, node, "a list", &FIELDS)?;
    let chain = fields.required(reader, "chain").and_then(|node| read_chain(reader, node));
    let addresses = fields.required(reader, "addresses")?;
    let (chain, nodes) = (chain?, reader.list(addresses, "addresses")?);
    let mut list = AddressList::new(name, chain);
    let mut entries = Vec::new();
    for node in nodes {
        let Some(entry) = read_entry(reader, chain, node) else { continue };
        if !list.insert(entry.address.clone(), entry.tag.clone()) {
            reader.mistake(node.at, format!("{} is in list {name} already", entry.address));
        }
        entries.push(entry);
    }
    Some(List { list: Arc::new(list), entries })
}

fn read_entry(reader: &mut Reader<'_>, chain: Chain, node: &Node) -> Option<Entry> {
    if !matches!(node.value, Value::Map(_)) {
        return Some(Entry { address: read_address(reader, chain, node)?, tag: None });
    }
    let fields = Fields::of(reader, node, "an address", &ENTRY_FIELDS)?;
    let address = fields.required(reader, "address").and_then(|node| read_address(reader, chain, node));
    let tag = match fields.optional(reader, "tag") {
        Some(node) => Some(reader.text(node, "tag")?.to_owned()),
        None => None,
    };
    Some(Entry { address: address?, tag })
}

fn read_address(reader: &mut Reader<'_>, chain: Chain, node: &Node) -> Option<Address> {
    let text = reader.text(node, "an address")?;
    reader.check(node.at, Address::parse(chain, text))
}
