//! What only a file can show.

mod beside;
mod places;
mod starts;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use policy::verdict::{Action, ReasonCode};
use rusqlite::Connection;

use super::*;
use crate::document::File;
use crate::store::suite::fixture::*;
use crate::store::{Store, StoreError, archive};

fn backend() -> Backend {
    Backend::Sqlite(tempfile::tempdir().unwrap())
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn with_suffix(path: &Path, suffix: &str) -> std::path::PathBuf {
    format!("{}{suffix}", path.display()).into()
}

/// An error's text without the folder of the test.
fn told<T>(result: Result<T, OpenError>, folder: &Path) -> String {
    let text = result.err().unwrap().to_string();
    text.replace(&folder.canonicalize().unwrap().display().to_string(), "DIR")
        .replace(&folder.display().to_string(), "DIR")
}

/// What a machine that lost power would find: the files as they are while the store is open.
fn crash_image(file: &Path, suffixes: &[&str]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("decider.db");
    for suffix in suffixes {
        std::fs::copy(with_suffix(file, suffix), with_suffix(&image, suffix)).unwrap();
    }
    (folder, image)
}

#[test]
fn a_second_decider_is_refused_by_whatever_name_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("decider.db");
    let first = SqliteJournal::open(&file).unwrap();
    insta::assert_snapshot!(told(SqliteJournal::open(&file), folder.path()), @"DIR/decider.db: another decider has this store open. One file serves one decider: stop the other one, or give this one its own file");
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert!(matches!(SqliteJournal::open(&link), Err(OpenError::Locked(_))));
    let roundabout = folder.path().join("..").join(folder.path().file_name().unwrap()).join("decider.db");
    assert!(matches!(SqliteJournal::open(&roundabout), Err(OpenError::Locked(_))));
    // A lock file is empty and looks as if nobody needed it.
    std::fs::remove_file(with_suffix(&file, ".lock")).unwrap();
    assert!(matches!(SqliteJournal::open(&file), Err(OpenError::Locked(_))));
    let twin = folder.path().join("twin.db");
    std::fs::hard_link(&file, &twin).unwrap();
    assert!(matches!(SqliteJournal::open(&twin), Err(OpenError::Locked(_))));
    drop(first);
    assert!(SqliteJournal::open(&link).is_ok());
}

/// Its sums would lack what the other one charged.
#[tokio::test]
async fn a_decision_that_somebody_else_wrote_ends_this_decider() {
    let (backend, policy) = (backend(), Arc::new(policy(vec![count_per_hour(5)])));
    let desk = backend.open(&policy, &clock());
    desk.allow(&request("tx-1")).await;
    let other = "INSERT INTO decisions (seq, id, tenant, request_id, key, digest, kind, decided_us, policy_hash, body)
        SELECT seq + 1, 'another', tenant, 'another', x'00', digest, kind, decided_us, policy_hash, body FROM decisions";
    Connection::open(backend.file()).unwrap().execute_batch(other).unwrap();
    let answer = desk.store.decide(proposal(&policy, &request("tx-2"))).await;
    let Err(StoreError::Failed(why)) = answer else { panic!("{answer:?}") };
    insta::assert_snapshot!(why, @"another program has written decision 2 to this file: let one decider alone write to it");
}

#[tokio::test]
async fn a_dropped_store_frees_its_file_at_once() {
    let (backend, policy) = (backend(), Arc::new(policy(vec![])));
    for _ in 0..5 {
        let desk = backend.open(&policy, &clock());
        drop(desk.store.decide(proposal(&policy, &request("tx"))));
        assert!(matches!(backend.try_open(&policy, &clock()), Err(OpenError::Locked(_))));
    }
    assert!(backend.open(&policy, &clock()).answer(&request("tx")).await.recorded_earlier);
}

#[tokio::test]
async fn it_is_created_with_its_folder_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data").join("deep").join("decider.db");
    let desk = Desk::open(SqliteJournal::open(&file).unwrap(), &Arc::new(policy(vec![])), &clock());
    desk.allow(&request("tx")).await;
    for suffix in ["", "-wal", ".lock"] {
        assert_eq!(mode(&with_suffix(&file, suffix)), 0o600, "{suffix}");
    }
}

