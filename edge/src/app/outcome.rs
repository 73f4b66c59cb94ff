//! Output and exit codes of the commands.

use std::{
    fmt::Display,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::ValueEnum;

use crate::config::Mistake;

/// The command failed, such as a start with an address that is in use.
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

/// Prints the output of a command and returns its exit code. A reader that closes the pipe early, such as `head`, is no
/// error.
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

/// Prints a line to standard error. Where that fails there is no other place to report it.
pub(super) fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Each on a line, for people.
pub(super) fn tell(mistakes: &[Mistake]) {
    mistakes.iter().for_each(say);
}
