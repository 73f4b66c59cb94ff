//! Stores that were restored, by us or around us, and what ends their freeze.

mod databases;
mod files;

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

/// Whichever disk is full, and whatever cannot be read.
#[test]
fn a_backup_that_is_not_written_is_named() {
    let (backend, folder) = (sqlite(), tempfile::tempdir().unwrap());
    drop(history(&backend));
    vandalise(&backend, "DELETE FROM decisions");
    let (clock, policy) = (ManualClock::at(START), policy_of(POLICY).policy);
    let (path, progress) = (folder.path().join("backup.db"), &mut Progress::of("records", &clock));
    let comparison = Comparison { policy: &policy, now: START };
    let told =
        backup(archive_of(&backend).as_mut(), &path, "x", comparison, progress).unwrap_err().to_string();
    assert!(told.starts_with(&format!("{} was not written: ", path.display())), "{told}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
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