#[test]
fn what_is_not_a_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, and long enough to be read as the header of one".repeat(20))
        .unwrap();
    insta::assert_snapshot!(told(SqliteJournal::open(&text), folder.path()), @"DIR/notes.txt: this file is not a decider's store: no database at all");
    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE diary (line TEXT)").unwrap();
    insta::assert_snapshot!(told(SqliteJournal::open(&other), folder.path()), @"DIR/other.db: this file is not a decider's store: another program's database");
    let newer = folder.path().join("newer.db");
    drop(SqliteJournal::open(&newer).unwrap());
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    insta::assert_snapshot!(told(SqliteJournal::open(&newer), folder.path()), @"DIR/newer.db: the store has schema 99, and this decider knows 4: it was written by a newer version; run that one");
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 0).unwrap();
    insta::assert_snapshot!(told(SqliteJournal::open(&newer), folder.path()), @"DIR/newer.db: this file is not a decider's store: schema 0 never was");
    insta::assert_snapshot!(told(SqliteJournal::open(folder.path()), folder.path()), @"DIR: Is a directory (os error 21)");
    let below_a_file = text.join("decider.db");
    insta::assert_snapshot!(told(SqliteJournal::open(&below_a_file), folder.path()), @"DIR/notes.txt: File exists (os error 17)");
}

#[test]
fn durability_is_what_the_connection_says_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(&folder.path().join("decider.db")).unwrap();
    let number =
        |name: &str| -> i64 { journal.connection.pragma_query_value(None, name, |row| row.get(0)).unwrap() };
    let mode: String = journal.connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    assert_eq!((number("synchronous"), number("foreign_keys"), number("wal_autocheckpoint")), (2, 1, 0));
}

#[tokio::test]
async fn an_answer_is_in_the_files_before_it_is_given() {
    let (backend, policy) = (backend(), Arc::new(policy(vec![count_per_hour(1)])));
    let desk = backend.open(&policy, &clock());
    let given = desk.allow(&request("tx-1")).await;
    let (_folder, image) = crash_image(&backend.file(), &["", "-wal", ".seen"]);
    let found = Desk::open(SqliteJournal::open(&image).unwrap(), &policy, &clock());
    let answer = found.answer(&request("tx-1")).await;
    assert_eq!((answer.decision, answer.recorded_earlier), (given, true));
    found.reject(&request("tx-2"), ReasonCode::LimitExceeded).await;
}

/// A commit whose sync failed may be read back from the log though it is not on the disk. Once the store is
/// open, the database has it without the log.
#[tokio::test]
async fn what_the_log_holds_at_the_start_is_in_the_database_before_it_is_repeated() {
    let (backend, policy) = (backend(), Arc::new(policy(vec![])));
    let desk = backend.open(&policy, &clock());
    let given = desk.allow(&request("tx")).await;
    let (_folder, image) = crash_image(&backend.file(), &["", "-wal", ".seen"]);
    let _open = SqliteJournal::open(&image).unwrap();
    let (_alone, database) = crash_image(&image, &[""]);
    std::fs::copy(with_suffix(&backend.file(), ".seen"), with_suffix(&database, ".seen")).unwrap();
    let found = Desk::open(SqliteJournal::open(&database).unwrap(), &policy, &clock());
    assert_eq!(found.answer(&request("tx")).await.decision, given);
}

