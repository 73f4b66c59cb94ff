//! Stores that were restored, by us or around us, and what ends their freeze.

use std::path::{Path, PathBuf};

use super::*;
use crate::store::{Journal as _, PostgresJournal, Store as _, StoreError};
use crate::upkeep::backup::backup;
use crate::upkeep::release::{Released, Statement, release};

/// Why nothing is decided; empty where something is.
fn frozen(office: &Office) -> String {
    match office.store.readiness() {
        Err(StoreError::Frozen(why)) => why.to_string(),
        Ok(()) => String::new(),
        Err(other) => panic!("{other}"),
    }
}

fn open(backend: &Backend) -> Office {
    let office = Office::open(backend, &policy_of(POLICY));
    office.clock.advance(HOUR * 2);
    office
}

fn sqlite() -> Backend {
    Backend::Sqlite(tempfile::tempdir().unwrap())
}

/// A backup of a backend, put where a decider is started on it.
fn restored(backend: &Backend) -> Backend {
    let (clock, policy, to) = (ManualClock::at(START), policy_of(POLICY).policy, sqlite());
    let progress = &mut Progress::of("records", &clock);
    backup(
        archive_of(backend).as_mut(),
        &to.file(),
        "it was restored",
        Comparison { policy: &policy, now: START },
        progress,
    )
    .unwrap();
    to
}

fn released(backend: &Backend, lost: Option<String>) -> Result<Released, String> {
    let file = policy_of(POLICY);
    let statement =
        Statement { by: "alice".into(), at: START, lost, file: "lost.jsonl".into(), despite_gaps: true };
    let store = intake::open_frozen(&backend.config()).map_err(|error| error.to_string())?;
    let released = release(store, &statement, Some((&file.policy.hash, &file.document)));
    released.map_err(|error| error.to_string())
}

#[test]
fn a_backup_is_the_store_of_one_moment_and_frozen_until_it_is_released() {
    for backend in backends() {
        let office = history(&backend);
        let backup = restored(&backend);
        office.ask(transfer("tx-9", "0.5")).unwrap();
        drop(office);
        let files = std::fs::read_dir(backup.file().parent().unwrap()).unwrap().count();
        assert_eq!(files, 1, "one file is the backup");
        assert_eq!(everything(&backup).0, everything(&backend).0[..12], "{}", backend.name());
        assert_eq!(findings(&backup), Vec::<String>::new());
        assert_eq!(frozen(&open(&backup)), "it was restored");
        let told = released(&backup, None).unwrap();
        assert_eq!((told.frozen.as_str(), told.entered, told.on_record), ("it was restored", 0, 0));
        let office = open(&backup);
        assert_eq!(frozen(&office), "");
        assert!(office.ask(transfer("tx-5", "1")).unwrap().recorded_earlier);
        drop(office);
        assert_eq!(
            released(&backup, None).unwrap_err(),
            "the store is not frozen: there is nothing to release"
        );
        let releases = archive_of(&backup).state().unwrap().releases;
        let [release] = releases.as_slice() else { panic!("{releases:?}") };
        assert_eq!((release.by.as_str(), release.position, release.lost.as_str()), ("alice", 12, "nothing"));
    }
}

/// A record that cannot be read is for `verify` to tell, and does not keep the rest from deciding.
#[test]
fn a_statement_that_nothing_was_lost_needs_no_look_at_what_is_on_record() {
    for backend in backends() {
        drop(history(&backend));
        let backup = restored(&backend);
        let to = empty().into_iter().find(|to| to.name() == backend.name()).unwrap();
        copied(&backup, &to).unwrap();
        let gone = if matches!(to, Backend::Sqlite(_)) { "payloads" } else { "payloads_by_month" };
        vandalise(&to, &format!("DELETE FROM {gone}"));
        assert_eq!(released(&to, None).unwrap().entered, 0, "{}", to.name());
        assert_eq!(frozen(&open(&to)), "");
    }
}

#[test]
fn a_backup_replaces_no_file() {
    let backend = sqlite();
    drop(history(&backend));
    let (clock, policy) = (ManualClock::at(START), policy_of(POLICY).policy);
    let progress = &mut Progress::of("records", &clock);
    let refused = backup(
        archive_of(&backend).as_mut(),
        &backend.file(),
        "x",
        Comparison { policy: &policy, now: START },
        progress,
    );
    assert!(refused.unwrap_err().to_string().contains("nothing is replaced"));
}

