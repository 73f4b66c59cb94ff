//! The contents of a configuration's files when they were read, as digests.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use crate::file;

/// The configuration file and every file it names, each with a digest of what it held; `None`: it could not be read.
///
/// By content, not by time stamp: mounted secrets swap links, and editors keep times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<PathBuf, Option<[u8; 32]>>);

impl Files {
    /// Reads a file and keeps a digest of its contents, of the first time it is read.
    pub(super) fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        let contents = file::read(path);
        let digest = contents.as_ref().ok().map(|contents| Sha256::digest(contents).into());
        self.0.entry(path.to_owned()).or_insert(digest);
        contents
    }

    /// What the same files hold now.
    #[must_use]
    pub fn look_again(&self) -> Self {
        let mut now = Self::default();
        for path in self.0.keys() {
            // A failure is kept as `None`.
            let _ = now.read(path);
        }
        now
    }

    /// Whether all of these are among `seen`, with the same contents.
    #[must_use]
    pub fn are_among(&self, seen: &Self) -> bool {
        self.0.iter().all(|(path, digest)| seen.0.get(path) == Some(digest))
    }

    /// These, and those of `other` that are not among them.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        for (path, digest) in &other.0 {
            self.0.entry(path.clone()).or_insert(*digest);
        }
        self
    }

    /// One number for all contents, in hex: equal on two machines whose files are.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut all = Sha256::new();
        for digest in self.0.values() {
            all.update(digest.unwrap_or_default());
        }
        let mut hex = String::new();
        for byte in all.finalize() {
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}
