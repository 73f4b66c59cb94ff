//! The mistakes found so far, and the places they are found at.

use std::{
    cell::RefCell,
    fmt::Display,
    io,
    path::{Path, PathBuf},
};

use super::mistake::Mistake;

/// The mistakes found so far in one file.
pub(super) struct Notes {
    file: PathBuf,
    mistakes: RefCell<Vec<Mistake>>,
}

impl Notes {
    pub(super) fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), mistakes: RefCell::default() }
    }

    pub(super) fn unreadable(&self, error: &io::Error) -> Vec<Mistake> {
        vec![self.mistake(None, "", format!("cannot be read: {error}"))]
    }

    pub(super) fn not_yaml(&self, error: &serde_saphyr::Error) -> Vec<Mistake> {
        let at = error.location().map(|location| (location.line(), location.column()));
        let problem = match error.without_snippet() {
            serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } => {
                format!("\"{key}\" is given twice")
            }
            // The first line says what; a picture of the place follows, which line and column make up for.
            other => other.to_string().lines().next().unwrap_or("is not YAML").to_owned(),
        };
        vec![self.mistake(at, "", problem)]
    }

    pub(super) fn into_mistakes(self) -> Vec<Mistake> {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort();
        mistakes.dedup();
        mistakes
    }

    fn mistake(&self, at: Option<(u64, u64)>, place: &str, problem: String) -> Mistake {
        let (line, column) = at.unzip();
        Mistake { file: self.file.display().to_string(), line, column, place: place.to_owned(), problem }
    }

    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new(".")).join(path)
    }
}

/// Where a value stands.
#[derive(Clone)]
pub(super) struct Place<'n> {
    pub(super) notes: &'n Notes,
    at: (u64, u64),
    pub(super) path: String,
}

impl<'n> Place<'n> {
    /// The value at line and column `at`, known as `path`.
    pub(super) fn new(notes: &'n Notes, at: (u64, u64), path: String) -> Self {
        Self { notes, at, path }
    }

    /// Notes a mistake here.
    pub(super) fn wrong(&self, problem: impl Display) {
        let mistake = self.notes.mistake(Some(self.at), &self.path, problem.to_string());
        self.notes.mistakes.borrow_mut().push(mistake);
    }

    /// The value, or a note of what is wrong here.
    pub(super) fn check<T, E: Display>(&self, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.wrong(error)).ok()
    }
}