/// Two stores that go on by themselves allow twice.
#[test]
fn a_store_that_was_copied_is_frozen_and_the_copy_goes_on() {
    for backend in backends() {
        drop(history(&backend));
        let to = empty().remove(0);
        copied(&backend, &to).unwrap();
        assert_eq!(
            frozen(&open(&backend)),
            "it was copied at decision 12 into another store, which takes its place",
            "{}",
            backend.name()
        );
        assert_eq!(frozen(&open(&to)), "");
        released(&backend, None).unwrap();
        assert_eq!(frozen(&open(&backend)), "", "the copy was not what was wanted");
    }
}

/// Nobody has it open, so that nobody is told to stop: whoever comes back while it is copied waits, and is frozen then.
#[test]
fn a_decider_that_comes_back_while_its_ledger_is_copied_decides_no_more() {
    let (backend, to) = (Backend::postgres(), empty().remove(0));
    let office = history(&backend);
    database(&backend).texts(CUT);
    let copied = (0..200).find_map(|_| {
        database(&backend).texts(CUT);
        copied(&backend, &to).ok()
    });
    assert!(copied.is_some(), "it was always connected");
    wait_until(&office, true);
}

#[test]
fn a_copy_of_a_frozen_store_is_frozen() {
    let backend = sqlite();
    drop(history(&backend));
    let backup = restored(&backend);
    for to in empty() {
        copied(&backup, &to).unwrap();
        let office = open(&to);
        assert_eq!(frozen(&office), "it was restored", "{}", to.name());
        drop(office);
        released(&to, None).unwrap();
        assert_eq!(frozen(&open(&to)), "", "{}", to.name());
    }
}

/// The export was made after retention had ended: the charges and the answers are in it, and that is what counts.
#[test]
fn lines_that_are_pruned_are_entered_as_such() {
    for backend in backends() {
        let (backup, _) = lost_since(&backend);
        let late = later(START, std::time::Duration::from_secs(62 * 86_400));
        Office::try_open_at(&backend, &policy_of(POLICY), late).unwrap().change(change("late"));
        drop(Office::try_open_at(&backend, &policy_of(POLICY), late).unwrap());
        let lines = exported(&backend, &export::Wanted::default())[..15].join("\n");
        assert_eq!(lines.matches("\"pruned_us\":").count(), 15, "{}", backend.name());
        let broken = lines.replace(",\"pruned_us\"", ",\"payload\":\"\",\"pruned_us\"");
        assert!(released(&backup, Some(broken)).is_err());
        let told = released(&backup, Some(lines)).unwrap();
        assert_eq!((told.entered, told.on_record), (3, 12), "{}", backend.name());
        let office = open(&backup);
        assert!(office.ask(signing(transfer("lost-1", "1.5"))).unwrap().recorded_earlier);
        assert_eq!(office.ask(transfer("tx-9", "0.1")).unwrap().decision.limits[0].used, ether("1.5"));
        drop(office);
        assert_eq!(findings(&backup), Vec::<String>::new(), "{}", backend.name());
    }
}

/// What is charged after the backup, and lost with the store.
fn lost_since(backend: &Backend) -> (Backend, Vec<String>) {
    let office = history(backend);
    let backup = restored(backend);
    office.clock.advance(HOUR * 2);
    office.ask(transfer("lost-1", "1.5")).unwrap();
    office.ask(signing(transfer("lost-1", "1.5"))).unwrap();
    office.ask(transfer("lost-2", "9")).unwrap();
    drop(office);
    (backup, exported(backend, &export::Wanted::default()))
}

