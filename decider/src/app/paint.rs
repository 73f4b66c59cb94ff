//! Colours and signs, where somebody looks at a terminal.

use std::io::{IsTerminal, stdout};

/// How standard output is written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    colours: bool,
    signs: bool,
}

impl Paint {
    /// Neither in files nor where somebody does not want them (<https://no-color.org>).
    pub fn of_stdout() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
        let unicode = ["utf-8", "utf8"].iter().any(|name| locale.to_lowercase().ends_with(name));
        let terminal = stdout().is_terminal();
        Self { colours: terminal && set("NO_COLOR").is_none(), signs: terminal && unicode }
    }

    /// Nothing but text.
    #[cfg(test)]
    pub const fn plain() -> Self {
        Self { colours: false, signs: false }
    }

    /// What is well: green.
    pub fn good(self, text: &str) -> String {
        self.in_colour("32", text)
    }

    /// What is not: red.
    pub fn bad(self, text: &str) -> String {
        self.in_colour("31", text)
    }

    /// What nobody can tell: yellow.
    pub fn doubtful(self, text: &str) -> String {
        self.in_colour("33", text)
    }

    /// The sign of what holds.
    pub const fn yes(self) -> &'static str {
        if self.signs { "✓" } else { "+" }
    }

    /// The sign of what does not.
    pub const fn no(self) -> &'static str {
        if self.signs { "✗" } else { "-" }
    }

    fn in_colour(self, code: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_end_where_the_text_ends() {
        let colourful = Paint { colours: true, signs: true };
        assert_eq!(colourful.good("ok"), "\x1b[32mok\x1b[0m");
        assert_eq!(colourful.bad("FAILED"), "\x1b[31mFAILED\x1b[0m");
        assert_eq!(colourful.doubtful("?"), "\x1b[33m?\x1b[0m");
        assert_eq!((colourful.yes(), colourful.no()), ("✓", "✗"));
        let plain = Paint::plain();
        assert_eq!((plain.bad("FAILED").as_str(), plain.yes(), plain.no()), ("FAILED", "+", "-"));
    }
}
