//! The decider: says what may be signed, reserves it, and records why. `decider --help` says how.

use std::process::ExitCode;
use std::sync::Arc;

use decider::app::{self, cli};
use decider::clock::SystemClock;

fn main() -> ExitCode {
    match cli::parse(std::env::args_os()) {
        Ok(command) => app::main(command, Arc::new(SystemClock::new())),
        Err(exit) => exit.into(),
    }
}
