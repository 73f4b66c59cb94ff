//! An operator's work over a store whose older part is pruned.

use std::time::Duration;

use super::*;
use crate::store::Origin;
use crate::upkeep::backup;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Twelve decisions that are pruned, and five after them that build on what they left.
fn pruned_history(backend: &Backend) {
    let file = policy_of(POLICY);
    drop(history(backend));
    let office = Office::try_open_at(backend, &file, later(START, DAY * 20)).unwrap();
    office.ask(signing(transfer("tx-5", "1"))).unwrap();
    office.ask(transfer("tx-7", "1.5")).unwrap();
    office.ask(transfer("tx-8", "2")).unwrap();
    drop(office);
    let office = Office::try_open_at(backend, &file, later(START, DAY * 48)).unwrap();
    office.ask(signing(transfer("tx-7", "1.5"))).unwrap();
    drop(office);
    // Now that something was decided so late, retention has ended for the first.
    let office = Office::try_open_at(backend, &file, later(START, DAY * 48)).unwrap();
    assert!(office.ask(signing(transfer("tx-1", "1"))).unwrap().recorded_earlier);
    office.ask(transfer("tx-1", "7")).unwrap();
    drop(office);
    let pruned = |origin: &Origin<String>| matches!(origin, Origin::Pruned { .. });
    let pruned: Vec<bool> = everything(backend).0.iter().map(|row| pruned(&row.origin)).collect();
    assert_eq!(pruned, [[true; 12].as_slice(), &[false; 5]].concat(), "{}", backend.name());
}

#[test]
fn it_holds_together_and_what_is_pruned_is_told() {
    for backend in backends() {
        pruned_history(&backend);
        assert_eq!(findings(&backend), Vec::<String>::new(), "{}", backend.name());
        let verify::Verified { decisions, pruned, charges, .. } = verified(&backend);
        assert_eq!((decisions, pruned, charges), (17, 12, 6), "{}", backend.name());
        let lines = exported(&backend, &export::Wanted::default());
        let told = |line: &String| line.contains("\"evidence\":null,\"payload\":null,\"pruned_us\":17");
        assert_eq!(lines.iter().filter(|line| told(line)).count(), 12, "{}", backend.name());
        assert!(lines[0].contains("\"charges\":[{\"key\":"), "{}", backend.name());
    }
}

/// Each kind of damage that can still be seen, with what is told of it.
const DAMAGE: [(&str, &str); 7] = [
    (
        "UPDATE decisions SET tenant = 'third' WHERE tenant = 'other'",
        "number 8: filed under other words than it says: the tenant",
    ),
    ("UPDATE decisions SET body = '{}' WHERE request_id = 'c-1'", "number 9: it cannot be read: the answer"),
    (
        "UPDATE charges SET body = replace(body, '1500000000000000000', '1400000000000000000') WHERE tx_id = 'tx-7'",
        "it is not what the decisions left",
    ),
    (
        "DELETE FROM charges WHERE tx_id = 'tx-1' AND tenant = 'default'",
        "what it read of the ledger is not what the decisions before it left",
    ),
    (
        "UPDATE charges SET body = replace(body, '\"alice\"', '\"mallory\"') WHERE tenant = 'other'",
        "no decision left it",
    ),
    (
        "UPDATE payloads SET evidence = replace(evidence, '\"total\":\"', '\"total\":\"7') WHERE POSITION > 12",
        "number 14: it does not come out of its evidence again",
    ),
    ("DELETE FROM decisions WHERE request_id = 'tx-2'", "after 3: the log has a hole"),
];

#[test]
fn damage_is_found_as_far_as_it_can_be_seen() {
    for (sql, expected) in DAMAGE {
        for backend in backends() {
            pruned_history(&backend);
            let column = if matches!(backend, Backend::Postgres(_)) { "position" } else { "seq" };
            vandalise(&backend, &in_dialect(&backend, &sql.replace("POSITION", column)));
            let told = findings(&backend);
            assert!(told.iter().any(|told| told.contains(expected)), "{} {sql}: {told:#?}", backend.name());
        }
    }
}

#[test]
fn it_is_copied_and_backed_up_and_goes_on() {
    for (from, to) in pairs() {
        pruned_history(&from);
        let copied = copied(&from, &to).unwrap();
        assert_eq!((copied.decisions, copied.charges), (17, 6), "{} to {}", from.name(), to.name());
        let whole = |backend| {
            everything(backend).0.into_iter().map(|row| (row.position, row.id, row.body, row.identity))
        };
        assert!(whole(&from).eq(whole(&to)), "{} to {}", from.name(), to.name());
        assert_eq!(everything(&from).1, everything(&to).1);
        let pruned_at = |backend| {
            everything(backend)
                .0
                .into_iter()
                .map(|row| match row.origin {
                    Origin::Pruned { at, .. } => Some(at),
                    Origin::Kept { .. } => None,
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(pruned_at(&from), pruned_at(&to), "{} to {}", from.name(), to.name());
        assert_eq!(findings(&to), Vec::<String>::new(), "{} to {}", from.name(), to.name());
        let office = Office::try_open_at(&to, &policy_of(POLICY), later(START, DAY * 49)).unwrap();
        assert!(office.ask(signing(transfer("tx-1", "1"))).unwrap().recorded_earlier);
        office.ask(transfer("tx-9", "1")).unwrap();
        drop(office);
        assert_eq!(findings(&to), Vec::<String>::new(), "{} to {}", from.name(), to.name());
        let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::at(START));
        let (path, policy) = (folder.path().join("backup.db"), policy_of(POLICY).policy);
        let progress = &mut Progress::of("records", &clock);
        let copied = backup::backup(
            archive_of(&from).as_mut(),
            &path,
            "restored",
            Comparison { policy: &policy, now: START },
            progress,
        )
        .unwrap();
        assert_eq!((copied.decisions, copied.charges), (17, 6), "{}", from.name());
    }
}
