//! One tenant that moves into a store of its own.

use policy::verdict::Verdict;

use super::*;
use crate::store::{Store as _, StoreError};
use crate::upkeep::of_tenant::OfTenant;
use crate::upkeep::release::{Statement, release};
use crate::upkeep::usage;

const MARK: &str = "it was copied";

/// Every sum is one tenant's.
fn own_sums() -> String {
    POLICY.replace("key: [source, asset]", "key: [tenant, source, asset]")
}

fn of(tenant: &str, asked: wire::DecideRequest) -> wire::DecideRequest {
    wire::DecideRequest { tenant: tenant.into(), ..asked }
}

/// What is read at once is not enough for so many rounds.
const SEVERAL_PAGES: usize = 110;

/// Two tenants in turns, with the same ids.
fn mixed(backend: &Backend, rounds: usize) -> Office {
    let office = Office::open(backend, &policy_of(&own_sums()));
    for number in 0..rounds {
        let tx = format!("tx-{number}");
        for tenant in ["default", "other"] {
            office.clock.advance(MICROSECOND);
            office.ask(of(tenant, transfer(&tx, "0.5"))).unwrap();
            office.ask(of(tenant, signing(transfer(&tx, "0.5")))).unwrap();
        }
        // The third of its own, beside what has changed.
        office.ask(of("other", transfer(&tx, "0.25"))).unwrap();
    }
    office.change(wire::DecideConfigChangeRequest { tenant: "other".into(), ..change("c-1") });
    office
}

fn moved(from: &Backend, to: &Backend, tenant: &str, policy: &str) -> Result<copy::Copied, String> {
    let (clock, policy) = (ManualClock::at(START), policy_of(policy).policy);
    let mut source = archive_of(from);
    let mut target = intake::open(&to.config()).map_err(|error| error.to_string())?;
    let progress = &mut Progress::of("records", &clock);
    let copied = copy::copy_tenant(
        source.as_mut(),
        target.as_mut(),
        tenant,
        MARK,
        Comparison { policy: &policy, now: START },
        progress,
    );
    let copied = copied.map_err(|error| error.to_string())?;
    target.finish().map(|()| copied).map_err(|error| error.to_string())
}

fn freed(backend: &Backend) {
    let file = policy_of(&own_sums());
    let statement =
        Statement { by: "alice".into(), at: START, lost: None, file: String::new(), despite_gaps: false };
    let store = intake::open_frozen(&backend.config()).unwrap();
    release(store, &statement, Some((&file.policy.hash, &file.document))).unwrap();
}

#[test]
fn a_tenant_that_moves_takes_what_is_its_own_and_nothing_else() {
    for from in backends() {
        let office = mixed(&from, SEVERAL_PAGES);
        let (decisions, charges) = everything(&from);
        let own = decisions.into_iter().filter(|row| row.identity.tenant == "other");
        let own: Vec<_> =
            (1..).zip(own).map(|(position, row)| archive::DecisionRow { position, ..row }).collect();
        let charges: Vec<_> = charges.into_iter().filter(|row| row.key.tenant == "other").collect();
        for to in empty() {
            let copied = moved(&from, &to, "other", &own_sums()).unwrap();
            let what = format!("{} to {}", from.name(), to.name());
            assert_eq!(everything(&to), (own.clone(), charges.clone()), "{what}");
            assert_eq!((copied.decisions, copied.policies), (331, 1), "{what}");
            assert_eq!(findings(&to), Vec::<String>::new(), "{what}");
            assert_eq!(copied.usage, used(&from, "other"), "{what}");
            assert_eq!(copied.usage.len(), 2, "{what}");
        }
        office.ask(transfer("tx-x", "0.5")).unwrap();
    }
}

fn used(backend: &Backend, tenant: &str) -> Vec<usage::SumLine> {
    let mut archive = archive_of(backend);
    let latest = everything(backend).0.iter().map(|row| row.decided_us).max().unwrap();
    let policy = policy_of(&own_sums()).policy;
    let all = usage::compute(archive.as_mut(), &policy, policy::time::Time::from_micros(latest)).unwrap();
    let own =
        |line: &usage::SumLine| line.key.get(&policy::limit::KeyPart::Tenant).is_some_and(|of| of == tenant);
    all.into_iter().filter(own).collect()
}

