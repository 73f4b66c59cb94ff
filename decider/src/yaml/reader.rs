//! Asking nodes what they must be, collecting what they are not.

use serde_saphyr::Location;

use super::mistakes::{Mistake, Mistakes};
use super::node::{Node, Value};

/// Reads one file and collects its mistakes. Every question answers `None` where the answer is a mistake,
/// which is then already noted.
#[derive(Debug)]
pub struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    mistakes: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    /// Nothing is wrong yet.
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, mistakes: Vec::new() }
    }

    /// What was read, if nothing was wrong.
    ///
    /// # Errors
    /// Every mistake, in the order of the file.
    pub fn finish<T>(mut self, read: Option<T>) -> Result<T, Mistakes> {
        let own = self.file;
        self.mistakes.sort_by_key(|mistake| (mistake.file != own, mistake.line, mistake.column));
        self.mistakes.dedup();
        Mistakes::from_list(self.mistakes)?;
        read.ok_or_else(|| Mistake::of_file(self.file, "could not be read").into())
    }

    /// Notes a mistake.
    pub fn mistake(&mut self, at: Location, message: impl Into<String>) {
        self.mistakes.push(Mistake::at(self.file, self.text, at, message));
    }

    /// Notes the mistakes of a file that this one refers to.
    pub fn absorb<T>(&mut self, read: Result<T, Mistakes>) -> Option<T> {
        read.map_err(|mistakes| self.mistakes.extend(mistakes)).ok()
    }

    /// Notes a mistake about a value, where there is one.
    pub fn check<T, E: std::fmt::Display>(&mut self, at: Location, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.mistake(at, error.to_string())).ok()
    }

    /// The text of a node that must be text. A number is told apart, because YAML readers change numbers:
    /// quotes keep every digit.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) if text.is_empty() => self.fail(node, format!("{what} is empty")),
            Value::Text(text) => Some(text),
            Value::Whole(_) | Value::Number | Value::Bool(_) => {
                let written = self.written(node.at);
                self.fail(node, format!("{what} must be quoted text: write \"{written}\""))
            }
            other => self.fail(node, format!("{what} must be text, not {}", other.name())),
        }
    }

    /// A whole number, unquoted.
    pub fn whole(&mut self, node: &Node, what: &str) -> Option<u64> {
        match &node.value {
            Value::Whole(number) => Some(*number),
            other => {
                self.fail(node, format!("{what} must be a whole number without quotes, not {}", other.name()))
            }
        }
    }

    /// `true` or `false`, unquoted.
    pub fn flag(&mut self, node: &Node, what: &str) -> Option<bool> {
        match &node.value {
            Value::Bool(flag) => Some(*flag),
            other => self.fail(node, format!("{what} must be true or false, not {}", other.name())),
        }
    }

    /// A list of alternatives: an empty one would never match.
    pub fn alternatives<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        self.some(node, what, "which would never match: leave it out for \"any\"")
    }

    /// A list of at least one entry; `advice` says what an empty one would mean.
    pub fn some<'n>(&mut self, node: &'n Node, what: &str, advice: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(entries) if entries.is_empty() => {
                self.fail(node, format!("{what} is empty, {advice}"))
            }
            _ => self.list(node, what),
        }
    }

    /// A list.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(entries) => Some(entries),
            other => self.fail(node, format!("{what} must be a list, not {}", other.name())),
        }
    }

    /// A mapping's entries, each key once and text.
    pub fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Option<Vec<(&'n str, Location, &'n Node)>> {
        let Value::Map(entries) = &node.value else {
            return self.fail(node, format!("{what} must be a mapping, not {}", node.value.name()));
        };
        let mut read: Vec<(&str, Location, &Node)> = Vec::new();
        for (key, value) in entries {
            let Some(name) = self.text(key, "a name") else { continue };
            match read.iter().find(|(known, ..)| *known == name) {
                Some((_, first, _)) => {
                    self.mistake(key.at, format!("{name} is there twice: first in line {}", first.line()))
                }
                None => read.push((name, key.at, value)),
            }
        }
        Some(read)
    }

    fn fail<T>(&mut self, node: &Node, message: String) -> Option<T> {
        self.mistake(node.at, message);
        None
    }

    /// What stands in the file at a place, up to the end of the value.
    fn written(&self, at: Location) -> &str {
        let bytes = at.span().byte_offset().zip(at.span().byte_len());
        let range = bytes.and_then(|(start, length)| {
            Some(usize::try_from(start).ok()?..usize::try_from(start.checked_add(length)?).ok()?)
        });
        range.and_then(|range| self.text.get(range)).unwrap_or("…").trim()
    }
}
