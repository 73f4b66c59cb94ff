//! Reading files that others may replace at any time.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// Most that is read of one file: far more than any configuration, key or chain of certificates has.
const MAX_FILE_BYTES: usize = 1 << 20;

/// The contents of a regular file. Anything else is refused before it is opened: reading a pipe may never end.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(refused("it is no regular file, but a directory, a pipe or a device".to_owned()));
    }
    let mut contents = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut contents)?;
    if contents.len() > MAX_FILE_BYTES {
        return Err(refused(format!(
            "it has more than {MAX_FILE_BYTES} bytes, which is the most that is read"
        )));
    }
    Ok(contents)
}

fn refused(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}
