//! The first line of a CSV file: which column means what.

use std::collections::{BTreeMap, BTreeSet};

use csv::StringRecord;

use super::ENTRY_FIELDS;
use super::row_mistakes::{Row, RowMistakes};
use crate::yaml::names::{nearest, shown};

/// The most columns that are named in a mistake.
const MAX_NAMED_COLUMNS: usize = 20;

/// What else than a comma spreadsheets write between columns.
const DELIMITERS: [char; 3] = [';', '\t', '|'];

/// How a line begins that one spreadsheet program reads for itself. What it names follows, where it does not end the field.
const SPREADSHEET_LINE: &str = "sep=";

/// How exports call a tag, at the start or the end of a word.
const TAG_WORDS: [&str; 4] = ["tag", "tags", "memo", "memos"];

/// What a policy wants of a file.
#[derive(Debug)]
pub struct Wanted {
    /// What the columns of address, tag, label and added are called. `None`: just so, and all but the first may
    /// be missing.
    pub columns: Option<[Option<String>; 4]>,
    /// Which rows.
    pub filter: Option<Filter>,
}

/// Rows with one of these values in a column.
#[derive(Debug)]
pub struct Filter {
    pub column: String,
    pub is: BTreeSet<String>,
}

/// Where it stands in each row, from 0.
#[derive(Debug)]
pub struct Columns {
    pub address: usize,
    pub tag: Option<usize>,
    pub label: Option<usize>,
    pub added: Option<usize>,
    pub filter: Option<usize>,
    /// How many fields every row has.
    pub width: usize,
}

/// Finds the columns. `None`: one is missing or there twice, which is noted.
pub fn read(
    mistakes: &mut RowMistakes<'_>,
    record: &StringRecord,
    row: Row<'_>,
    wanted: &Wanted,
) -> Option<Columns> {
    if let Some(separator) = record.get(0).and_then(|first| first.strip_prefix(SPREADSHEET_LINE)) {
        mistakes.note(row, 0, for_spreadsheets(separator));
        return None;
    }
    let header = Header { places: places(mistakes, record, row), row };
    let [address, tag, label, added] = match &wanted.columns {
        Some(columns) => columns.each_ref().map(Option::as_deref),
        None => header.usual(mistakes),
    };
    let filter = wanted.filter.as_ref().map(|filter| filter.column.as_str());
    header.note_missing(mistakes, [address, tag, label, added, filter].into_iter().flatten());
    // A column that was asked for and is not there has been noted already.
    let found = |column: Option<&str>| header.places.get(column?).copied();
    let (address, width) = (found(address), record.len());
    let columns = Columns {
        address: address?,
        tag: found(tag),
        label: found(label),
        added: found(added),
        filter: found(filter),
        width,
    };
    mistakes.is_empty().then_some(columns)
}

fn for_spreadsheets(separator: &str) -> String {
    let said = match separator {
        "" => String::new(),
        other => format!(", and say delimiter: \"{}\"", shown(other)),
    };
    format!("this line is for spreadsheets: take it out, so that the first line names the columns{said}")
}

struct Header<'r> {
    places: BTreeMap<&'r str, usize>,
    row: Row<'r>,
}

