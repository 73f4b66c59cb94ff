//! The files of a policy: found, read once, and kept as they were read.

mod found;

#[cfg(test)]
mod tests;

use std::path::{Component, Path, PathBuf};

use crate::document::{self, Document, File};
use crate::yaml::{self, Mistake, Mistakes};

/// The longest CSV file that is read, in bytes: [`super::lists::MAX_LIST_ADDRESSES`] lines of 128.
pub const MAX_CSV_BYTES: usize = 256 * 1024 * 1024;
/// The longest policy with all of its files, in bytes.
const MAX_DOCUMENT_BYTES: usize = 512 * 1024 * 1024;

/// Where a policy's files come from, and those that were read.
pub struct Files {
    /// Their folder; `None`: there are those that were read, and no others.
    folder: Option<PathBuf>,
    /// How the policy as a whole is called in mistakes, where it is a directory.
    pub directory: Option<String>,
    /// The names of its YAML files.
    pub policies: Vec<String>,
    document: Document,
}

impl Files {
    /// Of a policy on disk: a file, or a directory with YAML files.
    pub fn at(path: &Path) -> Result<Self, Mistakes> {
        let shown = path.display().to_string();
        let document = Document::default();
        if path.is_dir() {
            let policies = found::names_in(path).map_err(|error| Mistake::of_file(&shown, error))?;
            return Ok(Self { folder: Some(path.to_owned()), directory: Some(shown), policies, document });
        }
        let name = path.file_name().and_then(|name| name.to_str()).filter(|name| is_plain(name));
        let name = name.ok_or_else(|| Mistake::of_file(&shown, NOT_PLAIN))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { folder: Some(folder), directory: None, policies: vec![name.to_owned()], document })
    }

    /// Of a document that was kept.
    pub fn kept(document: Document) -> Self {
        let names = document.files().map(|(name, _)| name.to_owned());
        let policies: Vec<String> = names.filter(|name| !is_csv(name)).collect();
        let directory = (policies.len() != 1).then(|| "the policy".to_owned());
        Self { folder: None, directory, policies, document }
    }

    /// Whether the same YAML files are there, and every file of the manifest says what it said.
    pub fn are_those_of(mut self, manifest: &str) -> bool {
        let lines = || manifest.lines().filter_map(document::hash_and_name);
        let policies = lines().map(|(_, name)| name).filter(|name| !is_csv(name));
        self.policies.iter().map(String::as_str).eq(policies)
            && lines().all(|(hash, name)| self.read(name, MAX_CSV_BYTES).is_ok_and(|file| file.hash == hash))
    }

    /// What was read.
    pub fn into_document(self) -> Document {
        self.document
    }

    /// How a file is called in mistakes.
    pub fn shown(&self, name: &str) -> String {
        self.folder.as_ref().map_or_else(|| name.to_owned(), |folder| folder.join(name).display().to_string())
    }

    /// Where a file is that is no part of the document; `None`: there are no others.
    pub fn beside(&self, path: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(path))
    }

    /// A file's content, read once: what is read again is what was read and hashed.
    ///
    /// # Errors
    /// It cannot be read: why, in words.
    pub fn read(&mut self, name: &str, max_bytes: usize) -> Result<File, String> {
        if let Some(file) = self.document.file(name) {
            return Ok(file.clone());
        }
        let folder = self.folder.as_ref().ok_or("the file was not kept with the policy")?;
        let file = File::new(bytes_of(&folder.join(name), max_bytes)?);
        let before = self.document.files().map(|(_, file)| file.content.len());
        if before.fold(file.content.len(), usize::saturating_add) > MAX_DOCUMENT_BYTES {
            return Err(format!(
                "the policy's files have more than {MAX_DOCUMENT_BYTES} bytes, which is the most that is read"
            ));
        }
        self.document.add(name, file.clone());
        Ok(file)
    }
}

/// What the name of a file is told that would break the lines of the manifest, or is not text.
const NOT_PLAIN: &str = "the file's name must be text without control characters and backslashes: rename it";

fn is_plain(name: &str) -> bool {
    !name.chars().any(|character| character.is_control() || character == '\\')
}

/// The bytes of a file that is one, if it is not too long.
pub fn bytes_of(path: &Path, max_bytes: usize) -> Result<Vec<u8>, String> {
    let about = path.metadata().map_err(|error| format!("the file cannot be read: {error}"))?;
    if !about.is_file() {
        return Err("the file cannot be read: it is a directory or a device".into());
    }
    let bytes = yaml::bytes_of(path, max_bytes)?;
    if bytes.len() > max_bytes {
        return Err(format!("the file has more than {max_bytes} bytes, which is the most that is read"));
    }
    Ok(bytes)
}

/// Whether a name is that of a list's file; all others are policies.
fn is_csv(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "csv")
}

/// The name of a CSV file as the manifest has it, from what a policy says.
///
/// # Errors
/// It leads out of the policy's directory, or is not the name of a CSV file.
pub fn csv_name(path: &str) -> Result<String, &'static str> {
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str().unwrap_or_default()),
            Component::CurDir => {}
            _ => {
                return Err(
                    "the path must lead to a file in the policy's directory: no \"..\", and no \"/\" at its start",
                );
            }
        }
    }
    let name = parts.join("/");
    if !is_plain(&name) {
        return Err(NOT_PLAIN);
    }
    if !is_csv(&name) {
        return Err("a list is read from a file whose name ends in .csv");
    }
    Ok(name)
}
