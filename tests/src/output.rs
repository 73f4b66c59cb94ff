//! What the commands print, whoever reads it.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};

/// Standard output cannot be written (sysexits.h).
pub const EXIT_OUTPUT: u8 = 74;

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub struct Error(#[from] io::Error);

impl Error {
    /// Whether the reader has seen enough, as `head` has after some lines: that is no failure.
    pub fn is_closed(&self) -> bool {
        self.0.kind() == ErrorKind::BrokenPipe
    }
}

/// Prints on standard output.
pub fn print(text: impl Display) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    write!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Says something on standard error. Where that cannot be written, nobody is left to be told.
pub fn say(text: impl Display) {
    let _ = write!(io::stderr(), "{text}");
}
