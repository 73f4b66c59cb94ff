//! Files of a store that were put back or moved by hand.

use std::path::{Path, PathBuf};

use super::*;

/// The store's files, put away and back.
struct Drawer(tempfile::TempDir);

impl Drawer {
    fn of(file: &Path, suffixes: &[&str]) -> Self {
        let drawer = Self(tempfile::tempdir().unwrap());
        for suffix in suffixes {
            if suffixed(file, suffix).exists() {
                std::fs::copy(suffixed(file, suffix), suffixed(&drawer.file(), suffix)).unwrap();
            }
        }
        drawer
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("kept")
    }

    fn put_back(&self, file: &Path) {
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(suffixed(file, suffix));
        }
        for suffix in ["", "-wal", ".seen"] {
            if suffixed(&self.file(), suffix).exists() {
                std::fs::copy(suffixed(&self.file(), suffix), suffixed(file, suffix)).unwrap();
            }
        }
    }
}

fn suffixed(file: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", file.display()))
}

#[test]
fn an_old_file_that_is_put_back_by_hand_is_frozen() {
    for decided_since in [0, 1] {
        let backend = sqlite();
        let office = history(&backend);
        let same_run = Drawer::of(&backend.file(), &["", "-wal"]);
        office.ask(transfer("tx-9", "0.001")).unwrap();
        drop(office);
        same_run.put_back(&backend.file());
        let told = verified(&backend);
        assert!(told.findings.is_empty() && told.frozen.is_some_and(|why| why.contains("decision 13")));
        let copy = sqlite();
        copied(&backend, &copy).unwrap();
        assert!(!frozen(&open(&copy)).is_empty(), "copied before it was started");
        let why = frozen(&open(&backend));
        assert!(why.contains("start 1 and decision 13, and this one has start 1 and decision 12"), "{why}");
        assert!(!frozen(&open(&backend)).is_empty(), "a second start is no release");
        released(&backend, None).unwrap();
        assert_eq!(frozen(&open(&backend)), "");

        let old_run = Drawer::of(&backend.file(), &[""]);
        let office = open(&backend);
        for each in 0..decided_since {
            office.ask(transfer(&format!("since-{each}"), "0.001")).unwrap();
        }
        drop(office);
        old_run.put_back(&backend.file());
        assert!(!frozen(&open(&backend)).is_empty(), "{decided_since}");
    }
}

#[test]
fn a_file_without_its_witness_is_frozen_and_one_that_moves_with_it_is_not() {
    let backend = sqlite();
    drop(history(&backend));
    let moved = sqlite();
    Drawer::of(&backend.file(), &["", ".seen"]).put_back(&moved.file());
    assert_eq!(frozen(&open(&moved)), "");
    let witness = suffixed(&backend.file(), ".seen");
    std::fs::write(&witness, "start x").unwrap();
    assert!(frozen(&open(&backend)).ends_with("cannot be read"));
    released(&backend, None).unwrap();
    assert_eq!(frozen(&open(&backend)), "");
    std::fs::remove_file(&witness).unwrap();
    assert!(frozen(&open(&backend)).ends_with("is not beside it"));
}

#[test]
fn a_crash_is_no_restore() {
    let backend = sqlite();
    let office = history(&backend);
    let crashed = sqlite();
    for _ in 0..3 {
        Drawer::of(&backend.file(), &["", "-wal", ".seen"]).put_back(&crashed.file());
        assert_eq!(frozen(&open(&crashed)), "");
        office.ask(transfer("tx-9", "0.001")).unwrap();
    }
    let behind = "start 00000000000000000001 decision 00000000000000000002\n";
    drop(office);
    std::fs::write(suffixed(&backend.file(), ".seen"), behind).unwrap();
    assert_eq!(frozen(&open(&backend)), "", "the witness is not synced");
}