impl Header<'_> {
    /// Address must be there; others may, but none under a name that only looks like theirs.
    fn usual(&self, mistakes: &mut RowMistakes<'_>) -> [Option<&'static str>; 4] {
        // A header of one column that holds others is told so.
        let apart = self.places.iter().filter(|_| self.other_delimiter().is_none());
        let misnamed = apart.filter_map(|(name, place)| {
            meant(name).filter(|field| field != name).map(|field| (*place, *name, field))
        });
        let mut misnamed: Vec<_> = misnamed.collect();
        misnamed.sort_unstable();
        let has_address = misnamed.iter().any(|(_, _, field)| *field == "address");
        let (cased, others): (Vec<_>, Vec<_>) =
            misnamed.into_iter().partition(|(_, name, field)| name.eq_ignore_ascii_case(field));
        self.note_misnamed(mistakes, &cased);
        others.chunks(1).for_each(|one| self.note_misnamed(mistakes, one));
        ENTRY_FIELDS.map(|field| {
            let is_asked = self.places.contains_key(field) || field == "address" && !has_address;
            is_asked.then_some(field)
        })
    }

    /// Columns with almost the names of fields: all of them at once.
    fn note_misnamed(&self, mistakes: &mut RowMistakes<'_>, misnamed: &[(usize, &str, &str)]) {
        let message = match misnamed {
            [] => return,
            [(_, name, field)] => {
                format!("column \"{}\" is not {field}, and may be meant so: call it {field}", shown(name))
            }
            _ => {
                let names: Vec<String> =
                    misnamed.iter().map(|(_, name, _)| format!("\"{}\"", shown(name))).collect();
                let fields: Vec<&str> = misnamed.iter().map(|(_, _, field)| *field).collect();
                let (names, fields) = (names.join(", "), fields.join(", "));
                format!("columns {names} are not {fields}, and may be meant so: call them so")
            }
        };
        let at = misnamed.first().map_or(0, |(place, _, _)| *place);
        mistakes.note(self.row, at, format!("{message}, or say under columns which column is what"));
    }

    /// What is not there of what is asked for. One delimiter or one habit of writing is one mistake.
    fn note_missing<'a>(&self, mistakes: &mut RowMistakes<'_>, asked: impl Iterator<Item = &'a str>) {
        let missing: Vec<&str> = asked.filter(|name| !self.places.contains_key(name)).collect();
        let (cased, others): (Vec<&str>, Vec<&str>) =
            missing.into_iter().partition(|name| self.is_cased(name));
        let at_once = Some(cased.as_slice()).filter(|names| !names.is_empty());
        let most = if self.other_delimiter().is_some() { 1 } else { usize::MAX };
        for names in at_once.into_iter().chain(others.chunks(1)).take(most) {
            mistakes.note(self.row, 0, self.missing(names));
        }
    }

    /// Whether a column is called so in other letters.
    fn is_cased(&self, name: &str) -> bool {
        self.places.keys().any(|column| column.eq_ignore_ascii_case(name))
    }

    fn missing(&self, asked: &[&str]) -> String {
        let near = asked.iter().map(|name| nearest(name, self.places.keys().copied()).map(shown));
        let near = near.collect::<Option<Vec<String>>>();
        let near = near.map(|near| format!("did you mean {}? ", near.join(", ")));
        let mut names: Vec<_> = self.places.iter().map(|(name, place)| (place, shown(name))).collect();
        names.sort();
        let names: Vec<String> = names.into_iter().take(MAX_NAMED_COLUMNS).map(|(_, name)| name).collect();
        let delimiter = self.other_delimiter().map(|found| {
            let found = found.to_string();
            format!(". Columns are separated by {found:?}? Say delimiter: {found:?}")
        });
        format!(
            "no column is called {}: {}the header has {}{}",
            asked.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", "),
            near.filter(|_| delimiter.is_none()).unwrap_or_default(),
            names.join(", "),
            delimiter.unwrap_or_default()
        )
    }

    /// What may stand between the columns of a header that seems to have one.
    fn other_delimiter(&self) -> Option<char> {
        let mut names = self.places.keys();
        let only = names.next().filter(|_| names.next().is_none())?;
        only.chars().find(|letter| DELIMITERS.contains(letter))
    }
}

/// The field that a column may be meant for: by its spelling, or because exports call a tag so. Only what stands for an
/// address can be missed, so that other columns may have it in their names.
fn meant(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let words: Vec<&str> =
        name.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let of_tag = |word: &&str| TAG_WORDS.iter().any(|tag| word.starts_with(tag) || word.ends_with(tag));
    if words.iter().any(of_tag) {
        return Some("tag");
    }
    let joined = words.concat();
    nearest(&joined, ENTRY_FIELDS).filter(|field| *field != "address" || joined == "address")
}

/// The names with their places; two columns of one name could be taken for each other. Columns without a name
/// are nobody's.
fn places<'r>(
    mistakes: &mut RowMistakes<'_>,
    record: &'r StringRecord,
    row: Row<'_>,
) -> BTreeMap<&'r str, usize> {
    let mut places = BTreeMap::new();
    for (place, name) in record.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        if places.contains_key(name) {
            mistakes.note(row, place, format!("column {} is there twice", shown(name)));
        } else {
            places.insert(name, place);
        }
    }
    places
}
