//! Why text is no expression.

/// Why text is no expression, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError {
    /// The character, from 1.
    pub at: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// In words.
    Said(String),
    /// A name that is not known here.
    Unknown {
        /// What it would be the name of.
        what: &'static str,
        /// The name.
        name: String,
        /// The names that are known.
        known: Vec<&'static str>,
    },
}

impl ExpressionError {
    pub(super) fn new(at: usize, said: impl Into<String>) -> Self {
        Self { at, problem: Problem::Said(said.into()) }
    }

    pub(super) fn unknown(at: usize, what: &'static str, name: &str, known: Vec<&'static str>) -> Self {
        Self { at, problem: Problem::Unknown { what, name: name.to_owned(), known } }
    }
}
