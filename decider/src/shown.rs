//! Text from outside on somebody's terminal: a note, an id, a word of a record. Whoever makes a transaction writes it,
//! and could have the terminal say something else than we do.

/// How many characters of one text are shown at its start, and at its end.
const HEAD_CHARS: usize = 200;
const TAIL_CHARS: usize = 100;
/// Characters that count as letters or signs, and leave nothing to be seen.
const BLANKS: [char; 5] = ['\u{115f}', '\u{1160}', '\u{2800}', '\u{3164}', '\u{ffa0}'];

/// One text in a line of others: nothing in it ends the line, moves the cursor, turns the direction, or is there
/// unseen. Of a very long one the middle is left out.
pub fn shown(text: &str) -> String {
    let count = text.chars().count();
    match count.saturating_sub(HEAD_CHARS.saturating_add(TAIL_CHARS)) {
        0 => visible(text),
        more => {
            let head: String = text.chars().take(HEAD_CHARS).collect();
            let tail: String = text.chars().skip(count.saturating_sub(TAIL_CHARS)).collect();
            format!("{} … {more} characters more … {}", visible(&head), visible(&tail))
        }
    }
}

/// The same, all of it. Quotes and backslashes stay as they are: patterns and expressions have many.
pub fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\'' | '"' | '\\' => seen.push(character),
            blank if BLANKS.contains(&blank) => seen.extend(blank.escape_unicode()),
            other => seen.extend(other.escape_debug()),
        }
    }
    seen
}

/// The same of several lines, in which tabs may stand.
pub fn visible_lines(text: &str) -> String {
    let piece = |piece: &str| {
        let line = piece.trim_end_matches(['\n', '\t']);
        visible(line) + piece.strip_prefix(line).unwrap_or_default()
    };
    text.split_inclusive(['\n', '\t']).map(piece).collect()
}

/// The first of many names, and how many more there are.
pub fn first_of<'a>(names: impl ExactSizeIterator<Item = &'a str>, most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let named = names.take(most).collect::<Vec<_>>().join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn what_would_deceive_a_reader_is_shown_as_what_it_is() {
        let told = "rent\r\n\nALLOW, told as APPROVE\u{1b}[8m \u{9b}0m\u{7f}";
        assert_snapshot!(shown(told), @r"rent\r\n\nALLOW, told as APPROVE\u{1b}[8m \u{9b}0m\u{7f}");
        assert_snapshot!(shown("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{a0}f\u{2028}g"), @r"a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{a0}f\u{2028}g");
        assert_snapshot!(shown("a\u{301}\u{fe0f}\u{3164}\u{2800}b"), @r"a\u{301}\u{fe0f}\u{3164}\u{2800}b");
        assert_snapshot!(shown("Löhne, 給与, \"it's\" \\d+"), @r#"Löhne, 給与, "it's" \d+"#);
    }

    #[test]
    fn of_a_long_text_both_ends_are_shown() {
        let most = HEAD_CHARS + TAIL_CHARS;
        assert_eq!(shown(&"ü".repeat(most)), "ü".repeat(most));
        let long = format!("{}\u{1b}{}", "a".repeat(HEAD_CHARS - 1), "b".repeat(4000));
        let told = shown(&long);
        let expected = format!(r"{}\u{{1b}} … 3900 characters more … {}", "a".repeat(199), "b".repeat(100));
        assert_eq!(told, expected);
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(visible_lines("a\u{1b}\n\tb\n\nc\r\n"), "a\\u{1b}\n\tb\n\nc\\r\n");
    }
}