#[test]
fn what_was_lost_is_entered_and_counts_from_then_on() {
    for backend in backends() {
        let (backup, lines) = lost_since(&backend);
        let targets = empty().into_iter().map(|to| copied(&backup, &to).map(|_| to).unwrap());
        for target in targets {
            let told = released(&target, Some(lines[10..].join("\n"))).unwrap();
            assert_eq!((told.entered, told.on_record), (3, 2), "{}", target.name());
            assert_eq!(everything(&target), everything(&backend), "{}", target.name());
            assert_eq!(findings(&target), Vec::<String>::new());
            let office = Office::open(&target, &policy_of(POLICY));
            office.clock.advance(HOUR * 3);
            assert!(office.ask(signing(transfer("lost-1", "1.5"))).unwrap().recorded_earlier);
            let full = office.ask(transfer("new", "2.5")).unwrap().decision;
            assert_eq!(full.limits[0].used, ether("1.5"), "{}", target.name());
        }
    }
}

#[test]
fn what_cannot_be_entered_is_told_with_its_line_and_changes_nothing() {
    let backend = sqlite();
    let (backup, lines) = lost_since(&backend);
    let before = everything(&backup);
    let refused = |lines: &[String]| {
        let told = released(&backup, Some(lines.join("\n"))).unwrap_err();
        assert_eq!(everything(&backup), before, "{told}");
        assert_eq!(frozen(&open(&backup)), "it was restored");
        told
    };
    let [allowed, signed, denied] = [&lines[12], &lines[13], &lines[14]].map(String::clone);
    let last = refused(std::slice::from_ref(&allowed));
    assert!(
        last.starts_with(
            "lost.jsonl:1: the decision that changed the charge default/\"lost-1\"/\"\" last is"
        )
    );
    let order = refused(&[denied.clone(), allowed.replace("\"at\":17", "\"at\":16"), signed.clone()]);
    assert!(order.contains("lost.jsonl:2: "), "{order}");
    let odd =
        refused(&[allowed.replace("\"kind\"", "\"kin\""), "{}".into(), denied.replace("lost-2", "lost-3")]);
    for told in
        ["lost.jsonl:1: this is no line", "lost.jsonl:2: this is no line", "lost.jsonl:3: it does not fit"]
    {
        assert!(odd.contains(told), "{odd}");
    }
    let policy = allowed.replace("\"policy_hash\":\"", "\"policy_hash\":\"0");
    assert!(refused(&[policy, signed]).contains("lost.jsonl:1: the store does not have its policy"));
}

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

fn database(backend: &Backend) -> &postgres_cluster::Database {
    let Backend::Postgres(database) = backend else { panic!("it is another backend") };
    database
}

