//! The two services as child processes: finding the binaries, starting, waiting until they are ready, stopping, and
//! asking the decider what it has on record.

pub mod binaries;
pub mod decisions;
pub mod ports;
mod probe;
mod process;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

pub use self::process::{Process, Signal};
use crate::local::Local;

/// How long a service may take until it is ready. It takes milliseconds; a loaded machine takes longer.
pub const READY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a service may take to end after SIGTERM before it is killed.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// Starts the decider on the files of `local`. `environment` is added to our own.
pub fn spawn_decider(local: &Local, environment: &[(String, String)]) -> Result<Process, Error> {
    let admin = local.addresses()?.decider_admin;
    spawn("decider", local.decider_config(), local.log("decider"), admin, environment)
}

/// Starts the edge on the files of `local`. `environment` is added to our own.
pub fn spawn_edge(local: &Local, environment: &[(String, String)]) -> Result<Process, Error> {
    let admin = local.addresses()?.edge_admin;
    spawn("edge", local.edge_config(), local.log("edge"), admin, environment)
}

/// Starts a service on a configuration. What it prints is appended to `log`; `admin` is where that configuration has its
/// admin port.
pub fn spawn(
    name: &'static str,
    config: PathBuf,
    log: PathBuf,
    admin: SocketAddr,
    environment: &[(String, String)],
) -> Result<Process, Error> {
    let binary = binaries::find(name)?;
    let arguments = ["run".into(), "--config".into(), config.into_os_string()];
    Process::spawn(name, &binary, &arguments, environment, log, admin)
}

/// Makes the tables of the ledger that this configuration of a decider names.
pub fn migrate(config: &Path) -> Result<(), Error> {
    let spawn = |source| Error::Spawn { name: "decider", source };
    let mut migrate = Command::new(binaries::find("decider")?);
    let output = migrate.args(["migrate", "--config"]).arg(config).output().map_err(spawn)?;
    if output.status.success() {
        Ok(())
    } else {
        Err(Error::Migrate(String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

/// Why a service does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The binary is not there.
    #[error("{} is not built. `make run` builds it; for tests: `cargo build --workspace --bins --tests`", path.display())]
    NotBuilt {
        /// Where it should be.
        path: PathBuf,
    },
    /// The binary does not stand for the sources any more.
    #[error("{} is older than {}. Run `cargo build --workspace --bins --tests` first (`make test` does)", path.display(), source_file.display())]
    Stale {
        /// The binary.
        path: PathBuf,
        /// A source that changed after it was built.
        source_file: PathBuf,
    },
    /// The binary does not start.
    #[error("cannot start {name}: {source}")]
    Spawn {
        /// Which service.
        name: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// The process ended before it was ready, or while it was needed.
    #[error("the {name} has ended ({status}). The end of {}:\n{tail}", log.display())]
    Ended {
        /// Which service.
        name: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// The process runs but says that it is not ready.
    #[error("the {name} is not ready after {waited:?}: {why}. The end of {}:\n{tail}", log.display())]
    NotReady {
        /// Which service.
        name: &'static str,
        /// How long it was waited for.
        waited: Duration,
        /// What its admin port says.
        why: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// The process cannot be observed or signalled.
    #[error("lost hold of the {name}: {source}")]
    Lost {
        /// Which service.
        name: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// Somebody else listens there.
    #[error(
        "port {} (the {what}) is taken. See who has it with `ss -ltnp 'sport = :{}'` or `lsof -iTCP:{} -sTCP:LISTEN`; end that program, or change the address in the configuration",
        address.port(), address.port(), address.port()
    )]
    PortTaken {
        /// Which listener.
        what: &'static str,
        /// Where.
        address: SocketAddr,
    },
    /// The system does not let us listen there.
    #[error("cannot listen on {address} (the {what}): {source}")]
    Listen {
        /// Which listener.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The ledger has no tables, and cannot get them.
    #[error("the tables of the ledger cannot be made: {0}")]
    Migrate(String),
    /// The files of the system are not as they must be.
    #[error(transparent)]
    Local(#[from] crate::local::Error),
    /// The decider cannot be asked.
    #[error("cannot ask the decider: {0}")]
    Decider(String),
}
