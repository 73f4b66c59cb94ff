//! Where the file is: behind a link.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::*;

/// A store in a folder of its own, in which one request was allowed.
async fn decided(folder: &Path) -> (Desk, PathBuf) {
    let file = folder.join("data").join("decider.db");
    let desk = Desk::open(SqliteJournal::open(&file).unwrap(), &Arc::new(policy(vec![])), &clock());
    desk.allow(&request("tx-1")).await;
    (desk, file)
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
