//! Ledgers on PostgreSQL that were restored elsewhere, loaded anew or cut off.

use super::*;

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
