//! Text with words in double braces, as the recipes write it: `{{id}}`, `{{repeat 1000 [}}`, `{{bytes ff}}`.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// What words stand for.
#[derive(Debug, Clone, Default)]
pub struct Words(HashMap<String, Vec<u8>>);

impl Words {
    /// Lets a word stand for these bytes.
    pub fn put(&mut self, word: &str, bytes: impl Into<Vec<u8>>) {
        self.0.insert(word.to_owned(), bytes.into());
    }

    /// The text with its words replaced.
    pub fn expand(&self, text: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, from)) = split_at_word(rest) {
            let (word, after) =
                from.split_once("}}").unwrap_or_else(|| panic!("a word does not end: {text}"));
            out.extend_from_slice(before.as_bytes());
            out.extend(self.word(word));
            rest = after;
        }
        out.extend_from_slice(rest.as_bytes());
        out
    }

    /// The same where the bytes are text.
    pub fn expand_text(&self, text: &str) -> String {
        String::from_utf8(self.expand(text)).unwrap_or_else(|_| panic!("must be text: {text}"))
    }

    fn word(&self, word: &str) -> Vec<u8> {
        match word.split_once(' ') {
            Some(("repeat", count_and_text)) => repeat(count_and_text),
            Some(("bytes", hex)) => bytes(hex),
            Some(("in", seconds)) => moment(seconds).into_bytes(),
            _ => self.0.get(word).unwrap_or_else(|| panic!("nothing is called {{{{{word}}}}}")).clone(),
        }
    }
}

/// Of three braces the first is one of JSON.
fn split_at_word(text: &str) -> Option<(&str, &str)> {
    let braces = text.find("{{")?;
    let more = text[braces + 2..].bytes().take_while(|byte| *byte == b'{').count();
    Some((&text[..braces + more], &text[braces + more + 2..]))
}

fn repeat(count_and_text: &str) -> Vec<u8> {
    let (count, text) = count_and_text.split_once(' ').expect("{{repeat COUNT TEXT}}");
    text.repeat(count.parse().expect("a count")).into_bytes()
}

/// Hexadecimal text as bytes; blanks are for the reader.
pub fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    let pair =
        |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap_or_else(|_| panic!("hex: {hex}"));
    (0..digits.len()).step_by(2).map(pair).collect()
}

/// So many seconds from now, as seconds since 1970.
fn moment(seconds: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    now.saturating_add_signed(seconds.parse().expect("seconds")).to_string()
}

#[test]
fn words_stand_for_what_they_say() {
    let mut words = Words::default();
    words.put("id", "r-1");
    let expanded = |text: &str| words.expand(text);
    assert_eq!(expanded(r#"{"a":{"b":"{{id}}"}}"#), br#"{"a":{"b":"r-1"}}"#);
    assert_eq!(expanded("{{{id}}}"), b"{r-1}");
    assert_eq!(expanded("{{repeat 3 [ }}x"), b"[ [ [ x");
    assert_eq!(expanded("{{bytes ff 00}}"), b"\xff\0");
    assert!(expanded("{{in -60}}") < expanded("{{in 60}}"));
}
