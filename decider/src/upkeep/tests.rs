//! An operator's work, over every store.

mod caller_proof;
mod of_tenant;
mod restores;
mod retention;

use proptest::prelude::*;
use proto::decider::v1 as wire;

use super::copy::Comparison;
use super::progress::Progress;
use super::testing::*;
use super::{copy, export, stats, verify};
use crate::clock::testing::ManualClock;
use crate::store::suite::fixture::*;
use crate::store::{Answer, MemoryJournal, archive, intake};

fn verified(backend: &Backend) -> verify::Verified {
    let clock = ManualClock::at(START);
    verify::verify(archive_of(backend).as_mut(), &mut Progress::of("records", &clock)).unwrap()
}

/// What is wrong, without ids, which are new each time.
fn findings(backend: &Backend) -> Vec<String> {
    let ids: Vec<(String, String)> =
        everything(backend).0.into_iter().map(|row| (row.id, format!("number {}", row.position))).collect();
    let told = verified(backend).findings.into_iter().map(|finding| {
        let told = format!("{}: {}", finding.place, finding.what);
        ids.iter().fold(told, |told, (id, name)| told.replace(id, name))
    });
    told.collect()
}

#[test]
fn a_history_holds_together_in_every_store_also_while_it_is_written() {
    for backend in backends() {
        let office = history(&backend);
        assert_eq!(findings(&backend), Vec::<String>::new(), "{}", backend.name());
        office.ask(transfer("tx-9", "0.001")).unwrap();
        drop(office);
        let verify::Verified { decisions, charges, .. } = verified(&backend);
        assert_eq!((decisions, charges), (13, 5), "{}", backend.name());
    }
}

/// Each kind of damage, with what is told of it.
const DAMAGE: [(&str, &str); 13] = [
    (
        "UPDATE decisions SET body = replace(body, '\"APPROVE\"', '\"REJECT\"') WHERE request_id = 'tx-5'",
        "decision number 10: it does not come out of its evidence again: ALLOW now",
    ),
    (
        "UPDATE decisions SET body = '{}' WHERE request_id = 'c-1'",
        "decision number 9: it cannot be read: the answer",
    ),
    (
        "UPDATE decisions SET decided_us = decided_us - 1 WHERE request_id = 'tx-6'",
        "decision number 12: filed under other words than it says: the time",
    ),
    (
        "UPDATE decisions SET tenant = 'third' WHERE tenant = 'other'",
        "decision number 8: filed under other words than it says: the tenant",
    ),
    (
        "UPDATE decisions SET digest = key WHERE request_id = 'tx-2'",
        "decision number 4: filed under other words than it says: the digest of the content",
    ),
    (
        "UPDATE payloads SET evidence = replace(evidence, '\"total\":\"0\"', '\"total\":\"7\"')",
        "decision number 1: it does not come out of its evidence again",
    ),
    (
        "UPDATE payloads SET evidence = replace(evidence, '\"doubtful\":0', '\"doubtful\":1')",
        "decision number 1: what it read of the ledger is not what the decisions before it left",
    ),
    (
        "UPDATE payloads SET payload = '' WHERE tenant = 'other'",
        "decision number 8: it cannot be read: the request",
    ),
    ("DELETE FROM charges WHERE tx_id = 'tx-5' AND suffix = ''", "charge default/\"tx-5\"/\"\": it is gone"),
    (
        "UPDATE charges SET body = replace(body, '1000000000000000000', '2000000000000000000') WHERE tx_id = 'tx-5'",
        "charge default/\"tx-5\"/\"\": it is not what the decisions left",
    ),
    (
        "UPDATE charges SET latest_us = latest_us + 1 WHERE tx_id = 'tx-1'",
        "charge default/\"tx-1\"/\"\": it counts until",
    ),
    (
        "UPDATE policy_files SET content = 'x'",
        "cannot be read: a policy that was kept: policy.yaml is not what it was",
    ),
    ("DELETE FROM decisions WHERE request_id = 'tx-2'", "after 3: the log has a hole"),
];

fn in_dialect(backend: &Backend, sql: &str) -> String {
    match backend {
        Backend::Sqlite(_) => {
            let seq_of_other = "WHERE seq IN (SELECT seq FROM decisions WHERE tenant = 'other')";
            let sql = sql.replace("content = 'x'", "content = x'00'");
            match sql.contains("UPDATE payloads") {
                true => sql
                    .replace("payload = ''", "payload = x''")
                    .replace("WHERE tenant = 'other'", seq_of_other),
                false => sql,
            }
        }
        _ => sql.replace("payloads", "payloads_by_month"),
    }
}

