//! The mistakes found so far, and the places they are found at.

use std::{
    cell::RefCell,
    fmt::Display,
    io,
    path::{Path, PathBuf},
};

use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use super::{
    authority::Authority,
    files::Files,
    mistake::{Mistake, Spot},
};
use crate::certificate::Certificate;

/// The mistakes found so far in one file, and what was read on the way.
pub(super) struct Notes {
    file: PathBuf,
    mistakes: RefCell<Vec<Mistake>>,
    warnings: RefCell<Vec<Mistake>>,
    authorities: RefCell<Vec<Authority>>,
    files: RefCell<Files>,
}

/// What was noted of one file, in its order.
pub(super) struct Noted {
    /// It cannot be used.
    pub(super) mistakes: Vec<Mistake>,
    /// It can, and somebody should look at it.
    pub(super) warnings: Vec<Mistake>,
    /// Whose certificates are believed.
    pub(super) authorities: Vec<Authority>,
    /// It, and all that it names.
    pub(super) files: Files,
}

impl Notes {
    pub(super) fn new(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            mistakes: RefCell::default(),
            warnings: RefCell::default(),
            authorities: RefCell::default(),
            files: RefCell::default(),
        }
    }

    /// The contents of the file itself.
    pub(super) fn text(&self) -> Option<String> {
        let read = self.read(&self.file).and_then(|contents| {
            String::from_utf8(contents)
                .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
        });
        read.map_err(|error| self.add(self.mistake(None, "", format!("cannot be read: {error}")))).ok()
    }

    /// The contents of a file that it names.
    pub(super) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.borrow_mut().read(path)
    }

    pub(super) fn has_no_mistake(&self) -> bool {
        self.mistakes.borrow().is_empty()
    }

    pub(super) fn not_yaml(&self, error: &serde_saphyr::Error) {
        let at = error.location().map(|location| (location.line(), location.column()));
        let problem = match error.without_snippet() {
            serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } => {
                format!("\"{key}\" is given twice")
            }
            serde_saphyr::Error::MultipleDocuments { .. } => {
                "holds several documents (---): leave one".to_owned()
            }
            // The first line says what; a picture of the place follows, which line and column make up for.
            other => other.to_string().lines().next().unwrap_or("is not YAML").to_owned(),
        };
        self.add(self.mistake(at, "", problem));
    }

    pub(super) fn into_noted(self) -> Noted {
        let in_order = |noted: RefCell<Vec<Mistake>>| {
            let mut noted = noted.into_inner();
            noted.sort();
            noted.dedup();
            noted
        };
        Noted {
            mistakes: in_order(self.mistakes),
            warnings: in_order(self.warnings),
            authorities: self.authorities.into_inner(),
            files: self.files.into_inner(),
        }
    }

    fn add(&self, mistake: Mistake) {
        self.mistakes.borrow_mut().push(mistake);
    }

    fn mistake(&self, at: Option<(u64, u64)>, place: &str, problem: String) -> Mistake {
        Mistake { at: self.spot(at, place), problem }
    }

    fn spot(&self, at: Option<(u64, u64)>, field: &str) -> Spot {
        let (line, column) = at.unzip();
        Spot { file: self.file.display().to_string(), line, column, field: field.to_owned() }
    }

    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new(".")).join(path)
    }
}

/// The place of a value.
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
        self.notes.add(self.notes.mistake(Some(self.at), &self.path, problem.to_string()));
    }

    /// Notes a warning here: the value can be used, and may not be what was meant.
    pub(super) fn warn(&self, problem: impl Display) {
        let warning = self.notes.mistake(Some(self.at), &self.path, problem.to_string());
        self.notes.warnings.borrow_mut().push(warning);
    }

    /// Notes that the certificates (PEM) here are those of authorities, to be checked against the time later.
    pub(super) fn authorities(&self, pem: &[u8]) {
        let read =
            CertificateDer::pem_slice_iter(pem).flatten().filter_map(|der| Certificate::read(&der).ok());
        let at = self.notes.spot(Some(self.at), &self.path);
        let authorities = read.map(|certificate| Authority { at: at.clone(), certificate });
        self.notes.authorities.borrow_mut().extend(authorities);
    }

    /// The value, or a note of what is wrong here.
    pub(super) fn check<T, E: Display>(&self, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.wrong(error)).ok()
    }
}
