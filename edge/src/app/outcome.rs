//! How a command tells what came out of it.

use std::{
    fmt::Display,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::ValueEnum;

use crate::config::Mistake;

/// What was asked for failed: a start over an address that is taken, for one.
pub(super) const EXIT_FAILED: u8 = 1;
/// Bad usage (`EX_USAGE`).
pub(super) const EXIT_USAGE: u8 = 64;
/// Standard output cannot be written (`EX_IOERR`).
const EXIT_OUTPUT: u8 = 74;
/// Bad configuration (`EX_CONFIG`).
pub(super) const EXIT_CONFIG: u8 = 78;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Output {
    Text,
    Json,
}

/// Prints what was asked for; `code` is how that came out. A reader that has seen enough, such as `head`, changes nothing.
pub(super) fn print(text: impl Display, code: ExitCode) -> ExitCode {
    let mut out = io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            say(format_args!("edge: cannot write to standard output: {error}"));
            ExitCode::from(EXIT_OUTPUT)
        }
        _ => code,
    }
}

/// Says a line on standard error. Where that cannot be written, nobody is left to be told.
pub(super) fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Each on a line, for people.
pub(super) fn tell(mistakes: &[Mistake]) {
    mistakes.iter().for_each(say);
}
