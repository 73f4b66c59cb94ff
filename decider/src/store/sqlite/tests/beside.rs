//! Who else has the file open, to read it or to write to it.

use super::*;

/// Every file of a folder, with what it holds.
fn files_of(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.to_string_lossy().ends_with("-shm"))
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn the_ledger_is_read_beside_the_decider_and_without_one_and_nothing_is_written() {
    let (backend, policy) = (backend(), Arc::new(policy(vec![count_per_hour(1)])));
    let desk = backend.open(&policy, &clock());
    let decision = desk.allow(&request("tx-1")).await;
    // What the writer does once it has answered is done when it answers again.
    desk.record(&decision).await;
    let prices = policy::prices::Prices::NONE;
    let asked = policy::policy_test::TimedRequest { request: request("tx-2"), at: START, prices };
    let full = || {
        let mut reading = Reading::of(&backend.file(), &policy, asked.at).unwrap();
        let explained = policy::explain::explain(&policy, &asked, &mut reading.ledger()).unwrap();
        explained.outcome.settlement.reason.code == ReasonCode::LimitExceeded
    };
    let folder = backend.file().parent().unwrap().to_owned();
    let before = files_of(&folder);
    assert!(full(), "beside the decider");
    assert_eq!(files_of(&folder), before);
    drop(desk);
    let before = files_of(&folder);
    assert!(full(), "without one");
    assert_eq!(files_of(&folder), before);
}

#[test]
fn what_is_no_store_is_not_read_as_one_and_not_made_one() {
    let folder = tempfile::tempdir().unwrap();
    let policy = policy(vec![]);
    let refused =
        |name: &str| told(Reading::of(&folder.path().join(name), &policy, START).map(|_| ()), folder.path());
    insta::assert_snapshot!(refused("none.db"), @"DIR/none.db: there is no such file: is this the path of the store?");
    std::fs::write(folder.path().join("empty #1?.db"), "").unwrap();
    insta::assert_snapshot!(refused("empty #1?.db"), @"DIR/empty #1?.db: this file is not a decider's store: it is empty");
    std::fs::write(folder.path().join("text.db"), "text ".repeat(1_000)).unwrap();
    insta::assert_snapshot!(refused("text.db"), @"DIR/text.db: this file is not a decider's store: no database at all");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

/// A backup may read for hours.
#[tokio::test]
async fn a_decider_starts_while_somebody_reads_an_earlier_moment_of_its_file() {
    let (backend, policy) = (backend(), Arc::new(policy(vec![count_per_hour(2)])));
    let desk = backend.open(&policy, &clock());
    desk.allow(&request("tx-1")).await;
    let config = backend.config();
    let mut reader = archive::open(&config).unwrap();
    assert_eq!(reader.decisions(0).unwrap().len(), 1);
    desk.allow(&request("tx-2")).await;
    drop(desk);
    let desk = backend.open(&policy, &clock());
    assert!(desk.answer(&request("tx-2")).await.recorded_earlier);
    desk.reject(&request("tx-3"), ReasonCode::LimitExceeded).await;
    let (_folder, image) = crash_image(&backend.file(), &["", "-wal", ".seen"]);
    assert_eq!(reader.decisions(0).unwrap().len(), 1, "it sees one moment");
    let image = Desk::open(SqliteJournal::open(&image).unwrap(), &policy, &clock());
    assert!(image.newest("tx-2").await.is_some() && image.newest("tx-3").await.is_some());
}

/// Another writer could write over what was answered.
#[tokio::test]
async fn a_decider_does_not_start_while_somebody_else_writes_to_its_file() {
    let (backend, policy) = (backend(), Arc::new(policy(vec![])));
    backend.open(&policy, &clock()).allow(&request("tx-1")).await;
    let other = Connection::open(backend.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = backend.try_open(&policy, &clock());
    assert!(matches!(refused, Err(OpenError::Held(_))), "{:?}", refused.err());
}
