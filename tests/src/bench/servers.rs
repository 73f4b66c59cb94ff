//! The services and the bench's own decider as processes, on the core where they belong.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use system_tests::local::Local;
use system_tests::services::decisions::{self, Client};
use system_tests::services::{Process, READY_TIMEOUT, STOP_TIMEOUT, binaries};

use super::Bench;
use super::error::Error;

/// How often a service that starts is looked at. It is ready after some tens of milliseconds.
const START_POLL: Duration = Duration::from_millis(1);
/// Traces are made and none is sampled: where they would go nobody listens, because nothing goes there.
const UNSAMPLED: [(&str, &str); 2] =
    [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"), ("OTEL_TRACES_SAMPLER", "always_off")];
const UNTRACED: [(&str, &str); 1] = [("OTEL_EXPORTER_OTLP_ENDPOINT", "")];

/// Which core a process runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Core {
    /// The one that is measured.
    Server,
    /// The other one.
    Load,
}

/// The edge of these files, not yet ready. It makes no traces.
pub fn spawn_edge(bench: &Bench, local: &Local) -> Result<Process, Error> {
    let arguments = ["run".into(), "--config".into(), local.edge_config().into_os_string()];
    let program = binaries::find("edge")?;
    spawn(
        bench,
        "edge",
        Core::Server,
        &program,
        arguments.into(),
        &UNTRACED,
        local,
        local.addresses()?.edge_admin,
    )
}

/// The decider of these files, not yet ready. It makes traces and samples none.
pub fn spawn_decider(bench: &Bench, local: &Local) -> Result<Process, Error> {
    spawn_decider_on(bench, local, &local.decider_config(), local.addresses()?.decider_admin)
}

/// The same on a configuration of its own, with its admin port there.
pub fn spawn_decider_on(
    bench: &Bench,
    local: &Local,
    config: &Path,
    admin: SocketAddr,
) -> Result<Process, Error> {
    let arguments = ["run".into(), "--config".into(), config.into()];
    let program = binaries::find("decider")?;
    spawn(bench, "decider", Core::Server, &program, arguments.into(), &UNSAMPLED, local, admin)
}

/// The decider of these files on an empty ledger, ready.
pub async fn fresh_decider(bench: &Bench, local: &Local) -> Result<Process, Error> {
    empty_ledger(local)?;
    let mut decider = spawn_decider(bench, local)?;
    until_ready(&mut decider).await?;
    Ok(decider)
}

/// Removes the database. No decider may run on it.
pub fn empty_ledger(local: &Local) -> Result<(), Error> {
    let database = local.database();
    let Some(data) = database.parent() else { return Ok(()) };
    let failed = || Error::io(format!("cannot empty {}", data.display()));
    std::fs::remove_dir_all(data).map_err(failed())?;
    std::fs::create_dir(data).map_err(failed())
}

/// A decider at the address of these files that always gives the answer in `reply`. It answers already.
pub async fn stub_decider(bench: &Bench, local: &Local, core: Core, reply: &Path) -> Result<Process, Error> {
    let program = std::env::current_exe().map_err(Error::io("cannot find the bench itself"))?;
    let arguments =
        ["stub-decider".into(), "--dir".into(), local.root().into(), "--reply".into(), reply.into()];
    let address = local.addresses()?.decider;
    let mut stub = spawn(bench, "stub decider", core, &program, arguments.into(), &[], local, address)?;
    until_listening(&mut stub, address).await?;
    Ok(stub)
}

/// The least that an edge could be, at the edge's address of these files. It answers already.
pub async fn bare_edge(bench: &Bench, local: &Local) -> Result<Process, Error> {
    bare(bench, local, "bare edge", "bare-edge").await
}

/// TLS with nothing around it, at the edge's address of these files. It answers already.
pub async fn bare_tls(bench: &Bench, local: &Local) -> Result<Process, Error> {
    bare(bench, local, "bare TLS", "bare-tls").await
}

/// A handler that does nothing, at the edge's address of these files. It answers already.
pub async fn empty_handler(bench: &Bench, local: &Local) -> Result<Process, Error> {
    bare(bench, local, "empty handler", "empty-handler").await
}

async fn bare(bench: &Bench, local: &Local, name: &'static str, command: &str) -> Result<Process, Error> {
    let program = std::env::current_exe().map_err(Error::io("cannot find the bench itself"))?;
    let arguments = [command.into(), "--dir".into(), local.root().into()];
    in_place_of_the_edge(bench, local, name, &program, arguments.into()).await
}

/// A script that serves at the edge's address of these files. It answers already.
pub async fn handler(
    bench: &Bench,
    local: &Local,
    interpreter: &OsStr,
    arguments: &[OsString],
) -> Result<Process, Error> {
    in_place_of_the_edge(bench, local, "handler", Path::new(interpreter), arguments.to_vec()).await
}

async fn in_place_of_the_edge(
    bench: &Bench,
    local: &Local,
    name: &'static str,
    program: &Path,
    arguments: Vec<OsString>,
) -> Result<Process, Error> {
    let address = local.addresses()?.edge;
    let mut server = spawn(bench, name, Core::Server, program, arguments, &UNTRACED, local, address)?;
    until_listening(&mut server, address).await?;
    Ok(server)
}

async fn until_listening(process: &mut Process, address: SocketAddr) -> Result<(), Error> {
    let started = Instant::now();
    while tokio::net::TcpStream::connect(address).await.is_err() {
        process.check()?;
        if started.elapsed() > READY_TIMEOUT {
            return Err(Error::Child(format!("nothing listens on {address}")));
        }
        tokio::time::sleep(START_POLL).await;
    }
    Ok(())
}

/// Waits until `/readyz` says so, to the millisecond.
pub async fn until_ready(process: &mut Process) -> Result<(), Error> {
    until_says(process, "/readyz").await
}

/// Waits until `/livez` answers: an edge without a decider is not ready.
pub async fn until_live(process: &mut Process) -> Result<(), Error> {
    until_says(process, "/livez").await
}

async fn until_says(process: &mut Process, path: &str) -> Result<(), Error> {
    let started = Instant::now();
    while !matches!(process.admin(path).await, Ok((200, _))) {
        process.check()?;
        if started.elapsed() > READY_TIMEOUT {
            process.ready(Duration::ZERO).await?;
        }
        tokio::time::sleep(START_POLL).await;
    }
    Ok(())
}

/// A client of whatever decides at the address of these files, over one connection.
pub fn client(local: &Local) -> Result<Client, Error> {
    Ok(decisions::client(local)?)
}

/// Ends a process. Its log goes, which would otherwise grow by a line for every request.
pub async fn stop(mut process: Process, local: &Local) -> Result<(), Error> {
    process.stop(STOP_TIMEOUT).await?;
    forget_logs(local)
}

/// Empties the logs. The services append to them, so they may run.
pub fn forget_logs(local: &Local) -> Result<(), Error> {
    for service in ["edge", "decider"] {
        std::fs::write(local.log(service), "").map_err(Error::io("cannot empty a log"))?;
    }
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "what differs between three kinds of process, named once each")]
fn spawn(
    bench: &Bench,
    name: &'static str,
    core: Core,
    program: &Path,
    arguments: Vec<OsString>,
    environment: &[(&str, &str)],
    local: &Local,
    admin: SocketAddr,
) -> Result<Process, Error> {
    let (command, arguments) = match core {
        Core::Server => bench.cores.on_server_core(program, arguments),
        // This process is there, and its children stay.
        Core::Load => (PathBuf::from(program), arguments),
    };
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Ok(Process::spawn(name, &command, &arguments, &environment, local.log(name), admin)?)
}