#[test]
fn where_it_has_moved_it_is_frozen_and_goes_on_where_it_was_once_that_is_stated() {
    for from in backends() {
        drop(mixed(&from, 8));
        for to in empty() {
            moved(&from, &to, "other", &own_sums()).unwrap();
            let open = || {
                let office = Office::open(&to, &policy_of(&own_sums()));
                office.clock.advance(HOUR / 2);
                office
            };
            let office = open();
            assert!(matches!(office.store.readiness(), Err(StoreError::Frozen(why)) if &*why == MARK));
            assert!(office.ask(of("other", transfer("tx-y", "0.5"))).is_err());
            drop(office);
            freed(&to);
            let office = open();
            let again = office.ask(of("other", signing(transfer("tx-7", "0.5")))).unwrap();
            assert!(again.recorded_earlier, "a repeated request gets the recorded answer");
            let next = office.ask(of("other", transfer("tx-y", "0.5"))).unwrap();
            assert_eq!(next.decision.verdict, Verdict::Deny, "its window is as full as it was");
            assert_eq!(next.decision.limits[0].used.to_string(), "3000000000000000000");
            drop(office);
            assert_eq!(findings(&to), Vec::<String>::new(), "the log goes on");
        }
    }
}

#[test]
fn a_tenant_whose_sums_are_not_its_own_or_that_is_not_there_does_not_move() {
    for from in backends() {
        drop(history(&from));
        let to = Backend::Sqlite(tempfile::tempdir().unwrap());
        for policy in [POLICY, &own_sums()] {
            let told = moved(&from, &to, "other", policy).unwrap_err();
            insta::allow_duplicates! {
                insta::assert_snapshot!(without_hash(&told), @"limit eth-per-hour of policy HASH has no tenant in its key, so that other tenants are in its sums: alone this one would have room that it has not. Copy the whole store");
            }
        }
    }
    let from = Backend::Sqlite(tempfile::tempdir().unwrap());
    drop(mixed(&from, 8));
    let to = Backend::Sqlite(tempfile::tempdir().unwrap());
    insta::assert_snapshot!(moved(&from, &to, "others", &own_sums()).unwrap_err(), @"no decision is on record for tenant others: is it another store, or another name?");
    assert!(moved(&from, &to, "other", &own_sums()).is_ok(), "nothing was left behind");
}

#[test]
fn what_is_pruned_moves_as_it_is() {
    const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);
    for from in backends() {
        drop(mixed(&from, 8));
        let late = || Office::try_open_at(&from, &policy_of(&own_sums()), later(START, DAY * 48)).unwrap();
        let office = late();
        for tenant in ["default", "other"] {
            office.ask(of(tenant, transfer("tx-9", "0.5"))).unwrap();
        }
        drop(office);
        // Retention counts up to those, from the next start on.
        drop(late());
        for to in empty() {
            moved(&from, &to, "other", &own_sums()).unwrap();
            assert_eq!(findings(&to), Vec::<String>::new(), "{} to {}", from.name(), to.name());
            let verify::Verified { decisions, pruned, .. } = verified(&to);
            assert_eq!((decisions, pruned), (26, 25), "{} to {}", from.name(), to.name());
        }
        let mut whole = archive_of(&from);
        assert_eq!(archive::Archive::pruned_to(&mut OfTenant::of(whole.as_mut(), "other")).unwrap(), 25);
    }
}

fn without_hash(told: &str) -> String {
    let word = |word| if str::len(word) == 64 { "HASH" } else { word };
    told.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn it_says_of_itself_what_a_store_of_its_own_would() {
    for from in backends() {
        drop(mixed(&from, 8));
        let mut whole = archive_of(&from);
        let mut own = OfTenant::of(whole.as_mut(), "other");
        let of = |own: &mut OfTenant<'_>| {
            let head = archive::Archive::about(own).unwrap().head;
            (head, archive::Archive::pruned_to(own).unwrap(), verify_of(own))
        };
        assert_eq!(of(&mut own), (25, 0, vec![]), "{}", from.name());
        let again = archive::Archive::decisions(&mut own, 24).unwrap();
        assert_eq!(again.iter().map(|row| row.position).collect::<Vec<_>>(), [25]);
    }
}

fn verify_of(own: &mut OfTenant<'_>) -> Vec<String> {
    let clock = ManualClock::at(START);
    let verified = verify::verify(own, &mut Progress::of("records", &clock)).unwrap();
    verified.findings.into_iter().map(|finding| finding.what).collect()
}
