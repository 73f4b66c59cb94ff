//! One mistake in the configuration, told so that it can be mended.

use std::fmt;

use serde::Serialize;

/// Where it is, what is wrong, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mistake {
    /// The configuration file.
    pub file: String,
    /// Line in it, from 1. `None`: the file as a whole.
    pub line: Option<u64>,
    /// Column in it, from 1.
    pub column: Option<u64>,
    /// The field, such as `paths[0].tenant`. Empty: the file as a whole.
    pub place: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        if !self.place.is_empty() {
            write!(f, ": {}", self.place)?;
        }
        write!(f, ": {}", self.problem)
    }
}