/// Until the decider has looked at the server.
fn wait_until(office: &Office, is_frozen: bool) {
    for _ in 0..200 {
        let readiness = office.store.readiness();
        if matches!(readiness, Err(StoreError::Frozen(_))) == is_frozen && (is_frozen || readiness.is_ok()) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{:?}", office.store.readiness());
}

const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// A database that is made of another is what a dump is that is restored: the same rows in another backend.
fn moved(backend: &Backend) -> Backend {
    let (server, name) = database(backend).url().rsplit_once('/').unwrap();
    let elsewhere = Backend::Postgres(postgres_cluster::database());
    let copy = database(&elsewhere).url().rsplit_once('/').unwrap().1.to_owned();
    postgres_cluster::execute(&format!("{server}/postgres"), &format!("DROP DATABASE {copy}"));
    postgres_cluster::execute(
        &format!("{server}/postgres"),
        &format!("CREATE DATABASE {copy} TEMPLATE {name}"),
    );
    elsewhere
}

/// No decider has looked at it yet, and none may be the first to.
#[test]
fn a_ledger_in_another_database_is_known_as_such_before_a_decider_opens_it() {
    let backend = Backend::postgres();
    drop(history(&backend));
    let elsewhere = moved(&backend);
    let why = archive_of(&elsewhere).state().unwrap().frozen.unwrap_or_default();
    assert!(why.starts_with("the ledger was restored from a dump"), "{why}");
    for to in empty() {
        copied(&elsewhere, &to).unwrap();
        assert_eq!(frozen(&open(&to)), why, "{}", to.name());
    }
    released(&elsewhere, None).unwrap();
    assert_eq!(archive_of(&elsewhere).state().unwrap().frozen, None);
    assert_eq!(frozen(&open(&elsewhere)), "");
}

#[test]
fn a_ledger_in_another_database_is_frozen_and_released_while_its_deciders_run() {
    let backend = Backend::postgres();
    drop(history(&backend));
    assert_eq!(frozen(&open(&backend)), "");
    let elsewhere = moved(&backend);
    let office = open(&elsewhere);
    assert!(frozen(&office).starts_with("the ledger was restored from a dump"), "{}", frozen(&office));
    assert!(!frozen(&open(&elsewhere)).is_empty(), "a second look is no release");
    released(&elsewhere, None).unwrap();
    wait_until(&office, false);
    assert!(office.ask(transfer("tx-5", "1")).unwrap().recorded_earlier);
    drop(office);
    assert_eq!(frozen(&open(&elsewhere)), "");
    assert_eq!(frozen(&open(&backend)), "", "the first is where it was");
}

/// Their server, database and table are what they were. Only what is in the tables was loaded, as a dump of the data alone
/// is.
#[test]
fn a_ledger_whose_tables_were_loaded_anew_is_frozen_until_it_is_released() {
    const LOAD: &str = "CREATE TEMP TABLE dump AS TABLE countersign.head; TRUNCATE countersign.head;
                        INSERT INTO countersign.head SELECT * FROM dump";
    const LOADED: &str = "the ledger was restored from a dump: its tables were loaded anew";
    let backend = Backend::postgres();
    let office = history(&backend);
    for harmless in [
        "VACUUM FULL countersign.head",
        "VACUUM FREEZE countersign.head",
        "CLUSTER countersign.head USING head_pkey",
    ] {
        database(&backend).execute(harmless);
        assert_eq!(archive_of(&backend).state().unwrap().frozen, None, "{harmless}");
        assert_eq!(frozen(&open(&backend)), "", "{harmless}");
    }
    database(&backend).execute(LOAD);
    wait_until(&office, true);
    drop(office);
    assert_eq!(frozen(&open(&backend)), LOADED);
    released(&backend, None).unwrap();
    assert_eq!(frozen(&open(&backend)), "");
    database(&backend).execute(LOAD);
    assert_eq!(archive_of(&backend).state().unwrap().frozen.as_deref(), Some(LOADED));
    vandalise(&backend, "UPDATE head SET timeline = timeline");
    assert_eq!(frozen(&open(&backend)), LOADED, "an older decider was there first");
    database(&backend).execute(LOAD);
    released(&backend, None).unwrap();
    assert_eq!(frozen(&open(&backend)), "", "nobody has looked at it before");
}

/// Its server had failovers; the new one had none.
#[test]
fn a_ledger_of_a_later_timeline_that_was_restored_elsewhere_is_released_in_one_step() {
    let backend = Backend::postgres();
    drop(history(&backend));
    vandalise(&backend, "UPDATE head SET timeline = 7");
    let elsewhere = moved(&backend);
    released(&elsewhere, None).unwrap();
    assert_eq!(frozen(&open(&elsewhere)), "");
    vandalise(&backend, "UPDATE head SET frozen = 'restored'");
    released(&backend, None).unwrap();
    assert!(
        Office::try_open(&backend, &policy_of(POLICY)).is_err(),
        "an old primary is no other for a release"
    );
}

#[test]
fn a_log_that_ends_before_what_a_decider_has_seen_is_frozen_for_all_of_them() {
    let backend = Backend::postgres();
    let office = history(&backend);
    for table in ["decisions", "payloads", "charges"] {
        vandalise(&backend, &format!("DELETE FROM {table} WHERE position > 10"));
    }
    vandalise(&backend, "UPDATE head SET position = 10");
    wait_until(&office, true);
    assert_eq!(frozen(&office), "the log ends at position 10, and a decider has seen 12");
    assert_eq!(frozen(&open(&backend)), frozen(&office), "one that has seen nothing");
    released(&backend, None).unwrap();
    wait_until(&office, false);
    database(&backend).texts(CUT);
    std::thread::sleep(std::time::Duration::from_millis(100));
    wait_until(&office, false);
    let decision = loop {
        match office.ask(transfer("tx-6", "1")) {
            Ok(answer) => break answer.decision,
            Err(StoreError::Unavailable(_)) => std::thread::sleep(std::time::Duration::from_millis(5)),
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(decision.limits[0].used, ether("1"), "made anew");
}

/// Takes a ledger back to where it ended at a position, as a recovery to an earlier point does.
fn rewind(backend: &Backend, position: i64) {
    for table in ["decisions", "payloads_by_month", "charges"] {
        vandalise(backend, &format!("DELETE FROM {table} WHERE position > {position}"));
    }
    vandalise(backend, &format!("UPDATE head SET position = {position}"));
}

/// A decider that knows the log as it is now, and is cut off before it looks again.
fn cut_off(backend: &Backend) -> PostgresJournal {
    let mut journal = PostgresJournal::open(ledger_at(database(backend)), std::sync::Arc::default()).unwrap();
    journal.join().unwrap();
    database(backend).texts(CUT);
    assert!(journal.join().is_err(), "it is cut off");
    journal
}

/// One that has seen nothing writes on before those who have seen more are back: the log is as long as it was.
#[test]
fn a_log_that_holds_another_decision_where_a_decider_has_seen_one_is_frozen() {
    for decided_since in [2, 5] {
        let backend = Backend::postgres();
        drop(history(&backend));
        let mut seen = cut_off(&backend);
        rewind(&backend, 10);
        let office = open(&backend);
        for each in 0..decided_since {
            office.ask(transfer(&format!("since-{each}"), "0.001")).unwrap();
        }
        seen.join().unwrap();
        let why = seen.frozen().unwrap_or_default();
        assert_eq!(&*why, "position 12 of the log holds another decision than a decider has seen there");
        wait_until(&office, true);
    }
}

/// An operator has stated what was lost; who was away meanwhile knows of nothing more.
#[test]
fn a_decider_that_was_away_while_the_ledger_was_restored_and_released_does_not_freeze_it_again() {
    for decided_since in [0, 5] {
        let backend = Backend::postgres();
        drop(history(&backend));
        let (mut first, mut late) = (cut_off(&backend), cut_off(&backend));
        rewind(&backend, 10);
        first.join().unwrap();
        assert!(first.frozen().is_some());
        drop(first);
        released(&backend, None).unwrap();
        let office = open(&backend);
        for each in 0..decided_since {
            office.ask(transfer(&format!("since-{each}"), "0.001")).unwrap();
        }
        late.join().unwrap();
        assert_eq!(late.frozen(), None);
        drop((late, office));
        let mut late = cut_off(&backend);
        rewind(&backend, 9);
        late.join().unwrap();
        assert!(late.frozen().is_some(), "what was stated of one restore says nothing of the next");
    }
}

/// Bodies from before a field was added are the same answers.
#[test]
fn what_is_on_record_as_an_older_decider_wrote_it_is_known_again() {
    for backend in backends() {
        let (backup, lines) = lost_since(&backend);
        vandalise(&backup, "UPDATE decisions SET body = replace(body, ',\"hold\":false', '')");
        let another = |was: &str, is: &str| {
            format!(
                "UPDATE decisions SET body = replace(body, '\"{was}\"', '\"{is}\"') WHERE request_id = 'tx-2'"
            )
        };
        vandalise(&backup, &another("REJECT", "APPROVE"));
        let told = released(&backup, Some(lines.join("\n"))).unwrap_err();
        assert!(told.starts_with("lost.jsonl:4: the store has another decision of this id\n"), "{told}");
        vandalise(&backup, &another("APPROVE", "REJECT"));
        let told = released(&backup, Some(lines.join("\n"))).unwrap();
        assert_eq!((told.entered, told.on_record), (3, 12), "{}", backend.name());
    }
}

/// Deciders older than the schema that knows of restores write as these do, and look at nothing.
#[test]
fn a_decider_of_before_freezes_cannot_write_to_a_frozen_ledger() {
    let backend = Backend::postgres();
    drop(history(&backend));
    let write =
        "INSERT INTO decisions SELECT position + 1, id || 'x', tenant, request_id || 'x', key, digest, kind,
                        decided_us, policy_hash, stage, verdict, action, reason_code, reason, body
                   FROM decisions WHERE position = 12";
    vandalise(&backend, "UPDATE head SET frozen = 'restored'");
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| vandalise(&backend, write)));
    assert!(refused.is_err(), "an old decider was not held back");
    vandalise(&backend, "UPDATE head SET frozen = NULL");
    vandalise(&backend, write);
}
