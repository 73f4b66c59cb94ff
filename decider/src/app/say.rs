//! Printing. The reader may go away, and a disk may be full: neither is a fault of this program.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _, stderr, stdout};

use super::cli::Exit;
use crate::shown::visible_lines;

/// Prints on standard output, and ends as told. A reader who has seen enough changes nothing of that; what cannot be
/// written is a failure.
pub fn out(text: impl Display, exit: Exit) -> Exit {
    match write!(stdout(), "{text}").and_then(|()| stdout().flush()) {
        Ok(()) => exit,
        Err(error) if is_closed(&error) => exit,
        Err(error) => wrong(format_args!("standard output cannot be written: {error}")),
    }
}

/// Whether nobody reads any more.
pub fn is_closed(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

/// Says what went wrong.
pub fn wrong(what: impl Display) -> Exit {
    err(format_args!("decider: {what}\n"));
    Exit::Failure
}

/// Prints on standard error, where nothing is in colour. Where that cannot be written, there is nowhere to say so.
pub fn err(text: impl Display) {
    let _ = write!(stderr(), "{}", visible_lines(&text.to_string()));
}
