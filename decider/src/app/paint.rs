//! Colours and signs, where somebody looks at a terminal.

use std::io::{IsTerminal, stdout};

/// How standard output is written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    colours: bool,
}

impl Paint {
    /// Neither in files nor where somebody does not want them (<https://no-color.org>).
    pub fn of_stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colours: stdout().is_terminal() && !unwanted }
    }

    /// Nothing but text.
    #[cfg(test)]
    pub const fn plain() -> Self {
        Self { colours: false }
    }

    /// What is well: green.
    pub fn good(self, text: &str) -> String {
        self.in_colour("32", text)
    }

    /// What is not: red.
    pub fn bad(self, text: &str) -> String {
        self.in_colour("31", text)
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
        let colourful = Paint { colours: true };
        assert_eq!(colourful.good("ok"), "\x1b[32mok\x1b[0m");
        assert_eq!(colourful.bad("FAILED"), "\x1b[31mFAILED\x1b[0m");
        assert_eq!(Paint::plain().bad("FAILED"), "FAILED");
    }
}
