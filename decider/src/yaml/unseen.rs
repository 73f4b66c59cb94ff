//! Characters that nobody sees who reviews a file, and that change what it says: a lone carriage return ends a comment,
//! and marks of direction show a line in another order than it is read in.

use super::mistakes::{MAX_SHOWN_MISTAKES, Mistake, Mistakes};
use super::names::shown;
use super::place::Place;

/// That there are none.
///
/// # Errors
/// Each of them with its place.
pub fn check(file: &str, text: &str) -> Result<(), Mistakes> {
    // At the start it says only that this is UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let mut mistakes = (1_u32..).zip(lines).flat_map(|(number, line)| in_line(file, number, line));
    let mut shown: Vec<Mistake> = mistakes.by_ref().take(MAX_SHOWN_MISTAKES).collect();
    shown.extend(Mistake::of_others(file, mistakes.count()));
    Mistakes::from_list(shown)
}

/// That a text shows as it is read: what stands for a thing by its letters stands for nothing with one more that nobody sees.
///
/// # Errors
/// It begins or ends with a blank or a typographic quote, or holds what does not show: what to do, beginning with the text.
pub fn check_word(text: &str) -> Result<(), String> {
    let word = shown(text);
    if text.trim() != text {
        return Err(format!("\"{word}\" begins or ends with a blank: take the blank out"));
    }
    if text.starts_with(is_typographic) || text.ends_with(is_typographic) {
        return Err(format!("\"{word}\" is in quotes that are part of it: write plain ones, \" or '"));
    }
    hidden_in(text).map_or(Ok(()), |code| {
        Err(format!("\"{word}\" holds U+{code:04X}, which does not show: take it out"))
    })
}

/// The same of a pattern, whose blanks are part of it. In double quotes YAML reads `\b` as a character that no text has.
///
/// # Errors
/// It holds what does not show: what to do.
pub fn check_pattern(text: &str) -> Result<(), String> {
    hidden_in(text).map_or(Ok(()), |code| {
        Err(format!(
            "the pattern holds U+{code:04X}, which does not show: write it in one line and in single quotes, where YAML leaves \\ as it is, and what does not show as \\x{{{code:04X}}}"
        ))
    })
}

/// Quotes as word processors and languages write them, which YAML takes for letters.
fn is_typographic(quote: char) -> bool {
    matches!(quote, '\u{2018}'..='\u{201f}' | '«' | '»' | '‹' | '›' | '`' | '´')
}

fn hidden_in(text: &str) -> Option<u32> {
    let is_hidden = |character: &char| {
        is_unseen(*character) || is_ignorable(*character) || character.is_whitespace() && *character != ' '
    };
    text.chars().find(is_hidden).map(u32::from)
}

fn in_line<'a>(file: &'a str, number: u32, line: &'a str) -> impl Iterator<Item = Mistake> + 'a {
    let unseen = (1_u32..).zip(line.chars()).filter(|(_, character)| is_unseen(*character));
    unseen.map(move |(column, character)| {
        let code = u32::from(character);
        let escape = if code < 0x100 { format!("\\x{code:02X}") } else { format!("\\u{code:04X}") };
        let message =
            format!("U+{code:04X} does not show, and is read: remove it, or write it in quotes as {escape}");
        Mistake::in_line(file, line, Place::at(0, number, column), message)
    })
}

/// Control characters, line breaks that do not look like one, marks of direction, and what has no width.
fn is_unseen(character: char) -> bool {
    match character {
        '\t' => false,
        '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{feff}' => true,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' => true,
        other => other.is_control(),
    }
}

/// What is drawn as nothing where it stands alone (Unicode, `Default_Ignorable_Code_Point`) and may stand in a comment, as
/// the selectors of an emoji do.
fn is_ignorable(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        check("x.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn what_does_not_show_is_told_with_its_place() {
        let text = "a: 1\n# nobody else\r  - {id: hidden}\r\nb: \"x\u{202e}y\"\nc: \u{2066}d";
        insta::assert_snapshot!(refused(text), @r#"
        x.yaml:2:14: U+000D does not show, and is read: remove it, or write it in quotes as \x0D
        2 | # nobody else   - {id: hidden}
          |              ^
        x.yaml:3:6: U+202E does not show, and is read: remove it, or write it in quotes as \u202E
        3 | b: "x�y"
          |      ^
        x.yaml:4:4: U+2066 does not show, and is read: remove it, or write it in quotes as \u2066
        4 | c: �d
          |    ^
        "#);
    }

    #[test]
    fn words_hold_nothing_that_does_not_show() {
        for word in ["7", "the intern", "Müller", "ключ", "a-b_c.d", ""] {
            assert_eq!(check_word(word), Ok(()), "{word:?}");
        }
        for word in ["“7”", "„7“", "‘7’", "«7»", "`7`"] {
            assert!(check_word(word).unwrap_err().ends_with("write plain ones, \" or '"), "{word}");
        }
        assert_eq!(check_word("O’Hara"), Ok(()));
        for word in [" 7", "7 ", "7\n", "\t7", "7\u{a0}", "\u{3000}7", " "] {
            assert!(
                check_word(word).unwrap_err().ends_with("begins or ends with a blank: take the blank out")
            );
        }
        for word in [
            "7\u{200b}",
            "\u{feff}7",
            "7\t7",
            "7\n7",
            "7\u{a0}7",
            "7\0",
            "7\u{ad}",
            "7\u{fe0f}",
            "\u{e0041}7",
        ] {
            assert!(check_word(word).unwrap_err().ends_with("which does not show: take it out"), "{word:?}");
        }
    }

    #[test]
    fn ends_of_lines_tabs_and_letters_of_any_script_show() {
        for text in ["a: 1\r\nb: 2\r\n", "\u{feff}a: 1", "a:\t1", "# שלום, 你好, é", "a: 1\r"] {
            assert_eq!(check("x.yaml", text), Ok(()), "{text:?}");
        }
    }
}
