//! What can be used, and may not be meant, or not for long.

use std::fmt;

use serde::Serialize;

/// One warning, with its place. It is not a mistake: nothing is refused for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The file it is about.
    pub file: String,
    /// Line, from 1. Absent: it concerns the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// What may not be meant, and what to do.
    pub message: String,
}

/// As editors take it.
impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => {
                write!(formatter, "{}:{line}:{column}: {}", self.file, self.message)
            }
            _ => write!(formatter, "{}: {}", self.file, self.message),
        }
    }
}
