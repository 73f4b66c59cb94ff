//! `csv`: which file, and what of it is meant.

use std::collections::BTreeSet;
use std::sync::Arc;

use policy::address::Chain;

use super::super::files::{Files, MAX_CSV_BYTES, csv_name};
use super::header::{Filter, Wanted};
use super::rows::{self, Source};
use super::{ENTRY_FIELDS, List};
use crate::document::File;
use crate::yaml::{Fields, Node, Reader};

/// What only a list from a file can have.
const CSV_FIELDS: [&str; 3] = ["columns", "asset", "delimiter"];
const FILTER_FIELDS: [&str; 2] = ["column", "is"];
const USUAL_DELIMITER: u8 = b',';

/// A list without a file has none of its fields.
pub fn check_absent(reader: &mut Reader<'_>, fields: &Fields<'_>) {
    for name in CSV_FIELDS {
        if let Some(node) = fields.has(name).then(|| fields.optional(reader, name)).flatten() {
            reader.mistake(node.at, format!("{name} says how a CSV file is read: name the file under csv"));
        }
    }
}

pub fn read(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    chain: Option<Chain>,
    files: &mut Files,
) -> Option<List> {
    let file = fields.optional(reader, "csv").and_then(|node| read_file(reader, node, files));
    let delimiter = match fields.optional(reader, "delimiter") {
        Some(node) => read_delimiter(reader, node),
        None => Some(USUAL_DELIMITER),
    };
    let wanted = read_wanted(reader, fields);
    let ((csv, file), chain, delimiter, wanted) = (file?, chain?, delimiter?, wanted?);
    let shown = files.shown(&csv);
    let source = Source { file: &shown, content: &file.content, delimiter, wanted: &wanted };
    let list = reader.absorb(rows::read(source, name, chain))?;
    Some(List { list: Arc::new(list), csv: Some(csv) })
}

/// The file's name in the manifest, and the file.
fn read_file(reader: &mut Reader<'_>, node: &Node, files: &mut Files) -> Option<(String, File)> {
    let path = reader.text(node, "csv")?;
    let name = reader.check(node.at, csv_name(path))?;
    let file = files.read(&name, MAX_CSV_BYTES).map_err(|error| format!("{}: {error}", files.shown(&name)));
    Some((name, reader.check(node.at, file)?))
}

fn read_delimiter(reader: &mut Reader<'_>, node: &Node) -> Option<u8> {
    let text = reader.text(node, "delimiter")?;
    match text.as_bytes() {
        [byte] if *byte == b'\t' || (byte.is_ascii_punctuation() && *byte != b'"') => Some(*byte),
        _ => {
            reader.mistake(node.at, r#"a delimiter is one character, such as ";" or "\t""#);
            None
        }
    }
}

/// The columns by what they mean. Without `columns` they are called so in the file.
fn read_wanted(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Wanted> {
    let filter = fields.optional(reader, "asset").map(|node| read_filter(reader, node));
    let columns = fields.optional(reader, "columns").map(|node| read_columns(reader, node));
    Some(Wanted {
        columns: columns.map_or(Some(None), |columns| columns.map(Some))?,
        filter: filter.map_or(Some(None), |filter| filter.map(Some))?,
    })
}

fn read_columns(reader: &mut Reader<'_>, node: &Node) -> Option<[Option<String>; 4]> {
    let fields = Fields::of(reader, node, "columns", &ENTRY_FIELDS)?;
    fields.required(reader, "address")?;
    let noted = reader.noted();
    let columns = ENTRY_FIELDS.map(|name| {
        let node = fields.optional(reader, name)?;
        reader.text(node, "a column").map(str::to_owned)
    });
    (reader.noted() == noted).then_some(columns)
}

/// `{column, is}`: rows of these assets only, so that one report feeds several lists.
fn read_filter(reader: &mut Reader<'_>, node: &Node) -> Option<Filter> {
    let fields = Fields::of(reader, node, "asset", &FILTER_FIELDS)?;
    let column = fields.required(reader, "column");
    let column = column.and_then(|node| reader.text(node, "a column").map(str::to_owned));
    let is = fields.required(reader, "is")?;
    let mut values = BTreeSet::new();
    for node in reader.alternatives(is, "the list of assets")? {
        let Some(text) = reader.text(node, "an asset") else { continue };
        if !values.insert(text.to_owned()) {
            reader.mistake(node.at, "this asset is named already");
        }
    }
    Some(Filter { column: column?, is: values })
}