#[test]
fn every_damage_is_found_with_its_place() {
    for (sql, expected) in DAMAGE {
        for backend in backends() {
            drop(history(&backend));
            vandalise(&backend, &in_dialect(&backend, sql));
            let told = findings(&backend);
            assert!(told.iter().any(|told| told.contains(expected)), "{} {sql}: {told:#?}", backend.name());
        }
    }
}

#[test]
fn a_charge_that_nobody_left_and_a_head_that_lies_are_found() {
    for backend in backends() {
        drop(history(&backend));
        let position = if matches!(backend, Backend::Postgres(_)) { "position + 100, " } else { "" };
        vandalise(
            &backend,
            &format!(
                "INSERT INTO charges SELECT {position}tenant, 'tx-x', suffix, latest_us, body FROM charges \
                 WHERE tx_id = 'tx-5' AND suffix = ''"
            ),
        );
        assert_eq!(
            findings(&backend),
            ["charge default/\"tx-x\"/\"\": no decision left it"],
            "{}",
            backend.name()
        );
        if matches!(backend, Backend::Postgres(_)) {
            vandalise(&backend, "UPDATE head SET position = position - 1");
            let told = "log: the log ends at position 12, and its head says 11";
            assert!(findings(&backend).iter().any(|finding| finding == told));
        }
    }
}

