//! `prices`: which assets a price table prices, and how far it is believed. The table is no part of the policy.

pub mod table;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use policy::prices::{PriceTerms, Prices};
use policy::time::Length;

use super::files::Files;
use super::names::Names;
use crate::yaml::{Fields, Node, Reader, Value, duration};

const FIELDS: [&str; 4] = ["file", "max_age", "assets", "alone"];

/// A price table with the file it was read from.
#[derive(Debug, Clone)]
pub struct PriceFile {
    /// As the policy names it.
    pub name: String,
    /// Where it is looked for again.
    pub path: PathBuf,
    /// What it says.
    pub prices: Arc<Prices>,
}

/// The terms, and the table as it is now. A policy that was kept comes without one.
pub fn read(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    names: &Names,
    files: &Files,
) -> (Option<PriceTerms>, Option<PriceFile>) {
    let Some(node) = fields.optional(reader, "prices") else { return (None, None) };
    let Some(fields) = Fields::of(reader, node, "prices", &FIELDS) else { return (None, None) };
    let file = fields.required(reader, "file").and_then(|node| read_file(reader, node, names, files));
    let max_age = fields.required(reader, "max_age").and_then(|node| read_age(reader, node));
    let alone = read_assets(reader, &fields, "alone", names).unwrap_or_default();
    let beside = match read_assets(reader, &fields, "assets", names) {
        Some(named) => {
            check_some(reader, &fields, &alone);
            named
        }
        None => names.assets_that(|id, _| !alone.contains(id)),
    };
    if let Some(both) = alone.intersection(&beside).next() {
        let message = format!(
            "{both} is under assets and under alone: a price either stands beside the request's value, or for it"
        );
        reader.mistake(node.at, message);
    }
    (max_age.map(|max_age| PriceTerms { max_age, beside, alone }), file)
}

/// A table that is there and prices nothing would leave every value to the request.
fn check_some(reader: &mut Reader<'_>, fields: &Fields<'_>, alone: &BTreeSet<String>) {
    if let Some(node) = fields.optional(reader, "assets")
        && node.value == Value::List(Vec::new())
        && alone.is_empty()
    {
        let message =
            "no asset is priced by this table: leave assets out for all of them, or leave prices out";
        reader.mistake(node.at, message);
    }
}

fn read_file(reader: &mut Reader<'_>, node: &Node, names: &Names, files: &Files) -> Option<PriceFile> {
    let name = reader.text(node, "file")?;
    let path = files.beside(name)?;
    if names.has_lost_assets() {
        return None;
    }
    let shown = path.display().to_string();
    let content = table::content_of(&path).map_err(|error| format!("{shown}: {error}"));
    let content = reader.check(node.at, content)?;
    let prices = reader.absorb(table::read(&shown, content, names.every_asset()))?;
    Some(PriceFile { name: name.to_owned(), path, prices: Arc::new(prices) })
}

fn read_age(reader: &mut Reader<'_>, node: &Node) -> Option<Length> {
    let text = reader.duration_text(node, "max_age")?;
    let seconds =
        reader.check(node.at, duration::seconds(text).map_err(|error| format!("max_age: {error}")))?;
    let age = Length::from_seconds(seconds).ok_or("max_age must be at least 1s and at most ten years");
    reader.check(node.at, age)
}

fn read_assets(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    names: &Names,
) -> Option<BTreeSet<String>> {
    let node = fields.optional(reader, name)?;
    let mut assets = BTreeSet::new();
    for node in reader.list(node, name)? {
        if let Some(id) = names.asset_id(reader, node)
            && !assets.insert(id)
        {
            reader.mistake(node.at, format!("this is in {name} already"));
        }
    }
    Some(assets)
}
