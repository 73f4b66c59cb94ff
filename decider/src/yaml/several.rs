//! Several words that are written as one: each of them would be nobody's.

use super::names::shown;

/// What stands between several.
const PARTS: [char; 2] = [',', ';'];

/// That a word is one, `written` being how it stands in the file: without quotes a blank or the end of a line is as often
/// a comma left out.
///
/// # Errors
/// It is not certain to be one: what to do, beginning with the word.
pub fn check_one(word: &str, written: &str) -> Result<(), String> {
    let is_quoted = written.starts_with(['"', '\'']) && !written.contains('\n');
    if is_quoted || !word.contains(' ') {
        return Ok(());
    }
    Err(format!(
        "\"{}\" has a blank in it: write several with commas between them, and one with a blank in quotes and in one line",
        shown(word)
    ))
}

/// What is said of an id that may be several, beginning with the id.
pub fn parted(id: &str) -> Option<String> {
    let part = id.chars().find(|character| PARTS.contains(character))?;
    Some(format!(
        "\"{}\" has \"{part}\" in it: if these are several, write each of them by itself",
        shown(id)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_a_blank_is_one_in_quotes_and_in_one_line() {
        for (word, written) in [("a", "a"), ("a b", "\"a b\""), ("a b", "'a b'"), ("a;b", "a;b")] {
            assert_eq!(check_one(word, written), Ok(()), "{written}");
        }
        for (word, written) in
            [("a b", "a b"), ("a b", "a\n  b"), ("a b", "\"a\n  b\""), ("a b", ">-\n  a b")]
        {
            assert!(check_one(word, written).is_err(), "{written}");
        }
    }

    #[test]
    fn what_parts_several_ids_is_in_none() {
        assert_eq!(parted("0e5b-7: a/b|c"), None);
        assert!(parted("a, b").is_some() && parted("a;b").is_some());
    }
}