#[test]
fn a_store_is_told_in_numbers() {
    for backend in backends() {
        drop(history(&backend));
        let clock = ManualClock::at(START);
        let policy = policy_of(POLICY).policy;
        let mut stats = stats::count(
            archive_of(&backend).as_mut(),
            Some(&policy),
            START,
            &mut Progress::of("records", &clock),
        )
        .unwrap();
        assert!(stats.bytes > 10_000, "{stats:?}");
        (stats.bytes, stats.schema, stats.payload_bytes) = (0, 0, 0);
        let told = serde_json::to_string(&stats).unwrap().replace(stats.store, "STORE");
        insta::allow_duplicates! {
            insta::assert_snapshot!(told, @r#"{"store":"STORE","schema":0,"bytes":0,"head":12,"policies":2,"decisions":{"count":12,"oldest_us":1700000000000001,"newest_us":1700003600000011},"verdicts":{"default":{"ALLOW":6,"DENY":4,"HOLD":1},"other":{"ALLOW":1}},"payload_bytes":0,"pruned":0,"charges":{"count":5,"oldest_us":1700000000000003,"newest_us":1700003600000010},"usage":[{"limit":"eth-per-hour","key":{"source":"VAULT:0","asset":"ETH"},"unit":{"base_units":"ETH"},"used":"2000000000000000000","max":"3000000000000000000","headroom":"1000000000000000000"},{"limit":"ever","key":{"tenant":"default","signer":"alice"},"unit":"transactions","used":"4","max":"20","headroom":"16"},{"limit":"ever","key":{"tenant":"default","signer":"bob"},"unit":"transactions","used":"1","max":"20","headroom":"19"},{"limit":"ever","key":{"tenant":"other","signer":"alice"},"unit":"transactions","used":"1","max":"20","headroom":"19"}]}"#);
        }
    }
}

fn exported(backend: &Backend, wanted: &export::Wanted) -> Vec<String> {
    let (clock, mut text) = (ManualClock::at(START), Vec::new());
    let progress = &mut Progress::of("records", &clock);
    let count = export::write(archive_of(backend).as_mut(), wanted, &mut text, progress).unwrap();
    let lines: Vec<String> = String::from_utf8(text).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(u64::try_from(lines.len()), Ok(count));
    lines
}

#[test]
fn an_export_has_every_decision_with_its_charges_in_a_stable_shape() {
    for backend in backends() {
        drop(history(&backend));
        let lines = exported(&backend, &export::Wanted::default());
        assert_eq!(lines.len(), 12);
        let id = &everything(&backend).0[7].id;
        let first = lines[7].replace(id, "ID").replace(&policy_of(POLICY).policy.hash, "HASH");
        insta::allow_duplicates! {
            insta::assert_snapshot!(first, @r#"{"position":8,"kind":"transaction","key":"db854713e40ffe320cb4a9415f96778b579b7df7df61f026ac9860a0b924a06b","content":"9683bbdd043642f9df7d09189d004f224a2e8907c1ac951763c550f2905e4510","decision":{"id":"ID","tenant":"other","callback_request_id":"tx-1","stage":"APPROVAL","verdict":"ALLOW","action":"APPROVE","reason":{"code":"ALLOWED","text":"allow rule sweep"},"rules":[{"rule_id":"sweep","effect":"ALLOW","matched":true,"indeterminate":[]}],"limits":[{"limit_id":"eth-per-hour","key":{"source":"VAULT:0","asset":"ETH"},"unit":{"base_units":"ETH"},"used":"1250000000000000000","requested":"500000000000000000","max":"3000000000000000000","headroom":"1250000000000000000","window":3600,"grows_at":1700003600000003,"exceeded":false,"hold":false,"indeterminate":null},{"limit_id":"ever","key":{"tenant":"other","signer":"alice"},"unit":"transactions","used":"0","requested":"1","max":"20","headroom":"19","window":"lifetime","grows_at":null,"exceeded":false,"hold":false,"indeterminate":null}],"policy_hash":"HASH","at":1700000000000008},"charges":[{"key":{"tenant":"other","tx_id":"tx-1","suffix":""},"intent":{"tenant":"other","stage":"APPROVAL","operation":"TRANSFER","signer":"alice","source":{"kind":"VAULT","id":"0","subtype":null},"asset":"ETH","decimals":18,"chain":"evm","tag_required":false,"amount":"500000000000000000","net_amount":"500000000000000000","requested_amount":"500000000000000000","destinations":[{"account":{"kind":"VAULT","id":"1","subtype":null},"address":null,"tag":null,"address_type":null,"amount":"500000000000000000","usd":null}],"contract_data":{}},"at":1700000000000008,"parts":[{"signer":"alice","stage":"APPROVAL","callback_request_id":"tx-1","at":1700000000000008}]}],"evidence":{"charges":[[{"tenant":"other","tx_id":"tx-1","suffix":""},null]],"used":[[{"limit_id":"eth-per-hour","key":{"source":"VAULT:0","asset":"ETH"}},{"total":"1250000000000000000","oldest":1700000000000003,"second":1700000000000007,"indeterminate":null,"doubtful":0}],[{"limit_id":"ever","key":{"tenant":"other","signer":"alice"}},{"total":"0","oldest":null,"indeterminate":null,"doubtful":0}]],"asked_at":1700000000000008},"payload":"0a056f74686572120474782d311a05616c6963652a0474782d313a085452414e53464552420a0a055641554c5412013052034554485a03302e356203302e3572110a0a0a055641554c541201311203302e35"}"#);
        }
        let first = export::Wanted { tenant: Some("other".into()), since_us: None };
        assert_eq!(exported(&backend, &first).len(), 1);
        let late = export::Wanted { tenant: None, since_us: Some(later(START, HOUR).as_micros()) };
        assert_eq!(exported(&backend, &late).len(), 3);
    }
}

#[test]
fn an_export_into_a_file_is_whole_or_not_there() {
    let backend = Backend::Sqlite(tempfile::tempdir().unwrap());
    drop(history(&backend));
    let (folder, clock) = (tempfile::tempdir().unwrap(), ManualClock::at(START));
    let path = folder.path().join("decisions.jsonl");
    let write = || {
        let progress = &mut Progress::of("records", &clock);
        export::write_file(archive_of(&backend).as_mut(), &export::Wanted::default(), &path, progress)
    };
    assert_eq!(write().unwrap(), 12);
    let whole = std::fs::read(&path).unwrap();
    vandalise(&backend, "UPDATE payloads SET evidence = '{' WHERE seq = 12");
    assert!(write().unwrap_err().to_string().contains("nothing is replaced"));
    assert_eq!(std::fs::read(&path).unwrap(), whole, "the one before stands");
    std::fs::remove_file(&path).unwrap();
    assert!(write().unwrap_err().to_string().starts_with("evidence of decision "), "the record is named");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "half of one is none");
}

/// A place of each kind that is empty.
fn empty() -> Vec<Backend> {
    let backends = backends();
    for backend in &backends {
        drop(Office::open(backend, &policy_of(POLICY)));
    }
    backends
}

/// Each kind of store, with an empty one of each kind: a store that was copied decides no more.
fn pairs() -> [(Backend, Backend); 4] {
    [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(from, to)| (backends().remove(from), empty().remove(to)))
}

fn copied(from: &Backend, to: &Backend) -> Result<copy::Copied, String> {
    let (clock, policy) = (ManualClock::at(START), policy_of(POLICY).policy);
    let source = archive::open_alone(&from.config()).map_err(|error| error.to_string())?;
    let target = intake::open(&to.config()).map_err(|error| error.to_string())?;
    let progress = &mut Progress::of("records", &clock);
    copy::copy_whole(source, target, Comparison { policy: &policy, now: START }, progress)
        .map_err(|error| error.to_string())
}

#[test]
fn a_copy_is_the_same_to_the_byte_and_goes_on_where_the_source_was() {
    for (from, to) in pairs() {
        drop(history(&from));
        let copied = copied(&from, &to).unwrap();
        assert_eq!((copied.policies, copied.decisions, copied.charges), (2, 12, 5));
        assert_eq!(everything(&to), everything(&from), "{} to {}", from.name(), to.name());
        assert_eq!(findings(&to), Vec::<String>::new());
        let office = Office::open(&to, &policy_of(POLICY));
        office.clock.advance(HOUR * 2);
        let again = office.ask(signing(transfer("tx-1", "1"))).unwrap();
        assert!(again.recorded_earlier, "a repeated request gets the recorded answer");
        let joined = office.ask(signing(transfer("tx-5", "1"))).unwrap();
        assert_eq!(joined.decision.limits[1].used.to_string(), "3", "its own approval is charged");
        drop(office);
        assert_eq!(findings(&to), Vec::<String>::new(), "the log goes on");
    }
}

#[test]
fn a_store_in_use_is_not_copied_and_a_store_with_decisions_is_not_filled() {
    for backend in backends() {
        let office = history(&backend);
        let to = Backend::Sqlite(tempfile::tempdir().unwrap());
        let refused = copied(&backend, &to).unwrap_err();
        assert!(refused.contains("stop the"), "{refused}");
        drop(office);
        for other in backends() {
            drop(history(&other));
            let refused = copied(&backend, &other).unwrap_err();
            assert!(refused.contains("holds decisions already"), "{refused}");
        }
        copied(&backend, &to).unwrap();
    }
}

#[test]
fn a_copy_that_fails_on_the_way_leaves_nothing() {
    let damages = [
        "UPDATE decisions SET body = replace(body, 'REJECT', 'NOTHING') WHERE request_id = 'tx-6'",
        "UPDATE charges SET body = replace(body, '\"parts\":[', '\"parts\":[],\"was\":[') WHERE tx_id = 'tx-5'",
    ];
    for damage in damages {
        for to in empty() {
            let from = Backend::Sqlite(tempfile::tempdir().unwrap());
            drop(history(&from));
            vandalise(&from, damage);
            assert!(copied(&from, &to).is_err(), "{damage}");
            assert_eq!(everything(&to), (vec![], vec![]), "{damage}");
        }
    }
}

#[derive(Debug, Clone)]
struct Step {
    tx: u8,
    suffix: &'static str,
    amount: &'static str,
    signer: &'static str,
    signs: bool,
    later_by: std::time::Duration,
}

fn step() -> impl Strategy<Value = Step> {
    let suffixes = prop::sample::select(vec!["", "-1", "\0\\"]);
    let amounts = prop::sample::select(vec!["1", "0.5", "1.000000000000000001"]);
    let signers = prop::sample::select(vec!["alice", "bob"]);
    let pauses = prop::sample::select(vec![MICROSECOND, HOUR / 2, HOUR - MICROSECOND]);
    (0..4_u8, suffixes, amounts, signers, any::<bool>(), pauses).prop_map(
        |(tx, suffix, amount, signer, signs, later_by)| Step { tx, suffix, amount, signer, signs, later_by },
    )
}

/// The answers, without the ids of decisions, which are new each time.
fn played(office: &Office, steps: &[Step]) -> Vec<Answer> {
    let each = steps.iter().map(|step| {
        office.clock.advance(step.later_by);
        let tx = format!("tx-{}", step.tx);
        let asked = wire::DecideRequest {
            callback_request_id: format!("{tx}{}", step.suffix),
            signer_id: Some(step.signer.into()),
            ..transfer(&tx, step.amount)
        };
        let mut answer = office.ask(if step.signs { signing(asked) } else { asked }).unwrap();
        answer.decision.id.clear();
        answer
    });
    each.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_copied_store_goes_on_as_the_model_does(
        before in prop::collection::vec(step(), 1..25),
        after in prop::collection::vec(step(), 1..10),
    ) {
        let file = policy_of(POLICY);
        for (from, to) in backends().into_iter().zip(backends().into_iter().rev()) {
            let model = Backend::Memory(MemoryJournal::default());
            let asked = |backend: &Backend, steps: &[Step]| played(&Office::open(backend, &file), steps);
            prop_assert_eq!(asked(&from, &before), asked(&model, &before));
            copied(&from, &to).unwrap();
            prop_assert_eq!(everything(&to), everything(&from));
            prop_assert_eq!(asked(&to, &after), asked(&model, &after), "{} to {}", from.name(), to.name());
            prop_assert_eq!(findings(&to), Vec::<String>::new());
        }
    }
}
