//! The rows of a CSV file into a list.
//!
//! A file may be anything that somebody exported. So rows are read one by one, with bounds, and a quote that is
//! never closed is a mistake: it would swallow the rows after it.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use csv::{ReaderBuilder, StringRecord};
use policy::address::{Address, Chain};
use policy::list::{AddressList, Entry};

use super::draft::Draft;
use super::header::{self, Columns, Wanted};
use super::row_mistakes::{Row, RowMistakes};
use super::{MAX_LIST_ADDRESSES, entry};
use crate::yaml::names::unknown;
use crate::yaml::{Mistake, Mistakes, Place};

/// How many values of the filter's column are remembered, to be offered where one was not found.
const MAX_SEEN_VALUES: usize = 64;

/// A CSV file that a list is read from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its name in mistakes.
    pub file: &'a str,
    pub content: &'a [u8],
    pub delimiter: u8,
    pub wanted: &'a Wanted,
}

/// Reads a list.
///
/// # Errors
/// Every mistake in the file, or of many the first.
pub fn read(source: Source<'_>, name: &str, chain: Chain) -> Result<AddressList, Mistakes> {
    read_at_most(MAX_LIST_ADDRESSES, source, name, chain)
}

fn read_at_most(
    max_addresses: usize,
    source: Source<'_>,
    name: &str,
    chain: Chain,
) -> Result<AddressList, Mistakes> {
    let Source { file, delimiter, wanted, .. } = source;
    let mut rows = Rows::of(text_of(file, source.content)?, delimiter);
    let mut mistakes = RowMistakes::new(file, delimiter);
    let Some((record, header)) = rows.next() else {
        return Err(Mistake::of_file(file, "the file is empty: its first line must name the columns").into());
    };
    // The check of the shape is for a quote that opens in the header and swallows every row.
    let columns = match check_shape(record, record.len()) {
        Ok(()) => header::read(&mut mistakes, record, header, wanted),
        Err(message) => {
            mistakes.note(header, 0, message);
            None
        }
    };
    let Some(columns) = columns else {
        return mistakes.finish().and(Err(Mistake::of_file(file, "could not be read").into()));
    };
    let mut list = Taking {
        list: Draft::new(name, chain),
        chain,
        mistakes,
        filter: Values::default(),
        has_lost_rows: false,
    };
    while let Some((record, row)) = rows.next() {
        if list.list.len() >= max_addresses {
            list.mistakes.note(
                row,
                0,
                format!("a list has at most {max_addresses} addresses: this is one more"),
            );
            return list.finish();
        }
        list.take(record, row, &columns, wanted);
    }
    list.check_filter(header, &columns, wanted);
    list.finish()
}

/// The text without the mark that some programs put at its start.
pub fn text_of<'a>(file: &str, content: &'a [u8]) -> Result<&'a str, Mistakes> {
    let text = std::str::from_utf8(content).map_err(|error| {
        let before = content.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
        let at = Place::at(0, u32::try_from(line).unwrap_or(u32::MAX), 1);
        Mistake::in_line(file, "", at, "this line is not UTF-8 text: export the file as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains('\r') && !text.contains('\n') {
        let message = "its lines end with CR alone: save it with lines that end with LF, or with CR and LF";
        return Err(Mistake::of_file(file, message).into());
    }
    Ok(text)
}

/// The rows, one by one.
pub struct Rows<'t> {
    text: &'t str,
    reader: csv::Reader<&'t [u8]>,
    record: StringRecord,
}

impl<'t> Rows<'t> {
    pub fn of(text: &'t str, delimiter: u8) -> Self {
        let mut options = ReaderBuilder::new();
        // Rows of another length come through, so that each of them is reported.
        options.has_headers(false).flexible(true).delimiter(delimiter);
        Self { text, reader: options.from_reader(text.as_bytes()), record: StringRecord::new() }
    }

    /// The next row that is not empty. Reading from memory what is text cannot fail.
    pub fn next(&mut self) -> Option<(&StringRecord, Row<'t>)> {
        let at = self.reader.position().clone();
        self.reader.read_record(&mut self.record).ok().filter(|more| *more)?;
        let rest = self.text.get(usize::try_from(at.byte()).ok()?..)?;
        // The reader skips empty lines after it has noted where it is.
        let text = rest.trim_start_matches(['\r', '\n']);
        let empty =
            rest.bytes().take(rest.len().saturating_sub(text.len())).filter(|byte| *byte == b'\n').count();
        let line = at.line().saturating_add(u64::try_from(empty).unwrap_or_default());
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        Some((&self.record, Row { line, text: text.lines().next().unwrap_or_default() }))
    }
}

