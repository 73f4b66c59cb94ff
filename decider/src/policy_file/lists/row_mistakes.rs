//! The mistakes of a CSV file, by line and column.

use crate::yaml::mistakes::MAX_SHOWN_MISTAKES;
use crate::yaml::{Mistake, Mistakes, Place};

/// Where a row stands.
#[derive(Debug, Clone, Copy)]
pub struct Row<'t> {
    /// Its line, from 1.
    pub line: u32,
    /// Its text, up to the end of the line.
    pub text: &'t str,
}

/// The mistakes so far. Of many, the first are kept and the others counted: a file may have a million.
pub struct RowMistakes<'f> {
    file: &'f str,
    delimiter: char,
    shown: Vec<Mistake>,
    others: usize,
}

impl<'f> RowMistakes<'f> {
    pub fn new(file: &'f str, delimiter: u8) -> Self {
        Self { file, delimiter: delimiter.into(), shown: Vec::new(), others: 0 }
    }

    /// Notes a mistake in a row's field, from 0.
    pub fn note(&mut self, row: Row<'_>, field: usize, message: impl Into<String>) {
        if self.shown.len() >= MAX_SHOWN_MISTAKES {
            self.others = self.others.saturating_add(1);
            return;
        }
        let at = Place::at(0, row.line, self.column(row.text, field));
        self.shown.push(Mistake::in_line(self.file, row.text, at, message));
    }

    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// All of them, if there are any.
    pub fn finish(mut self) -> Result<(), Mistakes> {
        self.shown.extend(Mistake::of_others(self.file, self.others));
        Mistakes::from_list(self.shown)
    }

    /// The column, from 1, at which a field starts.
    fn column(&self, text: &str, field: usize) -> u32 {
        let (mut delimiters, mut quoted) = (0_usize, false);
        let before = text.chars().take_while(|character| {
            let inside = delimiters < field;
            quoted ^= *character == '"';
            delimiters = delimiters.saturating_add(usize::from(*character == self.delimiter && !quoted));
            inside
        });
        u32::try_from(before.count()).unwrap_or(u32::MAX).saturating_add(1)
    }
}
