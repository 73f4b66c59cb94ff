//! A disk that fails when it is told to, for real: a shim below the process turns its writes and syncs into errors.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::skipped;

const SOURCE: &str = include_str!("failing_disk.c");

/// How the disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Every sync ends with EIO: nobody knows what is on the disk.
    Sync,
    /// Every write ends with ENOSPC.
    Write,
    /// Half of a write is done, the rest ends with ENOSPC.
    HalfWrite,
}

/// The shim, built, and its switch.
pub struct FailingDisk {
    directory: TempDir,
}

impl FailingDisk {
    /// Builds the shim with the system's C compiler. `None`, said on standard error, where a process cannot be
    /// given one: not Linux with glibc.
    pub fn build() -> Option<Self> {
        if !cfg!(all(target_os = "linux", target_env = "gnu")) {
            skipped("a disk that fails is made with LD_PRELOAD, which needs Linux with glibc");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let (source, library) =
            (directory.path().join("failing_disk.c"), directory.path().join("failing_disk.so"));
        std::fs::write(&source, SOURCE).unwrap();
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
        let mut command = Command::new(compiler);
        command.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&library).arg(&source);
        let output = command.arg("-ldl").output().expect("a C compiler (cc), as for building the services");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(Self { directory })
    }

    /// The environment that puts the shim below a process; files whose path has `file` in it will fail.
    pub fn environment(&self, file: &str) -> Vec<(String, String)> {
        let variable = |name: &str, path: &Path| (name.to_owned(), path.display().to_string());
        vec![
            variable("LD_PRELOAD", &self.directory.path().join("failing_disk.so")),
            ("FAILING_DISK_FILE".to_owned(), file.to_owned()),
            variable("FAILING_DISK_TRIGGER", &self.trigger()),
        ]
    }

    /// From now on the disk fails so.
    pub fn fail(&self, failure: Failure) {
        let how = match failure {
            Failure::Sync => "s",
            Failure::Write => "w",
            Failure::HalfWrite => "h",
        };
        // In one step: the shim must not read a file without its letter.
        let staged = self.directory.path().join("staged");
        std::fs::write(&staged, how).unwrap();
        std::fs::rename(staged, self.trigger()).unwrap();
    }

    /// From now on it is well again.
    pub fn mend(&self) {
        std::fs::remove_file(self.trigger()).unwrap();
    }

    fn trigger(&self) -> PathBuf {
        self.directory.path().join("trigger")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `dd` says of writing, and with `conv=fsync` of syncing, a file.
    fn write(disk: &FailingDisk, file: &Path) -> Result<(), String> {
        let output = Command::new("dd")
            .args(["if=/dev/zero", "bs=64", "count=1", "conv=fsync,notrunc"])
            .arg(format!("of={}", file.display()))
            .envs(disk.environment("/data.db"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(said) }
    }

    #[test]
    fn it_fails_as_told_and_only_where_told() {
        let Some(disk) = FailingDisk::build() else { return };
        let directory = tempfile::tempdir().unwrap();
        let (file, other) = (directory.path().join("data.db"), directory.path().join("other"));
        write(&disk, &file).unwrap();
        for (failure, says) in [
            (Failure::Sync, "Input/output error"),
            (Failure::Write, "No space left"),
            (Failure::HalfWrite, "No space left"),
        ] {
            disk.fail(failure);
            let said = write(&disk, &file).unwrap_err();
            assert!(said.contains(says), "{failure:?}: {said}");
            write(&disk, &other).unwrap();
            disk.mend();
            write(&disk, &file).unwrap();
        }
    }
}
