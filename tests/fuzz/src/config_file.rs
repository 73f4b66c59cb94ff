//! The configuration files of both services: every mistake is told with its place, and nothing is bound or written.

use std::path::PathBuf;

use tempfile::TempDir;

/// As edge.yaml and as decider.yaml.
pub fn holds_for(bytes: &[u8]) {
    let directory = in_memory();
    let file = directory.path().join("config.yaml");
    std::fs::write(&file, bytes).unwrap();
    if let Err(mistakes) = edge::config::Config::load(&file) {
        assert!(!mistakes.is_empty(), "refused without a reason");
        assert!(mistakes.iter().all(|mistake| !mistake.to_string().trim().is_empty()));
    }
    if let Err(mistakes) = decider::config::load(&file) {
        assert!(!mistakes.to_string().trim().is_empty(), "refused without a reason");
    }
}

/// A directory where a file costs nothing, if there is one.
fn in_memory() -> TempDir {
    let memory = PathBuf::from("/dev/shm");
    let place = if memory.is_dir() { memory } else { std::env::temp_dir() };
    tempfile::Builder::new().prefix("countersign-fuzz-").tempdir_in(place).unwrap()
}
