//! A database on its way from one schema to the next.

use super::*;
use crate::store::Retention;
use crate::store::postgres::migrate;

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
    assert_eq!(migrated(&config), Ok((0, 3)));
    assert_eq!(migrated(&config), Ok((3, 3)));
    assert!(open(&config, &Arc::new(policy(vec![]))).is_ok());
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
    assert_eq!(found, [(0, 3), (3, 3), (3, 3), (3, 3)]);
}

#[test]
fn one_schema_ahead_is_run_with_and_one_that_is_unknown_is_left_alone() {
    let (place, config) = ledger();
    database(&place).execute("UPDATE countersign.schema_version SET version = 4");
    assert!(open(&config, &Arc::new(policy(vec![]))).is_ok());
    database(&place).execute("UPDATE countersign.schema_version SET version = 5");
    let newer = "PostgreSQL: the ledger has schema 5, and this decider knows 3: it is of a newer version; run that one";
    assert_eq!((refused(&config).as_str(), migrated(&config)), (newer, Err(newer.into())));
}

#[test]
fn a_database_of_another_encoding_is_refused() {
    let place = postgres_cluster::database();
    let (server, name) = place.url().rsplit_once('/').unwrap();
    place.execute(&format!("CREATE DATABASE latin_{name} TEMPLATE template0 ENCODING 'LATIN1'"));
    let mut config = Config::at(&format!("{server}/latin_{name}"), None).unwrap();
    config.synchronous_standby = ledger_at(&place).synchronous_standby;
    insta::assert_snapshot!(refused(&config), @"PostgreSQL: the database has encoding LATIN1; UTF8 is needed");
}
