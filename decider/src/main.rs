//! The decider: says what may be signed, reserves it, and records why. `decider --help` says how.

use std::process::ExitCode;
use std::sync::Arc;

use decider::app::{self, cli};
use decider::clock::SystemClock;

/// A decision makes hundreds of small values on one thread that another one drops.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::parse(std::env::args_os()) {
        Ok(command) => app::main(command, Arc::new(SystemClock::new())),
        Err(exit) => exit.into(),
    }
}
