//! A price table: CSV with a row for each asset, `asset,usd,at`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use csv::StringRecord;
use jiff::Timestamp;
use policy::prices::{Price, Prices, UnitPrice};
use policy::time::Time;

use super::super::files::bytes_of;
use super::super::lists::row_mistakes::{Row, RowMistakes};
use super::super::lists::rows::{Rows, check_shape, text_of};
use crate::document::File;
use crate::instant;
use crate::yaml::names::unknown;
use crate::yaml::{Mistake, Mistakes};

/// The longest table, in bytes.
const MAX_TABLE_BYTES: usize = 1024 * 1024;
const DELIMITER: u8 = b',';
/// What stands where in every row.
const COLUMNS: [&str; 3] = ["asset", "usd", "at"];
const ASSET: usize = 0;
const USD: usize = 1;
const AT: usize = 2;

/// Reads a table of these assets' prices.
///
/// # Errors
/// Every mistake in the file.
pub fn load(path: &Path, assets: &BTreeSet<String>) -> Result<Prices, Mistakes> {
    let shown = path.display().to_string();
    let content = content_of(path).map_err(|error| Mistake::of_file(&shown, error))?;
    read(&shown, content, assets)
}

/// The content of a table.
///
/// # Errors
/// It cannot be read: why, in words.
pub fn content_of(path: &Path) -> Result<Vec<u8>, String> {
    bytes_of(path, MAX_TABLE_BYTES)
}

/// Reads a table from its content; `file` names it in mistakes.
///
/// # Errors
/// Every mistake in it.
pub fn read(file: &str, content: Vec<u8>, assets: &BTreeSet<String>) -> Result<Prices, Mistakes> {
    let content = File::new(content);
    let mut rows = Rows::of(text_of(file, &content.content)?, DELIMITER);
    let mut taking = Taking { assets, rows: BTreeMap::new(), mistakes: RowMistakes::new(file, DELIMITER) };
    match rows.next() {
        None => return Err(Mistake::of_file(file, format!("the file is empty: {HEADER}")).into()),
        Some((record, row)) if record != COLUMNS.as_slice() => taking.mistakes.note(row, ASSET, HEADER),
        Some(_) => {
            while let Some((record, row)) = rows.next() {
                taking.take(record, row);
            }
        }
    }
    let by_asset = taking.rows.into_iter().map(|(id, (_, price))| (id, price)).collect();
    taking.mistakes.finish().map(|()| Prices { hash: content.hash, by_asset })
}

const HEADER: &str = "its first line must be asset,usd,at";

/// A table that takes rows; each with its line, so that a second one can name the first.
struct Taking<'a> {
    assets: &'a BTreeSet<String>,
    rows: BTreeMap<String, (u32, Price)>,
    mistakes: RowMistakes<'a>,
}

impl Taking<'_> {
    fn take(&mut self, record: &StringRecord, row: Row<'_>) {
        if let Err(message) = check_shape(record, COLUMNS.len()) {
            return self.mistakes.note(row, ASSET, message);
        }
        let field = |column: usize| record.get(column).unwrap_or_default();
        let asset = field(ASSET);
        if !self.assets.contains(asset) {
            let known = self.assets.iter().map(String::as_str);
            self.mistakes.note(row, ASSET, unknown("asset", asset, known));
        } else if let Some((first, _)) = self.rows.get(asset) {
            let message = format!("{asset} has a price already: first in line {first}");
            self.mistakes.note(row, ASSET, message);
        }
        let usd =
            UnitPrice::parse(field(USD)).map_err(|error| self.mistakes.note(row, USD, error.to_string()));
        let at = time_of(field(AT)).map_err(|message| self.mistakes.note(row, AT, message));
        if let (Ok(usd), Ok(at)) = (usd, at) {
            self.rows.entry(asset.to_owned()).or_insert((row.line, Price { usd, at }));
        }
    }
}

/// A time needs its offset: without one nobody knows when it was.
fn time_of(text: &str) -> Result<Time, &'static str> {
    let time: Timestamp =
        instant::parse(text).map_err(|_| "expected a time with its offset, such as 2026-01-31T09:30:00Z")?;
    Ok(Time::from_micros(time.as_microsecond()))
}
