//! Where the built services are: beside the program that is running, as cargo puts everything of one profile.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Error;

/// The binary of this name.
pub fn find(name: &str) -> Result<PathBuf, Error> {
    let path = directory().join(name);
    if path.is_file() { Ok(path) } else { Err(Error::NotBuilt { path }) }
}

/// Refuses a binary that does not stand for the sources any more: a test of it would prove nothing.
pub fn check_fresh(name: &str) -> Result<(), Error> {
    let path = find(name)?;
    let newer = modified(&path).ok().and_then(|built| newer_source(&path, built));
    newer.map_or(Ok(()), |source_file| Err(Error::Stale { path, source_file }))
}

/// The profile's directory: that of this program, without the folder cargo puts tests into.
fn directory() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let directory = program.parent().unwrap_or(Path::new("."));
    match directory.file_name() {
        Some(name) if name == "deps" => directory.parent().unwrap_or(directory).to_owned(),
        _ => directory.to_owned(),
    }
}

/// Cargo writes beside each binary which sources it depends on. Without that file (a binary that was copied
/// elsewhere) there is nothing to compare with.
fn newer_source(binary: &Path, built: SystemTime) -> Option<PathBuf> {
    let rules = std::fs::read_to_string(binary.with_extension("d")).ok()?;
    sources(&rules).into_iter().find(|source| modified(source).is_ok_and(|changed| changed > built))
}

/// The right side of `binary: source source …`, where a blank inside a path is written `\ `.
fn sources(rules: &str) -> Vec<PathBuf> {
    const BLANK: &str = "\u{1}";
    let Some((_, right)) = rules.trim_end().split_once(": ") else { return Vec::new() };
    let joined = right.replace("\\ ", BLANK);
    joined.split_whitespace().map(|source| PathBuf::from(source.replace(BLANK, " "))).collect()
}

fn modified(path: &Path) -> std::io::Result<SystemTime> {
    std::fs::metadata(path)?.modified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_from_cargos_own_list() {
        let rules = "/t/debug/edge: /w/edge/src/app.rs /w/a\\ b/c.rs\n";
        assert_eq!(sources(rules), [PathBuf::from("/w/edge/src/app.rs"), PathBuf::from("/w/a b/c.rs")]);
        assert!(sources("").is_empty());
    }

    #[test]
    fn a_binary_older_than_its_sources_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let (binary, source) = (directory.path().join("edge"), directory.path().join("app.rs"));
        std::fs::write(&binary, "").unwrap();
        std::fs::write(&source, "").unwrap();
        std::fs::write(
            directory.path().join("edge.d"),
            format!("{}: {}\n", binary.display(), source.display()),
        )
        .unwrap();
        let changed = modified(&source).unwrap();
        let second = std::time::Duration::from_secs(1);
        assert_eq!(newer_source(&binary, changed + second), None);
        assert_eq!(newer_source(&binary, changed - second), Some(source));
    }

    #[test]
    fn tests_look_where_cargo_puts_binaries() {
        assert!(!directory().ends_with("deps"), "{}", directory().display());
        assert!(matches!(find("no-such-service"), Err(Error::NotBuilt { .. })));
    }
}
