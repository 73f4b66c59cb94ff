//! The command line: `edge run`, `edge check` and `edge keys`.

mod check;
mod keys;
mod scheduling;
mod serve;
mod outcome;

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Args, Parser, Subcommand, error::ErrorKind};
use thiserror::Error;
use tokio::runtime::{Builder, Runtime};

use crate::{
    config::{Config, Mistake},
    telemetry::{Telemetry, TelemetryError},
};

use outcome::{EXIT_CONFIG, EXIT_FAILED, EXIT_USAGE, Output, say, tell};
pub use serve::{HangUps, Signals, StartError, Started, start};

/// Longest wait at the end for a file that is still being read.
const READING_TIMEOUT: Duration = Duration::from_millis(500);

const EXAMPLES: &str = "\
Examples:
  edge check --config edge.yaml                  every mistake in the file and the files it names
  edge check --config edge.yaml --output json    the same for programs
  edge run --config edge.yaml                    serve until SIGTERM or Ctrl-C
  EDGE_CONFIG=edge.yaml RUST_LOG=debug edge run
  kill -HUP PID                                  take changed files now rather than in some seconds
  edge keys new --out reply_private.pem          a key that signs replies; `edge keys --help` has more

Exit codes: 0 fine, 1 failed start, 64 bad usage, 74 output cannot be written,
78 bad configuration.";

#[derive(Debug, Parser)]
#[command(name = "edge", version, about = "The HTTPS service that a Fireblocks API Co-signer calls", after_help = EXAMPLES)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve callbacks until SIGTERM or Ctrl-C
    #[command(after_help = EXAMPLES)]
    Run(ConfigFile),
    /// Check the configuration and every file it names; bind nothing
    #[command(after_help = EXAMPLES)]
    Check {
        #[command(flatten)]
        file: ConfigFile,
        /// How mistakes are printed
        #[arg(long, value_enum, default_value_t = Output::Text)]
        output: Output,
    },
    /// Make reply keys; show what to paste into the Console
    #[command(subcommand)]
    Keys(keys::Keys),
}

#[derive(Debug, Args)]
struct ConfigFile {
    /// The configuration file (YAML)
    #[arg(long, value_name = "FILE", env = "EDGE_CONFIG")]
    config: PathBuf,
}

/// Runs the command line `args`, the program's name first.
#[must_use]
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match CommandLine::try_parse_from(args) {
        Ok(CommandLine { command: Command::Run(file) }) => run(&file),
        Ok(CommandLine { command: Command::Check { file, output } }) => check::check(&file.config, output),
        Ok(CommandLine { command: Command::Keys(what) }) => keys::run(what),
        Err(error) => {
            let _ = error.print();
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
                _ => ExitCode::from(EXIT_USAGE),
            }
        }
    }
}

fn run(file: &ConfigFile) -> ExitCode {
    match serve(&file.config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(RunError::Config(mistakes)) => {
            tell(&mistakes);
            ExitCode::from(EXIT_CONFIG)
        }
        Err(error) => {
            say(format_args!("edge: {error}"));
            ExitCode::from(EXIT_FAILED)
        }
    }
}

#[derive(Debug, Error)]
enum RunError {
    #[error("the configuration has mistakes")]
    Config(Vec<Mistake>),
    #[error("the runtime cannot be started: {0}")]
    Runtime(io::Error),
    #[error("signals cannot be listened for: {0}")]
    Signals(io::Error),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error(transparent)]
    Start(#[from] StartError),
}

fn serve(file: &Path) -> Result<(), RunError> {
    scheduling::let_signatures_finish();
    let runtime = runtime().map_err(RunError::Runtime)?;
    // Before anything is read: a SIGHUP that comes too early must not end us.
    let hang_ups = runtime.block_on(async { HangUps::listen() }).map_err(RunError::Signals)?;
    let config = Config::load(file).map_err(RunError::Config)?;
    let ended = runtime.block_on(async {
        let telemetry = Telemetry::start()?;
        let ended = serve_until_signal(config, hang_ups).await;
        telemetry.stop().await;
        ended
    });
    // A read that hangs, of a disk that is gone for example, is not waited for.
    runtime.shutdown_timeout(READING_TIMEOUT);
    ended
}

fn runtime() -> io::Result<Runtime> {
    match std::thread::available_parallelism().map_or(1, usize::from) {
        // With one core there is nothing to gain from handing work between threads.
        1 => Builder::new_current_thread().enable_all().build(),
        cores => Builder::new_multi_thread().worker_threads(cores).enable_all().build(),
    }
}

async fn serve_until_signal(config: Config, hang_ups: HangUps) -> Result<(), RunError> {
    let mut signals = Signals::listen(hang_ups).map_err(RunError::Signals)?;
    let started = start(config).await?;
    signals.wait_for_end(&started).await;
    started.end().await;
    Ok(())
}
