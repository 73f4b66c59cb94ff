//! A clock that a test moves below a running process: libfaketime, which reads its offset from a file at each look.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::skipped;

/// Where distributions put it.
const PLACES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime",
    "/usr/lib/aarch64-linux-gnu/faketime",
    "/usr/lib64/faketime",
    "/usr/lib/faketime",
];
const LIBRARY: &str = "libfaketime.so.1";

/// A wall clock, at first the right one. Monotonic clocks stay true.
pub struct FakeTime {
    library: PathBuf,
    directory: TempDir,
}

impl FakeTime {
    /// `None`, said on standard error, where there is no such library and none can be installed.
    pub fn find() -> Option<Self> {
        let Some(library) = found().or_else(|| install().then(found).flatten()) else {
            skipped("a clock that a test moves: install libfaketime (sudo apt-get install libfaketime)");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        // Others read it: a database server does not run as root.
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(directory.path(), readable).unwrap();
        let clock = Self { library, directory };
        clock.set(0);
        Some(clock)
    }

    /// The environment that gives a process this clock.
    pub fn environment(&self) -> Vec<(String, String)> {
        let variable = |name: &str, value: &Path| (name.to_owned(), value.display().to_string());
        let on = |name: &str| (name.to_owned(), "1".to_owned());
        vec![
            variable("LD_PRELOAD", &self.library),
            variable("FAKETIME_TIMESTAMP_FILE", &self.file()),
            on("FAKETIME_NO_CACHE"),
            on("FAKETIME_DONT_FAKE_MONOTONIC"),
            on("FAKETIME_DISABLE_SHM"),
        ]
    }

    /// From now on it is so many seconds ahead of the right one, or behind.
    pub fn set(&self, seconds: i64) {
        let staged = self.directory.path().join("staged");
        std::fs::write(&staged, format!("{seconds:+}\n")).unwrap();
        std::fs::rename(staged, self.file()).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("clock")
    }
}

fn found() -> Option<PathBuf> {
    PLACES.iter().map(|place| Path::new(place).join(LIBRARY)).find(|library| library.is_file())
}

fn install() -> bool {
    let mut apt = Command::new("apt-get");
    let status = apt.args(["install", "-y", "libfaketime"]).env("DEBIAN_FRONTEND", "noninteractive").output();
    status.is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(clock: &FakeTime) -> i64 {
        let output = Command::new("date").arg("+%s").envs(clock.environment()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    }

    #[test]
    fn it_shows_what_it_is_told() {
        let Some(clock) = FakeTime::find() else { return };
        let right = || i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
        for seconds in [0, 3_600, -3_600, 86_400, -86_400, 0] {
            clock.set(seconds);
            let off = shown(&clock) - right() - seconds;
            assert!((-2..=2).contains(&off), "{seconds}: {off}");
        }
    }
}
