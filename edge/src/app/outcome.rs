//! How a command tells what came out of it.

use clap::ValueEnum;

use crate::config::Mistake;

/// What was asked for failed: a start over an address that is taken, for one.
pub(super) const EXIT_FAILED: u8 = 1;
/// Bad usage (`EX_USAGE`).
pub(super) const EXIT_USAGE: u8 = 64;
/// Bad configuration (`EX_CONFIG`).
pub(super) const EXIT_CONFIG: u8 = 78;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Output {
    Text,
    Json,
}

/// Each on a line, for people.
pub(super) fn tell(mistakes: &[Mistake]) {
    for mistake in mistakes {
        eprintln!("{mistake}");
    }
}
