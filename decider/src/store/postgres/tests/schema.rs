//! A database on its way from one schema to the next.

use super::*;
use crate::store::postgres::config::Durability;
use crate::store::postgres::connection::Connection;
use crate::store::postgres::{PostgresArchive, migrate, rights};
use crate::store::{Retention, Store};
use crate::upkeep::progress::Progress;
use crate::upkeep::verify::verify;

/// The schemas before and after; 0 for none.
fn migrated(config: &Config) -> Result<(i32, i32), String> {
    let migrate = || migrate(config, Retention::default()).map_err(|error| error.to_string());
    let migrated = std::thread::scope(|scope| scope.spawn(migrate).join().unwrap());
    migrated.map(|migrated| (migrated.from, migrated.to))
}

#[test]
fn an_empty_database_is_brought_along_once() {
    let database = postgres_cluster::database();
    let config = ledger_at(&database);
    insta::assert_snapshot!(refused(&config), @"PostgreSQL: there is no ledger in this database yet: run `decider migrate`");
    assert_eq!(migrated(&config), Ok((0, 4)));
    assert_eq!(migrated(&config), Ok((4, 4)));
    assert!(open(&config, &Arc::new(policy(vec![]))).is_ok());
}

/// Its head was written before there was anything to tell that.
#[tokio::test]
async fn a_ledger_of_the_schema_before_is_brought_along_and_goes_on() {
    let (place, config) = ledger();
    let policy = Arc::new(policy(vec![]));
    open(&config, &policy).unwrap().allow(&request("tx")).await;
    database(&place).execute(
        "DROP TRIGGER freeze_what_was_loaded ON countersign.head;
         DROP FUNCTION countersign.freeze_what_was_loaded; ALTER TABLE countersign.head DROP COLUMN written;
         UPDATE countersign.head SET position = position; UPDATE countersign.schema_version SET version = 3",
    );
    assert_eq!(migrated(&config), Ok((3, 4)));
    let desk = open(&config, &policy).unwrap();
    assert!(desk.answer(&request("tx")).await.recorded_earlier);
    desk.allow(&request("tx-2")).await;
}

/// Whoever asks for the table of a month hears that it cannot be had any more.
#[tokio::test]
async fn a_month_whose_decisions_are_elsewhere_is_told() {
    let (place, config) = ledger();
    let (role, as_guest) = guest(&place);
    let this_month =
        database(&place).texts("SELECT to_char(now() AT TIME ZONE 'UTC', '\"payloads_\"YYYY_MM')").concat();
    database(&place).execute(&format!("DROP TABLE countersign.{this_month}"));
    open(&as_guest, &Arc::new(policy(vec![]))).unwrap().allow(&request("tx")).await;
    let migrate = || migrate(&config, Retention::default()).unwrap().months;
    let months = std::thread::scope(|scope| scope.spawn(migrate).join().unwrap());
    assert_eq!((months.made, months.elsewhere), (vec![], vec![this_month]));
    database(&place).execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn two_programs_at_once_bring_it_along_once() {
    let database = postgres_cluster::database();
    let config = ledger_at(&database);
    let mut found: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(|| migrated(&config).unwrap())).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    found.sort_unstable();
    assert_eq!(found, [(0, 4), (4, 4), (4, 4), (4, 4)]);
}

#[test]
fn one_schema_ahead_is_run_with_and_one_that_is_unknown_is_left_alone() {
    let (place, config) = ledger();
    database(&place).execute("UPDATE countersign.schema_version SET version = 5");
    assert!(open(&config, &Arc::new(policy(vec![]))).is_ok());
    database(&place).execute("UPDATE countersign.schema_version SET version = 6");
    let newer = "PostgreSQL: the ledger has schema 6, and this decider knows 4: it is of a newer version; run that one";
    assert_eq!((refused(&config).as_str(), migrated(&config)), (newer, Err(newer.into())));
}

#[test]
fn a_database_of_another_encoding_is_refused() {
    let place = postgres_cluster::database();
    let (server, name) = place.url().rsplit_once('/').unwrap();
    place.execute(&format!("CREATE DATABASE latin_{name} TEMPLATE template0 ENCODING 'LATIN1'"));
    let mut config = Config::at(&format!("{server}/latin_{name}"), None).unwrap();
    config.synchronous_standby = ledger_at(&place).synchronous_standby;
    insta::assert_snapshot!(refused(&config), @"PostgreSQL: HOST: the database has encoding LATIN1; UTF8 is needed");
}

