//! Where the file is: behind a link, and gone while it is open.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::*;

/// How long the end of a store is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A store in a folder of its own, in which one request was allowed.
async fn decided(folder: &Path) -> (Desk, PathBuf) {
    let file = folder.join("data").join("decider.db");
    let desk = Desk::open(SqliteJournal::open(&file).unwrap(), &Arc::new(policy(vec![])), &clock());
    desk.allow(&request("tx-1")).await;
    (desk, file)
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

fn remove(file: &Path) {
    fs::remove_file(file).unwrap();
}

fn replace(file: &Path) {
    fs::copy(file, with_suffix(file, ".copy")).unwrap();
    fs::rename(with_suffix(file, ".copy"), file).unwrap();
}

fn remove_the_folder(file: &Path) {
    fs::remove_dir_all(file.parent().unwrap()).unwrap();
}

fn move_the_folder(file: &Path) {
    fs::rename(file.parent().unwrap(), file.parent().unwrap().with_extension("away")).unwrap();
}

fn move_the_folder_and_copy_it_back(file: &Path) {
    move_the_folder(file);
    copy_folder(&file.parent().unwrap().with_extension("away"), file.parent().unwrap());
}

const WAYS: [fn(&Path); 5] =
    [remove, replace, remove_the_folder, move_the_folder, move_the_folder_and_copy_it_back];

/// SQLite would go on writing to what nobody finds again.
#[tokio::test]
async fn a_store_whose_file_is_gone_answers_nothing_and_fails() {
    for (way, asked) in WAYS.iter().flat_map(|way| [(way, "tx-1"), (way, "tx-2")]) {
        let folder = tempfile::tempdir().unwrap();
        let (desk, file) = decided(folder.path()).await;
        way(&file);
        let answer = desk.ask(&request(asked)).await;
        let Err(StoreError::Failed(why)) = answer else { panic!("{asked}: {answer:?}") };
        let why = why.replace(&folder.path().canonicalize().unwrap().display().to_string(), "DIR");
        insta::allow_duplicates! {
            insta::assert_snapshot!(why, @"DIR/data/decider.db is no longer the file that was opened: it was removed, moved or replaced, and what is decided would be lost with it. Put it back with the files beside it whose names begin with its own, or restore a backup, before the decider starts again");
        }
        assert!(matches!(desk.store.readiness(), Err(StoreError::Failed(_))));
        drop(desk.store);
        assert_eq!(desk.fatal.lock().unwrap().len(), 1);
    }
}

/// Else it would be found ready until somebody asks.
#[tokio::test]
async fn a_store_whose_file_is_gone_fails_though_nobody_asks() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, file) = decided(folder.path()).await;
    remove(&file);
    let begun = Instant::now();
    while desk.fatal.lock().unwrap().is_empty() {
        assert!(begun.elapsed() < PATIENCE, "{:?}", desk.store.readiness());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(matches!(desk.store.readiness(), Err(StoreError::Failed(_))));
}

#[tokio::test]
async fn what_was_answered_is_in_a_folder_that_was_copied_back() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, file) = decided(folder.path()).await;
    move_the_folder_and_copy_it_back(&file);
    assert!(desk.ask(&request("tx-2")).await.is_err());
    drop(desk);
    let desk = Desk::open(SqliteJournal::open(&file).unwrap(), &Arc::new(policy(vec![])), &clock());
    assert!(desk.answer(&request("tx-1")).await.recorded_earlier);
    desk.allow(&request("tx-2")).await;
}

/// A volume that is mounted elsewhere, say. What SQLite and we keep beside the file is beside the file itself.
#[tokio::test]
async fn a_link_leads_to_the_log_and_the_small_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, file) = decided(folder.path()).await;
    desk.allow(&request("tx-2")).await;
    let link = folder.path().join("link.db");
    symlink(&file, &link).unwrap();
    let mut archive = SqliteArchive::open(&link).unwrap();
    assert_eq!(archive::Archive::decisions(&mut archive, 0).unwrap().len(), 2);
    assert_eq!(archive::Archive::state(&mut archive).unwrap().frozen, None);
    let bytes = |path: &Path| archive::Archive::about(&mut SqliteArchive::open(path).unwrap()).unwrap().bytes;
    assert_eq!(bytes(&link), bytes(&file), "the log is counted");
    let limited = policy(vec![count_per_hour(2)]);
    let prices = policy::prices::Prices::NONE;
    let asked = policy::policy_test::TimedRequest { request: request("tx-3"), at: START, prices };
    let mut reading = Reading::of(&link, &limited, asked.at).unwrap();
    let explained = policy::explain::explain(&limited, &asked, &mut reading.ledger()).unwrap();
    assert_eq!(explained.outcome.settlement.reason.code, ReasonCode::LimitExceeded);
}

#[tokio::test]
async fn a_link_that_leads_nowhere_yet_has_everything_beside_what_it_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("volume").join("real.db"), folder.path().join("link.db"));
    fs::create_dir(folder.path().join("volume")).unwrap();
    symlink(&real, &link).unwrap();
    let open = || Desk::open(SqliteJournal::open(&link).unwrap(), &Arc::new(policy(vec![])), &clock());
    let desk = open();
    desk.allow(&request("tx-1")).await;
    assert!(matches!(SqliteJournal::open(&real), Err(OpenError::Locked(_))));
    drop(desk);
    let desk = open();
    assert_eq!(desk.store.readiness(), Ok(()));
    assert!(desk.answer(&request("tx-1")).await.recorded_earlier);
    drop(desk);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "the link and the folder");
    fs::remove_dir_all(folder.path().join("volume")).unwrap();
    insta::assert_snapshot!(told(SqliteJournal::open(&link), folder.path()), @"DIR/link.db: No such file or directory (os error 2)");
}
