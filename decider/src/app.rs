//! The program: what its words mean, and the life of the service.

mod running;
mod access;
mod explain;
mod policy_test;
mod store;
mod migrate;
mod check;
mod paint;
mod say;
pub mod cli;

use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::policy_file::schema::SCHEMA;
use crate::telemetry::{self, Telemetry, TelemetryError};
use cli::{Command, Exit, PolicyCommand};
pub use running::{Running, StartError, start};

/// Does what the command line says.
pub fn main(command: Command, clock: Arc<dyn Clock>) -> ExitCode {
    let exit = match command {
        Command::Check(what) | Command::Policy(PolicyCommand::Check(what)) => {
            check::check(&what, clock.as_ref())
        }
        Command::Policy(PolicyCommand::Explain(what)) => explain::explain(&what, clock.as_ref()),
        Command::Policy(PolicyCommand::Test(what)) => policy_test::run(&what, clock.as_ref()),
        Command::Policy(PolicyCommand::Schema) => say::out(SCHEMA, Exit::Success),
        Command::Store(command) => store::store(&command, clock.as_ref()),
        Command::Migrate { config } => migrate::migrate(&config),
        Command::Run { config } => match config::load(&config) {
            Ok(config) => run(config, clock),
            Err(mistakes) => check::refuse(&mistakes),
        },
    };
    exit.into()
}

fn run(config: Config, clock: Arc<dyn Clock>) -> Exit {
    let runtime = match std::thread::available_parallelism().map_or(1, usize::from) {
        // One core needs nothing that hands work from thread to thread.
        1 => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        cores => tokio::runtime::Builder::new_multi_thread().worker_threads(cores).enable_all().build(),
    };
    let served = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        let served = runtime.block_on(serve(config, clock));
        served.map_err(|error| error.to_string())
    });
    match served {
        Ok(()) => Exit::Success,
        Err(error) => say::wrong(error),
    }
}

/// Why it ended other than by being asked to.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error("signals cannot be waited for: {0}")]
    Signal(#[from] std::io::Error),
}

async fn serve(config: Config, clock: Arc<dyn Clock>) -> Result<(), RunError> {
    let telemetry: Telemetry = telemetry::start()?;
    let served = serve_until_told(config, clock).await;
    if let Err(error) = &served {
        tracing::error!(%error, "the decider ends");
    }
    telemetry.stop().await;
    served
}

async fn serve_until_told(config: Config, clock: Arc<dyn Clock>) -> Result<(), RunError> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hangup = signal(SignalKind::hangup())?;
    let mut running = tokio::select! {
        started = start(config, clock) => started?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    let looks = running.looks();
    let told_to_end = async {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => looks.look_now(),
            }
        }
    };
    tokio::select! {
        ended = running.ended() => Ok(ended?),
        () = told_to_end => Ok(running.stop().await?),
    }
}
