//! One service as a child process with a log file.

use std::ffi::OsString;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::{Error, probe};

/// How often a process that is waited for is looked at.
const POLL: Duration = Duration::from_millis(20);
/// How much of a log is shown to people.
const TAIL_LINES: usize = 15;

/// A running service. Dropping it kills the process.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// Where what this process prints begins in it: others have printed before.
    log_start: u64,
    admin: SocketAddr,
}

/// What can be sent to a process besides SIGKILL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// End in good order.
    Term,
    /// Freeze: connections stay open and nothing is answered.
    Stop,
    /// Go on after `Stop`.
    Cont,
    /// Look at the files again.
    Hangup,
}

impl Process {
    /// Starts a binary; what it prints is appended to `log`. `admin` answers `/readyz`.
    pub fn spawn(
        name: &'static str,
        binary: &Path,
        arguments: &[OsString],
        environment: &[(String, String)],
        log: PathBuf,
        admin: SocketAddr,
    ) -> Result<Self, Error> {
        let failed = |source| Error::Spawn { name, source };
        let output = File::options().create(true).append(true).open(&log).map_err(failed)?;
        let log_start = output.metadata().map_err(failed)?.len();
        let child = Command::new(binary)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(failed)?)
            .stderr(output)
            .spawn()
            .map_err(failed)?;
        Ok(Self { name, child, log, log_start, admin })
    }

    /// Waits until `/readyz` says so. An error if the process ends before, or does not get there in time.
    pub async fn ready(&mut self, within: Duration) -> Result<(), Error> {
        let started = Instant::now();
        loop {
            self.check()?;
            let why = match probe::get(self.admin, "/readyz").await {
                Ok((200, _)) => return Ok(()),
                Ok((status, body)) => format!("{status} {}", body.trim()),
                Err(error) => error,
            };
            if started.elapsed() > within {
                let (name, log, tail) = (self.name, self.log.clone(), self.log_tail());
                return Err(Error::NotReady { name, waited: within, why, log, tail });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// An error if the process has ended.
    pub fn check(&mut self) -> Result<(), Error> {
        match self.exited()? {
            None => Ok(()),
            Some(status) => {
                Err(Error::Ended { name: self.name, status, log: self.log.clone(), tail: self.log_tail() })
            }
        }
    }

    /// How the process ended, if it has.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>, Error> {
        self.child.try_wait().map_err(|source| Error::Lost { name: self.name, source })
    }

    /// Waits until the process ends by itself. `None`: it still runs.
    pub async fn ended(&mut self, within: Duration) -> Result<Option<ExitStatus>, Error> {
        let started = Instant::now();
        loop {
            let exited = self.exited()?;
            if exited.is_some() || started.elapsed() > within {
                return Ok(exited);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// SIGTERM, then SIGKILL for one that does not end in time. How it ended.
    pub async fn stop(&mut self, within: Duration) -> Result<ExitStatus, Error> {
        if self.exited()?.is_none() {
            self.signal(Signal::Term)?;
        }
        match self.ended(within).await? {
            Some(status) => Ok(status),
            None => self.kill(),
        }
    }

    /// SIGKILL: the process gets no chance to do anything.
    pub fn kill(&mut self) -> Result<ExitStatus, Error> {
        let lost = |source| Error::Lost { name: self.name, source };
        self.child.kill().map_err(lost)?;
        self.child.wait().map_err(lost)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        let name = match signal {
            Signal::Term => "TERM",
            Signal::Stop => "STOP",
            Signal::Cont => "CONT",
            Signal::Hangup => "HUP",
        };
        let lost = |source| Error::Lost { name: self.name, source };
        // The shell has `kill` built in; the program of that name is missing on small systems.
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.id())).status();
        match sent.map_err(lost)? {
            status if status.success() => Ok(()),
            status => Err(lost(std::io::Error::other(format!("kill -{name}: {status}")))),
        }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Reads a path of the admin port: status and body.
    pub async fn admin(&self, path: &str) -> Result<(u16, String), Error> {
        probe::get(self.admin, path).await.map_err(|why| Error::NotReady {
            name: self.name,
            waited: Duration::ZERO,
            why,
            log: self.log.clone(),
            tail: self.log_tail(),
        })
    }

    /// Everything this service has printed since its log file exists.
    pub fn log_text(&self) -> String {
        std::fs::read(&self.log).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    fn log_tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let start = usize::try_from(self.log_start).unwrap_or(usize::MAX);
        let text = String::from_utf8_lossy(text.get(start..).unwrap_or_default());
        let lines: Vec<_> = text.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default();
        if tail.is_empty() { "  (nothing was logged)".into() } else { format!("  {}", tail.join("\n  ")) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.kill();
        }
    }
}

#[cfg(test)]
mod tests;