/// Charges that a policy of the tables hides would be headroom.
#[tokio::test]
async fn a_ledger_of_which_the_role_does_not_see_every_row_decides_nothing() {
    let (place, _) = ledger();
    let (role, config) = guest(&place);
    let policy = Arc::new(policy(vec![ether_per_hour("1")]));
    let desk = open(&config, &policy).unwrap();
    desk.allow(&request("tx-1").amount("0.6")).await;
    database(&place).execute(
        "ALTER TABLE countersign.charges ENABLE ROW LEVEL SECURITY;
         CREATE POLICY insert_only ON countersign.charges FOR INSERT WITH CHECK (true)",
    );
    let told = desk.ask(&request("tx-2").amount("0.6")).await;
    assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    insta::assert_snapshot!(refused(&config), @r#"PostgreSQL: query would be affected by row-level security policy for table "charges" (42501)"#);
    drop(desk);
    database(&place).execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

/// Else it is ready, and every decision that it makes is an error.
#[test]
fn a_role_that_may_not_write_what_a_decision_writes_is_refused() {
    let (place, _) = ledger();
    let (role, config) = guest(&place);
    let change = |right: &str| database(&place).execute(&right.replace("THEM", &role));
    assert!(open(&config, &Arc::new(policy(vec![]))).is_ok());
    change(
        "REVOKE INSERT ON countersign.charges, countersign.policies FROM THEM; REVOKE UPDATE ON countersign.head FROM THEM",
    );
    insta::assert_snapshot!(refused(&config).replace(&role, "ROLE"), @"PostgreSQL: the role ROLE may not do all that a decision takes: grant it UPDATE on countersign.head, INSERT on countersign.charges, INSERT on countersign.policies. Tables that a migration adds need their own grants");
    change(
        "GRANT INSERT ON countersign.charges, countersign.policies TO THEM; GRANT UPDATE ON countersign.head TO THEM",
    );
    assert!(open(&config, &Arc::new(policy(vec![]))).is_ok());
    change("ALTER ROLE THEM SET session_replication_role = replica");
    insta::assert_snapshot!(refused(&config).replace(&role, "ROLE"), @"PostgreSQL: session_replication_role is replica for the role ROLE, so that triggers of the ledger do not act: ALTER ROLE ROLE RESET session_replication_role");
    change("DROP OWNED BY THEM; DROP ROLE THEM");
}

/// No statement fails for want of them: it is slow, or writes what must not be there.
#[test]
fn a_ledger_that_lacks_what_guards_it_is_refused_and_told_how_to_mend_it() {
    let (place, config) = ledger();
    database(&place).execute(
        "ALTER TABLE countersign.decisions DROP CONSTRAINT decisions_tenant_request_id_key_digest_key;
         CREATE INDEX ON countersign.decisions (tenant, request_id, key, digest);
         ALTER TABLE countersign.charges DROP CONSTRAINT charges_pkey;
         DROP INDEX countersign.charges_by_time;
         CREATE INDEX charges_by_time ON countersign.charges (latest_us) WHERE latest_us > 0;
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'countersign.prunings_by_time'::regclass;
         ALTER TABLE countersign.payloads_by_month DROP CONSTRAINT payloads_by_month_pkey;
         ALTER TABLE countersign.decisions DISABLE TRIGGER refuse_while_frozen;
         DROP TRIGGER freeze_what_was_loaded ON countersign.head",
    );
    let told = refused(&config);
    insta::assert_snapshot!(told, @"PostgreSQL: the ledger lacks what keeps it right and fast: there is no unique index on countersign.decisions (tenant, request_id, key, digest): run `ALTER TABLE countersign.decisions ADD UNIQUE (tenant, request_id, key, digest)`; there is no unique index on countersign.charges (position): run `ALTER TABLE countersign.charges ADD PRIMARY KEY (position)`; there is no index on countersign.charges (latest_us): run `CREATE INDEX ON countersign.charges (latest_us)`; there is no unique index on countersign.payloads_by_month (position, decided_us): run `ALTER TABLE countersign.payloads_by_month ADD PRIMARY KEY (position, decided_us)`; the index countersign.prunings_by_time is not valid: run `REINDEX INDEX countersign.prunings_by_time`; the trigger refuse_while_frozen is off: run `ALTER TABLE countersign.decisions ENABLE TRIGGER refuse_while_frozen`; there is no trigger freeze_what_was_loaded: run `CREATE TRIGGER freeze_what_was_loaded BEFORE UPDATE ON countersign.head FOR EACH ROW EXECUTE FUNCTION countersign.freeze_what_was_loaded()`. Then run `decider store verify`");
    assert_eq!(migrated(&config), Err(told.clone()));
    assert_eq!(findings(&config).len(), 7);
    for statement in told.split("; ").filter_map(|lack| lack.split('`').nth(1)) {
        database(&place).execute(statement);
    }
    assert_eq!((migrated(&config), findings(&config)), (Ok((4, 4)), vec![]));
    assert!(open(&config, &Arc::new(policy(vec![]))).is_ok());
}

fn findings(config: &Config) -> Vec<String> {
    let verified = || {
        let (mut archive, clock) = (PostgresArchive::open(config).unwrap(), clock());
        verify(&mut archive, &mut Progress::of("records", clock.as_ref())).unwrap().findings
    };
    let findings = std::thread::scope(|scope| scope.spawn(verified).join().unwrap());
    findings.into_iter().map(|finding| finding.what).collect()
}

/// An index may be made anew under another name, and have more than what is looked for.
#[test]
fn what_guards_a_ledger_may_have_any_name() {
    let (place, config) = ledger();
    database(&place).execute(
        "ALTER TABLE countersign.decisions DROP CONSTRAINT decisions_id_key;
         CREATE UNIQUE INDEX another ON countersign.decisions (id) INCLUDE (tenant);
         DROP INDEX countersign.charges_by_time;
         CREATE UNIQUE INDEX by_time ON countersign.charges (latest_us)",
    );
    assert!(open(&config, &Arc::new(policy(vec![]))).is_ok());
}

/// Whatever was done to it, nobody guesses where the log ended.
#[test]
fn a_ledger_whose_head_is_gone_is_told_as_such_and_what_brings_it_back() {
    let (place, config) = ledger();
    let policy = Arc::new(policy(vec![]));
    let desk = open(&config, &policy).unwrap();
    database(&place).execute("DELETE FROM countersign.head");
    let gone = refused(&config);
    insta::assert_snapshot!(gone, @"PostgreSQL: the head of the log is gone: countersign.head has no row, and nothing is decided. Find out what else is gone. If nothing is, run `INSERT INTO countersign.head (position, latest_us, timeline) SELECT coalesce(max(position), 0), max(decided_us), 0 FROM countersign.decisions`, then `decider store verify` and `decider store release`; else restore a backup");
    assert_eq!(migrated(&config), Err(gone.clone()));
    drop(desk);
    let statement = gone.split('`').nth(1).unwrap();
    database(&place).execute(statement);
    let told = open(&config, &policy).unwrap().store.readiness().unwrap_err();
    assert!(matches!(told, StoreError::Frozen(_)), "{told}");
}

#[test]
fn a_role_that_may_not_even_look_is_told_what_to_grant() {
    let (place, _) = ledger();
    let (role, config) = guest(&place);
    let change = |right: &str| database(&place).execute(&right.replace("THEM", &role));
    change("REVOKE SELECT ON countersign.schema_version FROM THEM");
    insta::assert_snapshot!(refused(&config).replace(&role, "ROLE"), @"PostgreSQL: the role ROLE may not look at the ledger: run `GRANT SELECT ON countersign.schema_version TO ROLE`, and grant it what else deciders need");
    change("REVOKE USAGE ON SCHEMA countersign FROM THEM");
    insta::assert_snapshot!(refused(&config).replace(&role, "ROLE"), @"PostgreSQL: the role ROLE may not look at the ledger: run `GRANT USAGE ON SCHEMA countersign TO ROLE`, and grant it what else deciders need");
    assert_eq!(migrated(&config), Err(refused(&config)));
    change("DROP OWNED BY THEM; DROP ROLE THEM");
}

/// Nothing that is decided depends on it.
#[tokio::test]
async fn what_a_role_lacks_to_prune_is_known_and_no_reason_to_refuse_it() {
    let (place, _) = ledger();
    let (role, config) = guest(&place);
    let lacking = async || {
        let connection = Connection::open(&config).await.unwrap();
        rights::lacking_to_prune(&connection.client).await.unwrap().unwrap_or_default()
    };
    let both = "DELETE on countersign.payloads, DELETE on countersign.payloads_other";
    assert_eq!(lacking().await, both);
    assert!(open(&config, &Arc::new(policy(vec![]))).is_ok());
    database(&place)
        .execute(&format!("GRANT DELETE ON countersign.payloads, countersign.payloads_other TO {role}"));
    assert_eq!(lacking().await, "");
    database(&place).execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

/// What it takes away would be missing of what a retry is answered by.
#[tokio::test]
async fn where_a_trigger_takes_rows_away_nothing_is_committed() {
    let (place, config) = ledger();
    let desk = open(&config, &Arc::new(policy(vec![ether_per_hour("1")]))).unwrap();
    database(&place).execute(
        "CREATE FUNCTION countersign.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER swallow BEFORE INSERT ON countersign.charges FOR EACH ROW EXECUTE FUNCTION countersign.swallow()",
    );
    for _ in 0..2 {
        let told = desk.ask(&request("tx").amount("1")).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(told.unwrap_err(), @"the store cannot be used now: PostgreSQL: rows are missing of what was written, and nothing was committed: is there a trigger or a rule on a table of the schema countersign that takes rows away? Drop it; ask again");
        }
    }
    database(&place).execute("DROP TRIGGER swallow ON countersign.charges");
    assert!(!until_answered(&desk, &request("tx").amount("1")).await.recorded_earlier);
    let over = until_answered(&desk, &request("tx-2").amount("1")).await;
    assert_eq!(over.decision.verdict, policy::verdict::Verdict::Deny);
}

/// What is looked for in the order of today is not found where the order of before has put it.
#[test]
fn a_database_whose_collation_is_not_the_one_that_it_was_made_with_is_refused() {
    let (place, mut config) = ledger();
    let recorded = |version: &str| {
        database(&place).execute(&format!(
            "UPDATE pg_database SET datcollversion = {version} WHERE datname = current_database()"
        ));
    };
    recorded("'1'");
    let name = database(&place).url().rsplit('/').next().unwrap().to_owned();
    let told = refused(&config).replace(&name, "NAME");
    insta::assert_snapshot!(told, @"PostgreSQL: the collation of database NAME had version 1, and on this server it has none: what is on record may not be found by the indexes, and be decided again. With the deciders stopped, restore a dump of it into a new database of this server");
    let read = || PostgresArchive::open(&config).err().map(|error| error.to_string());
    assert_eq!(std::thread::scope(|scope| scope.spawn(read).join().unwrap()), Some(refused(&config)));
    assert_eq!(migrated(&config), Err(refused(&config)));
    config.durability = Durability::Warn;
    assert!(open(&config, &Arc::new(policy(vec![]))).is_ok());
    config.durability = Durability::Require;
    recorded("NULL");
    assert!(open(&config, &Arc::new(policy(vec![]))).is_ok());
}

#[test]
fn a_database_with_a_collation_of_the_servers_version_is_taken() {
    let place = postgres_cluster::database();
    let (server, name) = place.url().rsplit_once('/').unwrap();
    place.execute(&format!(
        "CREATE DATABASE icu_{name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
    ));
    let mut config = Config::at(&format!("{server}/icu_{name}"), None).unwrap();
    config.synchronous_standby = ledger_at(&place).synchronous_standby;
    assert_eq!(migrated(&config), Ok((0, 4)));
    assert!(open(&config, &Arc::new(policy(vec![]))).is_ok());
    place.execute(&format!("UPDATE pg_database SET datcollversion = '1' WHERE datname = 'icu_{name}'"));
    assert!(refused(&config).contains("REFRESH COLLATION VERSION"));
}
