//! Starts that end on their way: by a kill, or because the disk is full. None of them is a restore.

use std::fs;
use std::path::PathBuf;

use super::*;

/// Where a start ends.
#[derive(Debug, Clone, Copy)]
enum Stop {
    /// Before the number of the start is raised in the store.
    BeforeTheStore,
    /// Where the small file is written.
    AtTheSmallFile,
}

const STOPS: [Stop; 2] = [Stop::BeforeTheStore, Stop::AtTheSmallFile];

/// Starts over the file, and has that end there.
fn stopped(file: &Path, stop: Stop) {
    let run = |sql: &str| Connection::open(file).unwrap().execute_batch(sql).unwrap();
    let partial = with_suffix(file, ".seen.partial");
    match stop {
        Stop::BeforeTheStore => {
            run("CREATE TRIGGER stop BEFORE UPDATE ON standing BEGIN SELECT RAISE(ABORT, 'killed'); END");
        }
        Stop::AtTheSmallFile => fs::create_dir(&partial).unwrap(),
    }
    assert!(SqliteJournal::open(file).is_err(), "{stop:?}");
    match stop {
        Stop::BeforeTheStore => run("DROP TRIGGER stop"),
        Stop::AtTheSmallFile => fs::remove_dir(&partial).unwrap(),
    }
}

/// Every way in which three starts end, one after the other.
fn each_three_stops() -> impl Iterator<Item = [Stop; 3]> {
    let each = |number: usize, place: usize| STOPS[number >> place & 1];
    (0..8).map(move |number| [each(number, 0), each(number, 1), each(number, 2)])
}

fn open(file: &Path) -> Desk {
    Desk::open(SqliteJournal::open(file).unwrap(), &Arc::new(policy(vec![])), &clock())
}

/// As one that `store copy` has filled, or that is new: nothing was started over it.
fn never_started(file: &Path) {
    Connection::open(file).unwrap().execute_batch("UPDATE standing SET incarnation = 0").unwrap();
    fs::remove_file(with_suffix(file, ".seen")).unwrap();
}

async fn store(folder: &tempfile::TempDir, decisions: usize) -> PathBuf {
    let file = folder.path().join("decider.db");
    let desk = open(&file);
    for each in 0..decisions {
        desk.allow(&request(&format!("tx-{each}"))).await;
    }
    file
}

#[tokio::test]
async fn starts_that_end_on_their_way_freeze_nothing() {
    for (decisions, started) in [(0, false), (0, true), (2, false), (2, true)] {
        for stops in each_three_stops() {
            let folder = tempfile::tempdir().unwrap();
            let file = store(&folder, decisions).await;
            if !started {
                never_started(&file);
            }
            for stop in stops {
                stopped(&file, stop);
            }
            for number in 0..2 {
                let desk = open(&file);
                assert_eq!(desk.store.readiness(), Ok(()), "{decisions} {started} {stops:?}");
                desk.allow(&request(&format!("since-{number}"))).await;
            }
        }
    }
}

/// What a full disk, or a kill, has left of the first start, also of older versions.
#[tokio::test]
async fn a_store_without_a_decision_is_not_frozen_for_what_is_beside_it() {
    for left in [None, Some(""), Some("\0\0\0"), Some("start 0000")] {
        let folder = tempfile::tempdir().unwrap();
        let file = store(&folder, 0).await;
        match left {
            Some(text) => fs::write(with_suffix(&file, ".seen"), text).unwrap(),
            None => fs::remove_file(with_suffix(&file, ".seen")).unwrap(),
        }
        assert_eq!(archive::Archive::state(&mut SqliteArchive::open(&file).unwrap()).unwrap().frozen, None);
        let desk = open(&file);
        assert_eq!(desk.store.readiness(), Ok(()), "{left:?}");
        desk.allow(&request("tx-1")).await;
        drop(desk);
        fs::remove_file(with_suffix(&file, ".seen")).unwrap();
        assert!(matches!(open(&file).store.readiness(), Err(StoreError::Frozen(_))), "it has one now");
    }
}

/// The small file goes on saying what was there until the store is frozen.
#[tokio::test]
async fn an_old_file_is_noticed_though_starts_over_it_end_on_their_way() {
    for decisions in [0, 2] {
        for stops in each_three_stops() {
            let folder = tempfile::tempdir().unwrap();
            let file = store(&folder, decisions).await;
            fs::copy(&file, with_suffix(&file, ".old")).unwrap();
            open(&file).allow(&request("since")).await;
            fs::rename(with_suffix(&file, ".old"), &file).unwrap();
            for stop in stops {
                stopped(&file, stop);
            }
            let found = open(&file).store.readiness();
            assert!(matches!(found, Err(StoreError::Frozen(_))), "{decisions} {stops:?}: {found:?}");
        }
    }
}

#[test]
fn a_start_says_which_file_it_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("decider.db");
    fs::create_dir(with_suffix(&file, ".seen.partial")).unwrap();
    insta::assert_snapshot!(told(SqliteJournal::open(&file), folder.path()), @"DIR/decider.db.seen.partial: Is a directory (os error 21)");
    fs::remove_dir(with_suffix(&file, ".seen.partial")).unwrap();
    assert_eq!(open(&file).store.readiness(), Ok(()));
    assert!(!with_suffix(&file, ".seen.partial").exists());
}
