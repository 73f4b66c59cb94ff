//! Characters that nobody sees, and that change how a text shows or where its lines end.

/// Whether `c` is no character that shows by itself: of control, of format (marks of direction, what has no width), a
/// blank that is not the usual one, a mark that joins the letter before it. Letters of all scripts, quotes and the
/// backslash show.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    !matches!(c, '"' | '\'' | '\\') && c.escape_debug().len() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_show_is_unseen() {
        for c in [
            '\0',
            '\t',
            '\n',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{a0}',
            '\u{ad}',
            '\u{61c}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{2029}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            assert!(is_unseen(c), "{c:?}");
        }
        assert!("aZ09 \"'\\/<>{}~ößñ給שд☃€".chars().all(|c| !is_unseen(c)));
    }
}
