//! Patterns over text that a sender chose: each must match the whole of it.

use std::fmt;

use regex_automata::meta::{BuildError, Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;

/// A regular expression over a whole text, upper and lower case kept apart; `.` is any character. Two are equal that
/// were written alike.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    whole: Regex,
}

/// Why text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Longer than [`MAX_PATTERN_BYTES`].
    #[error("a pattern has at most {MAX_PATTERN_BYTES} bytes: split it into several")]
    TooLong,
    /// What it stands for is larger than is compiled.
    #[error("this pattern stands for too much: use smaller numbers in {{}}, and [0-9] for \\d")]
    TooLarge,
    /// Not a regular expression.
    #[error("this is not a regular expression: {0}")]
    Syntax(String),
}

/// The longest pattern, in bytes as written.
pub const MAX_PATTERN_BYTES: usize = 256;
/// The most that a compiled pattern may take, in bytes: `{1000}` inside `{1000}` is short to write.
pub const MAX_COMPILED_BYTES: usize = 256 * 1024;
/// The most that the states may take which a search makes up as it goes, in bytes. What needs more goes on without them,
/// slower.
const MAX_SEARCH_BYTES: usize = 256 * 1024;

impl Pattern {
    /// Reads a pattern in the syntax of the `regex-syntax` crate.
    ///
    /// # Errors
    /// It is too long, too large, or no regular expression.
    pub fn parse(source: &str) -> Result<Self, PatternError> {
        if source.len() > MAX_PATTERN_BYTES {
            return Err(PatternError::TooLong);
        }
        // Alone first: "a)|(b" is no pattern, and would become another one between brackets.
        compile(source)?;
        Ok(Self { source: source.to_owned(), whole: compile(&format!(r"\A(?:{source})\z"))? })
    }

    /// What it takes in memory, in bytes: a short pattern can take a thousand times its length.
    pub fn bytes(&self) -> usize {
        self.whole.memory_usage()
    }

    /// Whether it matches from the first character to the last.
    pub fn matches(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.source)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

fn compile(source: &str) -> Result<Regex, PatternError> {
    // Only whether it matches is asked for. What finds groups faster would take the most memory, and is bounded by
    // nothing here.
    let config = Config::new()
        .which_captures(WhichCaptures::None)
        .onepass(false)
        .nfa_size_limit(Some(MAX_COMPILED_BYTES))
        .hybrid_cache_capacity(MAX_SEARCH_BYTES);
    // Who writes the text could else hide the rest of it from a deny rule behind a line break.
    let syntax = syntax::Config::new().dot_matches_new_line(true);
    Regex::builder().configure(config).syntax(syntax).build(source).map_err(|error| told(&error))
}

fn told(error: &BuildError) -> PatternError {
    let Some(syntax) = error.syntax_error() else { return PatternError::TooLarge };
    // The last line says what; those above draw it.
    let text = syntax.to_string();
    let last = text.lines().last().unwrap_or_default();
    PatternError::Syntax(last.trim_start_matches("error: ").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(source: &str, text: &str) -> bool {
        Pattern::parse(source).unwrap().matches(text)
    }

    #[test]
    fn the_whole_text_must_match() {
        assert!(matches("payroll-[0-9]+", "payroll-7"));
        for text in ["payroll-", "a payroll-7", "payroll-7 ", "payroll-7\n", "\npayroll-7", "Payroll-7", ""] {
            assert!(!matches("payroll-[0-9]+", text), "{text:?}");
        }
    }

    #[test]
    fn no_alternative_and_no_flag_escapes_from_the_whole() {
        assert!(!matches("a|b", "ab") && matches("a|b", "b"));
        assert!(
            !matches("a|ab", "abc") && matches("a|ab", "ab"),
            "the longer one, where the shorter is first"
        );
        assert!(!matches("(?m)^a$", "a\nb") && matches("(?m)^a$", "a"));
        assert!(matches("(?i)a", "A"));
    }

    #[test]
    fn a_line_break_hides_nothing() {
        for text in ["a scam", "a scam\nb", "a\nscam", "\r\nscam\n"] {
            assert!(matches(".*scam.*", text), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        let error = |source: &str| Pattern::parse(source).unwrap_err().to_string();
        insta::assert_snapshot!(error("a)|(?:b"), @"this is not a regular expression: unopened group");
        insta::assert_snapshot!(error("(?x)a # comment"), @"this is not a regular expression: unclosed group");
        insta::assert_snapshot!(error("[a"), @"this is not a regular expression: unclosed character class");
        insta::assert_snapshot!(error("(a{1000}){1000}"), @r"this pattern stands for too much: use smaller numbers in {}, and [0-9] for \d");
        insta::assert_snapshot!(error(&"a".repeat(257)), @"a pattern has at most 256 bytes: split it into several");
    }

    #[test]
    fn a_pattern_knows_what_it_takes() {
        let bytes = |source: &str| Pattern::parse(source).unwrap().bytes();
        assert!(bytes("payroll-[0-9]+") < 4_096, "{}", bytes("payroll-[0-9]+"));
        for source in ["[0-g]{3000}", "([0-g]{3000})", "(([0-g])){3000}", r"\b([0-g]{3000})\b"] {
            let taken = bytes(source);
            assert!((100_000..2 * MAX_COMPILED_BYTES).contains(&taken), "{source}: {taken}");
        }
    }
}
