//! Creating files that are not there, readable by their owner alone where they hold a secret.

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::Error;

const SECRET_MODE: u32 = 0o600;
const PUBLIC_MODE: u32 = 0o644;

/// Writes a file for everybody to read, unless it exists.
pub fn create(path: &Path, content: &[u8]) -> Result<(), Error> {
    write(path, content, PUBLIC_MODE)
}

/// Writes a file for its owner to read, unless it exists.
pub fn create_secret(path: &Path, content: &[u8]) -> Result<(), Error> {
    write(path, content, SECRET_MODE)
}

/// Writes a file for everybody to read, in place of what was there.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), Error> {
    std::fs::write(path, content).map_err(failed("write", path))
}

/// Creates a directory and those above it.
pub fn directory(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(failed("create", path))
}

/// Reads a text file.
pub fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(failed("read", path))
}

fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        directory(parent)?;
    }
    // The mode is there from the first byte on: a key is never readable for others, not even for a moment.
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    match file {
        Ok(mut file) => file.write_all(content).map_err(failed("write", path)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed("create", path)(error)),
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { action, path, source }
}
