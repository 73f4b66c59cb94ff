//! Asking nodes what they must be, collecting what they are not.

use std::collections::{HashMap, HashSet};

use super::mistakes::{MAX_SHOWN_MISTAKES, Mistake, Mistakes};
use super::names::shown;
use super::node::{Node, Value};
use super::place::Place;
use super::written::place_of;
use super::{several, unseen};

/// How many mistakes are noted before nothing more is read: finding what was meant takes time for each.
const MAX_NOTED_MISTAKES: usize = 10_000;

/// A file and what it says.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its name in mistakes.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// Reads files and collects their mistakes. Every question answers `None` where the answer is a mistake,
/// which is then already noted.
#[derive(Debug)]
pub struct Reader<'a> {
    sources: Vec<Source<'a>>,
    noted: Vec<(Place, String)>,
    doubted: Vec<(Place, String)>,
    absorbed: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    /// Of one file. Nothing is wrong yet.
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self::of_files(vec![Source { file, text }])
    }

    /// Of several files that are read as one document. The first is named where nothing was read.
    pub fn of_files(sources: Vec<Source<'a>>) -> Self {
        Self { sources, noted: Vec::new(), doubted: Vec::new(), absorbed: Vec::new() }
    }

    /// What was read, if nothing was wrong.
    ///
    /// # Errors
    /// Every mistake, in the order of the files and their lines; of one file, at most
    /// [`MAX_SHOWN_MISTAKES`] and how many more there are.
    pub fn finish<T>(mut self, read: Option<T>) -> Result<T, Mistakes> {
        self.noted.sort_by_key(|(at, _)| (at.file, at.spot()));
        self.noted.dedup();
        let mut mistakes = Vec::new();
        for (number, source) in self.sources.iter().enumerate() {
            let noted = self.noted.iter().filter(|(at, _)| at.file == number);
            mistakes.extend(drawn(*source, noted.map(|(at, message)| (*at, message.as_str()))));
        }
        mistakes.extend(without_repeats(self.absorbed));
        Mistakes::from_list(mistakes)?;
        let file = self.sources.first().map(|source| source.file).unwrap_or_default();
        read.ok_or_else(|| Mistake::of_file(file, "could not be read").into())
    }

    /// Notes a mistake.
    pub fn mistake(&mut self, at: Place, message: impl Into<String>) {
        if self.goes_on().is_some() {
            self.noted.push((at, message.into()));
        }
    }

    /// Notes what can be read, and may not be meant.
    pub fn doubt(&mut self, at: Place, message: impl Into<String>) {
        self.doubted.push((at, message.into()));
    }

    /// All of that, for warnings.
    pub fn doubts(&mut self) -> Vec<(Place, String)> {
        std::mem::take(&mut self.doubted)
    }

    /// How many mistakes were noted so far: whoever reads more tells by it whether there was one.
    pub fn noted(&self) -> usize {
        self.noted.len()
    }

    /// Where something was seen first, as told at `at`: the line, with the file where that is another one.
    pub fn first(&self, first: Place, at: Place) -> String {
        let (line, column) = first.spot().unwrap_or_default();
        match self.sources.get(first.file) {
            Some(source) if first.file != at.file => format!("first in {}:{line}:{column}", source.file),
            _ => format!("first in line {line}"),
        }
    }

    /// Notes the mistakes of a file that this one refers to.
    pub fn absorb<T>(&mut self, read: Result<T, Mistakes>) -> Option<T> {
        read.map_err(|mistakes| self.absorbed.extend(mistakes)).ok()
    }

    /// Where a character of a node's text stands in its file, from 1; `None`: how the text was written does not tell.
    pub fn place_in(&self, node: &Node, character: usize) -> Option<Place> {
        let (source, Value::Text(said)) = (self.sources.get(node.at.file)?, &node.value) else { return None };
        place_of(source.text, node.at, said, character)
    }

    /// Notes a mistake about a value, where there is one.
    pub fn check<T, E: std::fmt::Display>(&mut self, at: Place, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.mistake(at, error.to_string())).ok()
    }

    /// The text of a node that must be text. A number is told apart, because YAML readers change numbers:
    /// quotes keep every digit.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        self.goes_on()?;
        match &node.value {
            Value::Text(text) if text.is_empty() => self.fail(node, format!("{what} is empty")),
            Value::Text(text) => Some(text),
            Value::Whole(_) | Value::Number(_) | Value::Bool(_) => {
                let written = self.written(node.at);
                self.fail(node, format!("{what} must be quoted text: write \"{written}\""))
            }
            other => self.fail(node, format!("{what} must be text, not {}", other.name())),
        }
    }

    /// The text of a node that stands for a thing by its letters: an id, a word, a tag.
    pub fn word<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let text = self.text(node, what)?;
        let one = unseen::check_word(text).and_then(|()| several::check_one(text, self.written(node.at)));
        self.check(node.at, one.map_err(|problem| format!("{what} {problem}")))?;
        Some(text)
    }

    /// The same of an id: what parts several of them is in none.
    pub fn id<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let id = self.word(node, what)?;
        if let Some(problem) = several::parted(id) {
            self.doubt(node.at, format!("{what} {problem}"));
        }
        Some(id)
    }

    /// The text of a node that must be a length of time. A number alone is told what it lacks.
    pub fn duration_text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.value {
            Value::Whole(number) => {
                let forms = ["s", "m", "h", "d"].map(|unit| format!("{number}{unit}"));
                let [seconds, minutes, hours, days] = forms;
                self.fail(node, format!("{what} has a unit: write {seconds}, {minutes}, {hours} or {days}"))
            }
            _ => self.text(node, what),
        }
    }

    /// A whole number, unquoted and in plain digits: who reads `0o10` or `1_0` in a hurry reads ten.
    pub fn whole(&mut self, node: &Node, what: &str) -> Option<u64> {
        self.goes_on()?;
        match &node.value {
            Value::Whole(number) if self.written(node.at) == number.to_string() => Some(*number),
            Value::Whole(_) | Value::Number(_) if has_leading_zeros(self.written(node.at)) => {
                let number = self.written(node.at).trim_start_matches('0');
                let message = format!("{what} must have no leading zeros: write {number}");
                self.fail(node, message)
            }
            Value::Whole(number) => {
                self.fail(node, format!("{what} must be in digits alone: write {number}"))
            }
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
        self.goes_on()?;
        match &node.value {
            Value::List(entries) => Some(entries),
            other => self.fail(node, format!("{what} must be a list, not {}", other.name())),
        }
    }

    /// A mapping's entries, each key once and text.
    pub fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Option<Vec<(&'n str, Place, &'n Node)>> {
        self.goes_on()?;
        let Value::Map(entries) = &node.value else {
            return self.fail(node, format!("{what} must be a mapping, not {}", node.value.name()));
        };
        let mut seen: HashMap<&str, Place> = HashMap::new();
        let mut read = Vec::new();
        for (key, value) in entries {
            let Some(name) = self.text(key, "a name") else { continue };
            if let Some(first) = seen.get(name) {
                let message = format!("{} is there twice: {}", shown(name), self.first(*first, key.at));
                self.mistake(key.at, message);
                continue;
            }
            seen.insert(name, key.at);
            read.push((name, key.at, value));
        }
        Some(read)
    }

    /// Nothing is read any more once there are too many mistakes to tell.
    fn goes_on(&self) -> Option<()> {
        (self.noted.len() < MAX_NOTED_MISTAKES).then_some(())
    }

    fn fail<T>(&mut self, node: &Node, message: String) -> Option<T> {
        self.mistake(node.at, message);
        None
    }

    /// What stands in the file at a place, up to the end of the value.
    fn written(&self, at: Place) -> &str {
        let text = self.sources.get(at.file).map(|source| source.text).unwrap_or_default();
        at.bytes().and_then(|range| text.get(range)).filter(|text| !text.is_empty()).unwrap_or("…").trim()
    }
}

/// Whether these are digits that others read in base eight, or not at all.
fn has_leading_zeros(written: &str) -> bool {
    written.starts_with('0')
        && written.bytes().all(|byte| byte.is_ascii_digit())
        && written.bytes().any(|byte| byte != b'0')
}

/// The mistakes of one file as people see them.
fn drawn<'m>(source: Source<'_>, mut noted: impl Iterator<Item = (Place, &'m str)>) -> Vec<Mistake> {
    let shown = noted.by_ref().take(MAX_SHOWN_MISTAKES);
    let mut mistakes: Vec<Mistake> =
        shown.map(|(at, message)| Mistake::at(source.file, source.text, at, message)).collect();
    mistakes.extend(Mistake::of_others(source.file, noted.count()));
    mistakes
}

/// A file that is named twice is read twice.
fn without_repeats(mistakes: Vec<Mistake>) -> Vec<Mistake> {
    let mut seen = HashSet::new();
    let told = |each: &Mistake| (each.place(), each.message.clone());
    mistakes.into_iter().filter(|each| seen.insert(told(each))).collect()
}
