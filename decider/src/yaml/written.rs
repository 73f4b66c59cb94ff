//! Where a character of a text stands in the file: a text may be written over several lines, in quotes and with escapes.

use super::place::Place;

/// The place of a character of what a value says, from 1; one past the last stands right after it. `text` is the file's.
/// `None`: how the value was written does not tell, as where a character was escaped by its number.
///
/// Folding and indentation change blanks and nothing else. So the characters between them are the same ones in the same
/// order, and where they are not, nothing is concluded.
pub fn place_of(text: &str, value: Place, said: &str, character: usize) -> Option<Place> {
    let range = value.bytes()?;
    let written = text.get(range.clone())?;
    let letters = letters_of(written, said)?;
    let before = said.chars().take(character.saturating_sub(1)).filter(|character| !is_blank(*character));
    let (start, _) = match letters.get(before.count()) {
        Some(letter) => *letter,
        None => letters.last().map(|(start, character)| (start.saturating_add(character.len_utf8()), ' '))?,
    };
    at_byte(value.file, text, range.start.checked_add(start)?)
}

/// A character that is no blank, after the byte where it is written.
type Letter = (usize, char);

/// Those of a value as it is written, if what it says has the same ones.
fn letters_of(written: &str, said: &str) -> Option<Vec<Letter>> {
    let is_said = |letters: &Vec<Letter>| {
        let said = said.chars().filter(|character| !is_blank(*character));
        letters.iter().map(|(_, character)| *character).eq(said)
    };
    let plain = written.char_indices().filter(|(_, character)| !is_blank(*character)).collect();
    Some(plain).filter(is_said).or_else(|| quoted(written).filter(is_said))
}

/// What stands between quotes.
fn quoted(written: &str) -> Option<Vec<Letter>> {
    let quote = written.chars().next().filter(|first| ['\'', '"'].contains(first))?;
    let mut characters = written.char_indices().skip(1);
    let mut letters = Vec::new();
    loop {
        let (start, character) = characters.next()?;
        let meant = match character {
            // In single quotes it stands twice for itself.
            '\'' if quote == '\'' => match characters.next() {
                Some((_, '\'')) => '\'',
                _ => return Some(letters),
            },
            '"' if quote == '"' => return Some(letters),
            '\\' if quote == '"' => escaped(characters.next()?.1)?,
            other => other,
        };
        if !is_blank(meant) {
            letters.push((start, meant));
        }
    }
}

/// What a backslash before this stands for, where that is this.
fn escaped(character: char) -> Option<char> {
    let is_itself = ['"', '\\', '/'].contains(&character) || is_blank(character);
    is_itself.then_some(character)
}

/// What a value in YAML is indented by and folded at.
fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

fn at_byte(file: usize, text: &str, byte: usize) -> Option<Place> {
    let before = text.get(..byte)?;
    let before = before.strip_prefix('\u{feff}').unwrap_or(before);
    let lines = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count();
    let from_one = |count: usize| u32::try_from(count.saturating_add(1)).ok();
    Some(Place::at(file, from_one(lines)?, from_one(column)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::yaml::{Node, Value, parse};

    /// The value of `k`, which stands alone in the file.
    fn value_in(text: &str) -> (Node, String) {
        let node = parse("x.yaml", text).unwrap_or_else(|mistakes| panic!("{text:?}: {mistakes}"));
        let Value::Map(mut entries) = node.value else { panic!("{text}") };
        let (_, node) = entries.pop().unwrap();
        let Value::Text(said) = node.value.clone() else { panic!("{text}") };
        (node, said)
    }

    /// What stands in the file from where the first `y` of the value is placed, up to the end of the line.
    fn from_y(text: &str) -> Option<String> {
        let (node, said) = value_in(text);
        let character = said.chars().position(|character| character == 'y').unwrap() + 1;
        let (line, column) = super::place_of(text, node.at, &said, character)?.spot().unwrap();
        let line = text.lines().nth(usize::try_from(line).unwrap() - 1).unwrap();
        Some(line.trim_start_matches('\u{feff}').chars().skip(usize::try_from(column).unwrap() - 1).collect())
    }

    #[test]
    fn a_character_is_found_however_the_text_is_written() {
        for text in [
            "k: xé  y1",
            "\u{feff}k: x y1",
            "k: x\n  x\n\n  y1\n",
            "k:\r\n  x\r\n  y1\r\n",
            "k:   'x y1'",
            "k: 'it''s x\n\n  y1'",
            r#"k: "x y1""#,
            r#"k: "\"x\\x\/\" y1""#,
            "k: \"x\\\n  \\ \\\n  y1\"",
            "k: |\n  x\n   y1\n",
            "k: |2-  # why\n    x\n  y1",
            "k: >\n\n  x\n   x\n\n  y1\n\n",
            "k: >+\n  'x' \"y1",
            "k: >\n  'x' y1'",
        ] {
            assert_eq!(
                from_y(text).map(|from| from.trim_end_matches(['"', '\'']).to_owned()).as_deref(),
                Some("y1"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn the_end_is_right_after_the_last_character() {
        for (text, expected) in [("k: ab", (1, 6)), ("k: 'ab '", (1, 7)), ("k: |\n  ab\n  cd \n\n", (3, 5))] {
            let (node, said) = value_in(text);
            let place = super::place_of(text, node.at, &said, said.chars().count() + 1).unwrap();
            assert_eq!(place.spot(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn nothing_is_concluded_from_what_reads_otherwise_than_it_is_written() {
        for text in [r#"k: "\x78 y""#, r#"k: "\u00e9 y""#, r#"k: "\_ y""#] {
            assert_eq!(from_y(text), None, "{text}");
        }
        let (node, _) = value_in("k: xy");
        assert_eq!(super::place_of("k: xy", node.at, "yx", 1), None);
        assert_eq!(super::place_of("k: xy", crate::yaml::Place::at(0, 1, 4), "xy", 1), None);
    }

    proptest! {
        /// Wherever a place is told, that character stands there.
        #[test]
        fn no_other_character_is_told(said in "[ab'\"\\\\ é\n]{1,12}", style in 0..4_usize) {
            let text = match style {
                0 => format!("k: '{}'", said.replace('\'', "''").replace('\n', "\n\n  ")),
                1 => format!("k: {}", serde_json::to_string(&said).unwrap()),
                2 => format!("k: |2\n  {}\n", said.replace('\n', "\n  ")),
                _ => format!("k: >2\n  {}\n", said.replace('\n', "\n  ")),
            };
            let (node, said) = value_in(&text);
            for (number, character) in said.chars().enumerate().filter(|(_, character)| !super::is_blank(*character)) {
                let Some(place) = super::place_of(&text, node.at, &said, number + 1) else { continue };
                let (line, column) = place.spot().unwrap();
                let line = text.split('\n').nth(usize::try_from(line).unwrap() - 1).unwrap();
                let there: String = line.chars().skip(usize::try_from(column).unwrap() - 1).take(2).collect();
                prop_assert!(there.trim_start_matches('\\').starts_with(character) || there.starts_with(character), "{text:?} {number}");
            }
        }
    }
}
