//! What is wrong with files that people write, and where.

use std::fmt;

use serde::Serialize;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{CroppedRegion, Error, Location};

use super::place::Place;

/// How many mistakes are shown of one file; the others are counted.
pub const MAX_SHOWN_MISTAKES: usize = 100;
/// How many characters of a long line are shown on each side of a mistake.
const SHOWN_CHARS: usize = 60;
/// Lines above the drawing: the message and the place.
const HEADING_LINES: usize = 3;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The file it is in.
    pub file: String,
    /// Line, from 1. Absent: it concerns the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// What is wrong, and what to do.
    pub message: String,
    /// The line with a caret under the place.
    #[serde(skip)]
    snippet: Option<String>,
}

/// At least one mistake, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(transparent)]
pub struct Mistakes(Vec<Mistake>);

impl Mistake {
    /// A mistake that has no place inside the file.
    pub fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, column: None, message: message.into(), snippet: None }
    }

    /// How many more there are than are shown, if there are.
    pub fn of_others(file: &str, count: usize) -> Option<Self> {
        (count > 0).then(|| Self::of_file(file, format!("and {count} more")))
    }

    /// A mistake at a place of a text.
    pub fn at(file: &str, text: &str, at: Place, message: impl Into<String>) -> Self {
        let line = at.spot().and_then(|(line, _)| usize::try_from(line).ok()).unwrap_or_default();
        Self::in_line(file, text.lines().nth(line.saturating_sub(1)).unwrap_or_default(), at, message)
    }

    /// A mistake at a place, in the line that is given. The mark that some programs put at the start of a file is not
    /// part of its first line.
    pub fn in_line(file: &str, line: &str, at: Place, message: impl Into<String>) -> Self {
        let (line, message) = (line.trim_start_matches('\u{feff}'), message.into());
        let Some((number, column)) = at.spot() else { return Self::of_file(file, message) };
        let snippet = Some(snippet(file, line, at)).filter(|snippet| !snippet.is_empty());
        Self { file: file.to_owned(), line: Some(number), column: Some(column), message, snippet }
    }

    /// File, line and column, as editors take them.
    pub fn place(&self) -> String {
        match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}", self.file),
            _ => self.file.clone(),
        }
    }

    /// A mistake that the parser found.
    pub(super) fn of_parser(file: &str, text: &str, error: &Error) -> Self {
        let at = error.location().unwrap_or(Location::UNKNOWN);
        Self::at(file, text, Place::of(0, at), parser_message(error))
    }
}

impl Mistakes {
    /// The mistakes, if there are any.
    pub fn from_list(list: Vec<Mistake>) -> Result<(), Self> {
        if list.is_empty() { Ok(()) } else { Err(Self(list)) }
    }

    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Mistake> {
        self.0.iter()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Self {
        Self(vec![mistake])
    }
}

impl IntoIterator for Mistakes {
    type Item = Mistake;
    type IntoIter = std::vec::IntoIter<Mistake>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.snippet {
            Some(snippet) => write!(formatter, "{}: {}\n{snippet}", self.place(), self.message),
            None => write!(formatter, "{}: {}", self.place(), self.message),
        }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> = self.0.iter().map(Mistake::to_string).collect();
        formatter.write_str(&shown.join("\n"))
    }
}

/// The line with a caret under the place, drawn by the parser's own renderer. Its heading is left out: the
/// place and the message stand above.
fn snippet(file: &str, line: &str, at: Place) -> String {
    let at = at.location();
    let number = usize::try_from(at.line()).unwrap_or(usize::MAX);
    let region = CroppedRegion::new(line, file, number, number, at);
    let error = Box::new(Error::Message { msg: String::new(), location: at });
    let drawn = Error::WithSnippet { regions: vec![region], crop_radius: SHOWN_CHARS, error }.render();
    let lines: Vec<&str> = drawn.lines().skip(HEADING_LINES).map(str::trim_end).collect();
    lines.join("\n")
}

/// The parser's words, without advice that is for programmers.
fn parser_message(error: &Error) -> String {
    match error.without_snippet() {
        Error::Eof { .. } => "the file is empty".into(),
        Error::MultipleDocuments { .. } => "this starts a second document: a file holds one".into(),
        Error::MergeKeyNotAllowed { .. } => "`<<` is not allowed: write the fields out".into(),
        Error::Budget { breach, .. } => over_budget(breach),
        error => {
            let text = error.to_string();
            text.split(" at line ").next().unwrap_or(&text).to_owned()
        }
    }
}

fn over_budget(breach: &BudgetBreach) -> String {
    match breach {
        BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. } => {
            "anchors (&) and aliases (*) are not allowed: write the value out".into()
        }
        other => format!("the file is too large or too deeply nested ({other:?})"),
    }
}
