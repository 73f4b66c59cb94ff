//! One mistake in the configuration, told so that it can be mended.

use std::{fmt, path::Path};

use serde::Serialize;

/// A place in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Spot {
    /// The configuration file.
    pub file: String,
    /// Line in it, from 1. `None`: the file as a whole.
    pub line: Option<u64>,
    /// Column in it, from 1.
    pub column: Option<u64>,
    /// The field, such as `paths[0].tenant`. Empty: the file as a whole.
    #[serde(rename = "place")]
    pub field: String,
}

impl Spot {
    /// A field whose line is not known any more.
    #[must_use]
    pub fn of_field(file: &Path, field: String) -> Self {
        Self { file: file.display().to_string(), line: None, column: None, field }
    }
}

/// Where it is, what is wrong, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mistake {
    /// Where it is.
    #[serde(flatten)]
    pub at: Spot,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spot { file, line, column, field } = &self.at;
        f.write_str(file)?;
        if let (Some(line), Some(column)) = (line, column) {
            write!(f, ":{line}:{column}")?;
        }
        if !field.is_empty() {
            write!(f, ": {field}")?;
        }
        write!(f, ": {}", self.problem)
    }
}
