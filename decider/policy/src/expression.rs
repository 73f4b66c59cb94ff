//! `condition`: what a rule asks that fields cannot say, in a part of the Common Expression Language (CEL).
//!
//! An expression is parsed and typed when the policy is read, so that nothing can go wrong later: no loops, no
//! arithmetic, no way to ask whether something is missing. What is left of a field that is missing is indeterminate.

mod compile;
mod contradiction;
mod term;
mod variable;
mod value;
mod parse;
mod token;
mod error;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::choice::Sense;
use crate::circumstances::Circumstances;
use crate::intent::Intent;
use crate::request::Stage;
use crate::truth::Truth;
use term::Term;

pub use compile::Units;
pub use contradiction::Contradiction;
pub use error::{ExpressionError, Problem};
pub use parse::MAX_DEPTH;
pub use term::TextTest;
pub use value::Value;
pub use variable::{Text, Total};

/// The longest expression, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 1_000;

/// An expression that was understood. Two are equal that were written alike and mean the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    source: String,
    term: Term,
}

impl Expression {
    /// Reads an expression; `units` says what amounts are in.
    ///
    /// # Errors
    /// The first thing in it that is not understood.
    pub fn parse(text: &str, units: &Units) -> Result<Self, ExpressionError> {
        if text.len() > MAX_EXPRESSION_BYTES {
            let bytes = text.len();
            let said = format!("the expression has {bytes} bytes: at most {MAX_EXPRESSION_BYTES} are read");
            return Err(ExpressionError::new(1, said));
        }
        let term = compile::compile(parse::parse(text)?, units)?;
        Ok(Self { source: text.to_owned(), term })
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Every text that a variable is compared with as a whole, after its first character, from 1.
    pub fn words(&self) -> Vec<(usize, Text, &str)> {
        let words = self.asked().into_iter().flat_map(|(text, asked)| match asked {
            TextTest::IsOneOf(words) => words.iter().map(|(word, at)| (*at, text, word.as_str())).collect(),
            _ => Vec::new(),
        });
        words.collect()
    }

    /// What is asked of texts beside whole words: how they begin or end, and what is in them; after the first character
    /// of the part, from 1.
    pub fn parts(&self) -> Vec<(usize, Text, &TextTest)> {
        let parts =
            self.asked().into_iter().filter_map(|(text, asked)| Some((asked.part_at()?, text, asked)));
        parts.collect()
    }

    fn asked(&self) -> Vec<(Text, &TextTest)> {
        let mut asked = Vec::new();
        self.term.add_asked(&mut asked);
        asked
    }

    /// Whether it can only be false of an operation, because of what does not apply to it at that stage.
    pub fn never_holds_of(&self, operation: &str, stage: Stage) -> bool {
        self.term.of_operation(operation, stage, Sense::Is) == Some(false)
    }

    /// Every total that it asks for.
    pub fn totals(&self) -> BTreeSet<Total> {
        let mut totals = BTreeSet::new();
        self.term.add_totals(&mut totals);
        totals
    }

    /// Why it can never hold, whatever is asked; `None`: it can, or nobody can tell.
    pub fn contradiction(&self) -> Option<Contradiction> {
        contradiction::contradiction(&self.term)
    }

    /// Whether it asks how many destinations there are.
    pub fn counts(&self) -> bool {
        self.term.counts()
    }

    /// Whether it holds.
    pub fn holds(&self, intent: &Intent, circumstances: &Circumstances) -> Truth {
        self.term.holds(intent, circumstances, Sense::Is)
    }
}