#[tokio::test]
async fn the_log_does_not_grow_without_end() {
    const CHECKPOINT_AFTER: u64 = 4 * 1024 * 1024;
    let (backend, policy) = (backend(), Arc::new(policy(vec![])));
    let mut journal = SqliteJournal::open(&backend.file()).unwrap();
    journal.checkpoint_after_bytes = usize::try_from(CHECKPOINT_AFTER).unwrap();
    let desk = Desk::open(journal, &policy, &clock());
    let log = || with_suffix(&backend.file(), "-wal").metadata().unwrap().len();
    let mut sizes = Vec::new();
    for each in 0..40 {
        let mut large = proposal(&policy, &request(&format!("tx-{each}")));
        large.payload = vec![0; 512 * 1024];
        desk.store.decide(large).await.unwrap();
        sizes.push(log());
    }
    assert!(sizes.iter().all(|size| *size < 2 * CHECKPOINT_AFTER), "{sizes:?}");
    assert!(
        sizes.iter().any(|size| *size > CHECKPOINT_AFTER / 2),
        "it was copied at every commit: {sizes:?}"
    );
}

#[tokio::test]
async fn people_read_it_with_their_own_tools_while_it_works() {
    let (backend, policy) = (backend(), Arc::new(policy(vec![])));
    let desk = backend.open(&policy, &clock());
    desk.allow(&request("tx-1").address(Some(address('a')))).await;
    desk.reject(&request("tx-2").amount("1e5"), ReasonCode::FieldInvalid).await;
    desk.change(&config_change("c-1", b"")).await;
    let people = Connection::open(backend.file()).unwrap();
    let lines = |sql: &str| -> String {
        let mut statement = people.prepare(sql).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        let mut text = String::new();
        while let Some(row) = rows.next().unwrap() {
            let line: Vec<String> = (0..columns)
                .map(|column| match row.get_ref_unwrap(column) {
                    rusqlite::types::ValueRef::Text(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
                    other => format!("{:?}", other.data_type()),
                })
                .collect();
            text.push_str(&line.join(" | "));
            text.push('\n');
        }
        text
    };
    let decisions = "SELECT decided, tenant, kind, request_id, stage, verdict, action, reason_code, reason \
                     FROM decision_lines";
    insta::assert_snapshot!(lines(decisions), @r"
    2023-11-14T22:13:20.000000Z | default | transaction | tx-1 | APPROVAL | ALLOW | APPROVE | ALLOWED | allow rule any-transfer
    2023-11-14T22:13:20.000000Z | default | transaction | tx-2 | APPROVAL | DENY | REJECT | FIELD_INVALID | amountStr: the amount is not decimal text at character 2: expected digits and at most one point between them, such as 0 or 12.5
    2023-11-14T22:13:20.000000Z | default | config_change | c-1 | Null | HOLD | IGNORE | CONFIG_CHANGE_NO_RULE | no rule decides over ADD_USER: left to people
    ");
    insta::assert_snapshot!(lines("SELECT * FROM charge_lines"), @"2023-11-14T22:13:20.000000Z | default | tx-1 |  | TRANSFER | ETH | VAULT | 0 | VAULT | 1 | evm:0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | Null | 1000000000000000000 | 2000000000");
    insta::assert_snapshot!(lines("SELECT action FROM decisions WHERE request_id = 'tx-1'"), @"APPROVE");
    insta::assert_snapshot!(lines("SELECT CAST(content AS TEXT) FROM policy_files"), @"document of hash of ");
    desk.allow(&request("tx-3")).await;
}

#[tokio::test]
async fn a_program_that_writes_to_it_is_waited_for_and_then_reported() {
    let (backend, policy) = (backend(), Arc::new(policy(vec![])));
    let desk = backend.open(&policy, &clock());
    let other = Connection::open(backend.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(desk.ask(&request("tx")).await, Err(StoreError::Busy));
    assert_eq!(desk.store.readiness(), Err(StoreError::Busy));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(desk.allow(&request("tx")).await.action, Action::Approve);
    assert_eq!(desk.store.readiness(), Ok(()));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_stops_its_own_request_alone() {
    let (backend, policy) = (backend(), Arc::new(policy(vec![])));
    let desk = backend.open(&policy, &clock());
    desk.allow(&request("tx-1")).await;
    desk.allow(&request("tx-2")).await;
    let vandal = Connection::open(backend.file()).unwrap();
    vandal.execute_batch("UPDATE decisions SET body = '{}' WHERE request_id = 'tx-1'").unwrap();
    vandal.execute_batch("UPDATE charges SET body = '{' WHERE tx_id = 'tx-2'").unwrap();
    for asked in [request("tx-1"), request("tx-2").signing()] {
        let refused = desk.ask(&asked).await;
        assert!(matches!(refused, Err(StoreError::Unreadable(_))), "{refused:?}");
    }
    assert!(desk.answer(&request("tx-2")).await.recorded_earlier);
    desk.allow(&request("tx-3")).await;
    assert_eq!(desk.metrics.failures.get(), 2);
    assert!(desk.fatal.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_in_full_is_not_opened() {
    let backend = backend();
    let limited = Arc::new(policy(vec![count_per_hour(1)]));
    let desk = backend.open(&limited, &clock());
    desk.allow(&request("tx")).await;
    drop(desk);
    let vandal = Connection::open(backend.file()).unwrap();
    vandal.execute_batch("UPDATE charges SET body = '{}'").unwrap();
    drop(vandal);
    assert!(matches!(backend.try_open(&limited, &clock()), Err(OpenError::Ledger(_))));
    let unlimited = Arc::new(policy(vec![]));
    assert!(backend.try_open(&unlimited, &clock()).is_ok(), "no limit asks for it");
}

#[tokio::test]
async fn a_file_that_is_taken_away_ends_the_store() {
    let (backend, policy) = (backend(), Arc::new(policy(vec![])));
    let desk = backend.open(&policy, &clock());
    desk.allow(&request("tx-1")).await;
    let vandal = Connection::open(backend.file()).unwrap();
    vandal.execute_batch("DROP TABLE charges").unwrap();
    assert!(matches!(desk.ask(&request("tx-2")).await, Err(StoreError::Failed(_))));
    assert!(matches!(desk.store.readiness(), Err(StoreError::Failed(_))));
    drop(desk.store);
    assert_eq!(desk.fatal.lock().unwrap().len(), 1);
}

/// A look at the whole table per decision would pass every other test.
#[test]
fn no_statement_reads_a_whole_table() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(&folder.path().join("decider.db")).unwrap();
    for sql in [
        "SELECT digest, seq FROM decisions WHERE tenant = 'a' AND request_id = 'b' AND key = x'00'",
        "SELECT body FROM decisions WHERE seq = 1",
        "SELECT body FROM charges WHERE tenant = 'a' AND tx_id = 'b' AND suffix = ''",
        "SELECT body FROM charges WHERE latest_us >= 1 ORDER BY latest_us",
        "SELECT body FROM decisions WHERE tenant = 'a' AND id = 'b' ORDER BY seq DESC LIMIT 1",
        "SELECT body FROM decisions WHERE tenant = 'a' AND request_id = 'b' ORDER BY seq DESC LIMIT 1",
        "DELETE FROM payloads WHERE seq <= 1",
    ] {
        let mut statement = journal.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan: Vec<String> =
            statement.query_map([], |row| row.get(3)).unwrap().collect::<Result<_, _>>().unwrap();
        assert!(plan[0].starts_with("SEARCH"), "{sql}: {plan:?}");
    }
}

/// A list of a million lines that did not change is not written again with each policy that names it.
#[test]
fn a_file_is_kept_once_whatever_policies_have_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(&folder.path().join("decider.db")).unwrap();
    let mut document = Document::of_file("policy.yaml", b"one".to_vec());
    document.add("payees.csv", File::new(vec![b'x'; 1_000]));
    journal.remember_policy(&document.hash(), &document).unwrap();
    assert_eq!(journal.logged_bytes, 1_003);
    document.add("policy.yaml", File::new(b"other".to_vec()));
    journal.remember_policy(&document.hash(), &document).unwrap();
    assert_eq!(journal.logged_bytes, 1_008);
    let files = |sql: &str| -> i64 { journal.connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!((files("SELECT count(*) FROM policy_files"), files("SELECT count(*) FROM policies")), (3, 2));
}

#[test]
fn a_policy_that_was_changed_in_the_store_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(&folder.path().join("decider.db")).unwrap();
    let document = Document::of_file("policy.yaml", b"one".to_vec());
    journal.remember_policy("hash", &document).unwrap();
    let refused = |journal: &mut SqliteJournal, sql: &str| {
        journal.connection.execute_batch(sql).unwrap();
        journal.policy("hash").unwrap_err().to_string()
    };
    let changed = refused(&mut journal, "UPDATE policy_files SET content = CAST('two' AS BLOB)");
    insta::assert_snapshot!(changed, @"a policy that was kept: policy.yaml is not what it was");
    insta::assert_snapshot!(refused(&mut journal, "DELETE FROM policy_files"), @"a policy that was kept: policy.yaml is not there");
}

/// In schema 1 a policy was one text, and its hash was that of the text.
#[test]
fn a_store_of_schema_1_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("decider.db");
    let document = Document::of_file("policy.yaml", b"version: 1\n".to_vec());
    let hash = document.files().next().unwrap().1.hash.clone();
    drop(SqliteJournal::open(&file).unwrap());
    let old = Connection::open(&file).unwrap();
    old.execute_batch(
        "DROP TABLE standing; DROP TABLE releases; DROP TABLE payloads; DROP TABLE pruned;
                       ALTER TABLE decisions ADD COLUMN payload BLOB NOT NULL DEFAULT x'';
                       ALTER TABLE decisions ADD COLUMN evidence TEXT NOT NULL DEFAULT '{}';
                        DROP TABLE policy_files; ALTER TABLE policies RENAME COLUMN manifest TO document;",
    )
    .unwrap();
    old.execute("INSERT INTO policies VALUES (?1, 'version: 1\n')", [&hash]).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);
    for _ in 0..2 {
        let mut journal = SqliteJournal::open(&file).unwrap();
        assert_eq!(journal.policy(&hash).unwrap().as_ref(), Some(&document));
    }
}

/// In schema 3 payloads stood with their decisions. It is read as it is, and taken over at the first start.
#[tokio::test]
async fn a_store_of_schema_3_is_read_and_taken_over_with_its_payloads() {
    let (backend, policy) = (backend(), Arc::new(policy(vec![])));
    let desk = backend.open(&policy, &clock());
    let decision = desk.allow(&request("tx-1")).await;
    let record = desk.record(&decision).await;
    drop(desk);
    let old = Connection::open(backend.file()).unwrap();
    old.execute_batch(
        "ALTER TABLE decisions ADD COLUMN payload BLOB NOT NULL DEFAULT x'';
         ALTER TABLE decisions ADD COLUMN evidence TEXT NOT NULL DEFAULT '';
         UPDATE decisions SET (payload, evidence) = (SELECT payload, evidence FROM payloads AS p WHERE p.seq = decisions.seq);
         DROP TABLE payloads; DROP TABLE pruned; PRAGMA user_version = 3",
    )
    .unwrap();
    drop(old);
    let kept =
        |backend: &Backend| archive::open(&backend.config()).unwrap().decisions(0).unwrap().remove(0).origin;
    let before = kept(&backend);
    assert_eq!(backend.open(&policy, &clock()).record(&decision).await, record);
    assert_eq!(kept(&backend), before);
}

/// What is let go makes room for what comes.
#[tokio::test]
async fn a_file_that_is_pruned_does_not_grow() {
    let (backend, policy, clock) = (backend(), Arc::new(policy(vec![])), clock());
    let mut pages = Vec::new();
    for round in 0..4 {
        let desk = backend.open(&policy, &clock);
        for each in 0..20 {
            let mut large = proposal(&policy, &request(&format!("tx-{round}-{each}")));
            large.payload = vec![0; 64 * 1024];
            desk.store.decide(large).await.unwrap();
        }
        drop(desk);
        clock.advance(std::time::Duration::from_secs(31 * 24 * 60 * 60));
        let file = Connection::open(backend.file()).unwrap();
        pages.push(file.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0)).unwrap());
    }
    // What a round leaves is let go at the start after the next one: so late was nothing decided before.
    assert!(pages[3] < pages[1] * 11 / 10, "{pages:?}");
}