/// A list that takes rows.
struct Taking<'f> {
    list: Draft<u32>,
    chain: Chain,
    mistakes: RowMistakes<'f>,
    filter: Values,
    /// Whether a row was refused before its value was taken into account.
    has_lost_rows: bool,
}

/// What was seen in the filter's column.
#[derive(Default)]
struct Values {
    wanted: BTreeSet<String>,
    others: BTreeSet<String>,
}

impl Taking<'_> {
    fn take(&mut self, record: &StringRecord, row: Row<'_>, columns: &Columns, wanted: &Wanted) {
        if let Err(message) = check_shape(record, columns.width) {
            self.has_lost_rows = true;
            return self.mistakes.note(row, 0, message);
        }
        let field = |column: Option<usize>| record.get(column?).filter(|text| !text.is_empty());
        let value = field(columns.filter).unwrap_or_default();
        if let Some(filter) = &wanted.filter
            && !self.filter.wants(value, &filter.is)
        {
            return self.leave_out(row, columns, value, &filter.is);
        }
        let address = Address::parse(self.chain, field(Some(columns.address)).unwrap_or_default());
        let address = self.check(row, Some(columns.address), address.map_err(|error| error.to_string()));
        let tag = self.check(
            row,
            columns.tag,
            field(columns.tag).map(|text| entry::tag(self.chain, text)).transpose(),
        );
        let label = self.check(row, columns.label, field(columns.label).map(entry::label).transpose());
        let added = self.check(row, columns.added, field(columns.added).map(entry::added).transpose());
        let (Some(address), Some(tag), Some(label), Some(added)) = (address, tag, label, added) else {
            return;
        };
        if let Err(first) = self.list.add(&address, Entry { tag, label, added }, row.line) {
            let message = format!("{address} is in list {} already: first in line {first}", self.list.name());
            self.mistakes.note(row, columns.address, message);
        }
    }

    /// What is not asked for. What differs from that in blanks and case alone is a mistake: it would be missing from a list
    /// that denies.
    fn leave_out(&mut self, row: Row<'_>, columns: &Columns, value: &str, wanted: &BTreeSet<String>) {
        let is_meant = |wanted: &&String| value.trim().eq_ignore_ascii_case(wanted.trim());
        if let Some(meant) = wanted.iter().find(is_meant) {
            self.has_lost_rows = true;
            let message = format!("{value:?} is not {meant}: write it alike, or take it into the filter");
            self.mistakes.note(row, columns.filter.unwrap_or_default(), message);
        }
    }

    fn check<T>(&mut self, row: Row<'_>, column: Option<usize>, value: Result<T, String>) -> Option<T> {
        value.map_err(|message| self.mistakes.note(row, column.unwrap_or_default(), message)).ok()
    }

    /// A value that no row has would leave the list short of what somebody meant. A row that was refused may have it.
    fn check_filter(&mut self, header: Row<'_>, columns: &Columns, wanted: &Wanted) {
        let (Some(filter), Some(column)) = (&wanted.filter, columns.filter) else { return };
        if self.has_lost_rows {
            return;
        }
        for value in filter.is.difference(&self.filter.wanted) {
            let problem = unknown("asset", value, self.filter.others.iter().map(String::as_str));
            self.mistakes.note(header, column, format!("{problem} (no row of the file has it)"));
        }
    }

    fn finish(self) -> Result<AddressList, Mistakes> {
        self.mistakes.finish().map(|()| self.list.finish())
    }
}

impl Values {
    fn wants(&mut self, value: &str, wanted: &BTreeSet<String>) -> bool {
        let wants = wanted.contains(value);
        let (seen, most) =
            if wants { (&mut self.wanted, wanted.len()) } else { (&mut self.others, MAX_SEEN_VALUES) };
        if seen.len() < most && !seen.contains(value) {
            seen.insert(value.to_owned());
        }
        wants
    }
}

/// Every row has the fields of the header, and ends in its line.
pub fn check_shape(record: &StringRecord, width: usize) -> Result<(), String> {
    if record.as_slice().bytes().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return Err("a field goes on in the next line: is a quote missing? Write it in one line".into());
    }
    if record.len() != width {
        let fields = record.len();
        return Err(format!(
            "the row has {fields} fields, and the header {width}: is a delimiter or a quote missing?"
        ));
    }
    Ok(())
}
