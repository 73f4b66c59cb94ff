//! A policy as the files it was read from. One hash names all of them, so that a decision names exactly what it
//! was made by.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

/// The files of a policy, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document(BTreeMap<String, File>);

/// A file as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// SHA-256 of the content: 64 lower-case hexadecimal digits.
    pub hash: String,
    /// What it says.
    pub content: Arc<[u8]>,
}

impl File {
    /// A file of this content.
    pub fn new(content: Vec<u8>) -> Self {
        Self { hash: sha256(&content), content: content.into() }
    }
}

/// Why a document that was kept is not the one that was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// A line that is not `<hash>  <name>`.
    #[error("line {0} of the manifest is not a hash, two blanks and a name")]
    Line(usize),
    /// The content is not there.
    #[error("{0} is not there")]
    Missing(String),
    /// The content is not what was kept.
    #[error("{0} is not what it was")]
    Changed(String),
}

impl Document {
    /// A document of one file.
    pub fn of_file(name: &str, content: Vec<u8>) -> Self {
        Self(BTreeMap::from([(name.to_owned(), File::new(content))]))
    }

    /// A document that was kept, from its manifest and its files by their hashes.
    ///
    /// # Errors
    /// Not all of it is there, or it is not what it was.
    pub fn kept<E: From<NotKept>>(
        manifest: &str,
        mut content: impl FnMut(&str) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Self, E> {
        let mut document = Self::default();
        for (number, line) in (1..).zip(manifest.lines()) {
            let (hash, name) = hash_and_name(line).ok_or(NotKept::Line(number))?;
            let file = File::new(content(hash)?.ok_or_else(|| NotKept::Missing(name.to_owned()))?);
            if file.hash != hash {
                return Err(NotKept::Changed(name.to_owned()).into());
            }
            document.0.insert(name.to_owned(), file);
        }
        Ok(document)
    }

    /// Adds a file.
    pub fn add(&mut self, name: &str, file: File) {
        self.0.insert(name.to_owned(), file);
    }

    /// A file of this name.
    pub fn file(&self, name: &str) -> Option<&File> {
        self.0.get(name)
    }

    /// Every file with its name, sorted by name.
    pub fn files(&self) -> impl Iterator<Item = (&str, &File)> {
        self.0.iter().map(|(name, file)| (name.as_str(), file))
    }

    /// The lines that `sha256sum` prints for the files, sorted by name, byte by byte.
    pub fn manifest(&self) -> String {
        self.files().map(|(name, file)| format!("{}{SEPARATOR}{name}\n", file.hash)).collect()
    }

    /// SHA-256 of the manifest: the policy's hash.
    pub fn hash(&self) -> String {
        sha256(self.manifest().as_bytes())
    }
}

/// What a line of a manifest says.
pub fn hash_and_name(line: &str) -> Option<(&str, &str)> {
    line.split_once(SEPARATOR)
}

/// Between hash and name, as `sha256sum` prints them.
const SEPARATOR: &str = "  ";

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Without the content, which may be long.
impl fmt::Debug for File {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({} bytes)", self.hash, self.content.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        let mut document = Document::of_file("policy.yaml", b"version: 1\n".to_vec());
        document.add("lists/payees.csv", File::new(b"address\n".to_vec()));
        document.add("Zed.yaml", File::new(Vec::new()));
        document
    }

    /// The figures come from `sha256sum Zed.yaml lists/payees.csv policy.yaml | sha256sum`.
    #[test]
    fn the_hash_is_what_sha256sum_prints() {
        insta::assert_snapshot!(document().manifest(), @"
        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  Zed.yaml
        2a6943dbf0912de45d3f688d11de2dcf0ac55375df94edb22a242cfce6330b57  lists/payees.csv
        09bfcc6a14b83e2192b8673677725c84883ee9cd0c70e45c9ec09daa8f2b2847  policy.yaml
        ");
        insta::assert_snapshot!(document().hash(), @"97ab1be86102cd19f82e8b6ded59d97906a9b419e0238650b25d0d9bda6d34aa");
    }

    #[test]
    fn a_document_comes_back_from_its_manifest() {
        let document = document();
        let find = |hash: &str| document.files().find(|(_, file)| file.hash == hash);
        let content = |hash: &str| Ok::<_, NotKept>(find(hash).map(|(_, file)| file.content.to_vec()));
        assert_eq!(Document::kept(&document.manifest(), content), Ok(document.clone()));
        let kept = |manifest: &str, content: Option<&[u8]>| {
            Document::kept(manifest, |_| Ok::<_, NotKept>(content.map(<[u8]>::to_vec))).unwrap_err()
        };
        assert_eq!(kept(&document.manifest(), None), NotKept::Missing("Zed.yaml".into()));
        assert_eq!(kept(&document.manifest(), Some(b"x")), NotKept::Changed("Zed.yaml".into()));
        assert_eq!(kept("no manifest", None), NotKept::Line(1));
    }
}
