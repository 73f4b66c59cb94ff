//! A server that could lose what it acknowledges, and one that is not the one it was. Each has a server of its own.

use policy::verdict::{Action, ReasonCode};
use postgres_cluster::{Cluster, Setup, texts};

use super::*;
use crate::store::Store;
use crate::store::archive::Archive as _;
use crate::store::intake::Intake as _;
use crate::store::postgres::config::{Durability, Standby};
use crate::store::postgres::{PostgresArchive, PostgresIntake};

const HANGING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never came: {what}");
}

#[tokio::test]
async fn a_server_that_keeps_its_commits_alone_is_refused_unless_that_is_configured() {
    let (_place, mut config) = ledger();
    config.synchronous_standby = Standby::Required;
    insta::assert_snapshot!(refused(&config), @"PostgreSQL: the server may lose what it acknowledges: synchronous_standby_names is empty (configure `synchronous_standby: optional` where no failover may lose a commit all the same)");
    config.durability = Durability::Warn;
    let desk = open(&config, &Arc::new(policy(vec![]))).unwrap();
    desk.allow(&request("tx")).await;
    assert_eq!(desk.metrics.not_durable.get(), 1);
}

#[tokio::test]
async fn a_server_that_stops_syncing_decides_nothing_until_it_syncs_again() {
    let cluster = Cluster::start(&[]);
    let (_place, config) = on(cluster.database());
    let desk = open(&config, &Arc::new(policy(vec![]))).unwrap();
    desk.allow(&request("tx-1")).await;
    cluster.set("full_page_writes = off");
    until("not ready", || desk.store.readiness().is_err()).await;
    let told = desk.ask(&request("tx-2")).await.unwrap_err().to_string();
    insta::assert_snapshot!(told, @"the store cannot be used now: PostgreSQL: the server may lose what it acknowledges: full_page_writes is off; ask again");
    cluster.set("full_page_writes = on");
    let answer = until_answered(&desk, &request("tx-2")).await;
    assert!(!answer.recorded_earlier);
}

/// A commit that waits for a standby and is canceled is acknowledged with no more than a warning, which somebody may have
/// turned off.
#[tokio::test]
async fn a_commit_that_was_not_replicated_is_no_answer_though_the_server_acknowledges_it() {
    for quiet in ["notice", "error"] {
        let cluster = Cluster::start(&[]);
        let (place, config) = on(cluster.database());
        database(&place).execute(&format!("ALTER ROLE postgres SET client_min_messages = {quiet}"));
        let desk = Arc::new(open(&config, &Arc::new(policy(vec![count_per_hour(1)]))).unwrap());
        let _other = cluster.standby("other", &Setup::default());
        cluster.wait_for("nobody");
        let asking = {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move { desk.ask(&request("tx")).await })
        };
        let waiting = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'
                          AND query = 'COMMIT'";
        until("a commit that waits", || texts(&cluster.url(), waiting) == ["t"]).await;
        let answer = asking.await.unwrap();
        let Err(StoreError::Unavailable(why)) = answer else { panic!("{quiet}: {answer:?}") };
        insta::allow_duplicates! {
            insta::assert_snapshot!(why, @"PostgreSQL: canceling wait for synchronous replication due to user request");
        }
        assert!(desk.store.readiness().is_err());
        cluster.wait_for("");
        let again = until_answered(&desk, &request("tx")).await;
        assert_eq!((again.decision.action, again.recorded_earlier), (Action::Approve, true));
    }
}

/// The server ends the wait with a plain acknowledgement, and no warning.
#[tokio::test]
async fn a_commit_that_is_let_go_by_emptying_the_names_is_no_answer() {
    let cluster = Cluster::start(&[]);
    let standby = cluster.standby("b", &Setup::default());
    cluster.wait_for("b");
    let (_place, mut config) = on(cluster.database());
    config.synchronous_standby = Standby::Required;
    let policy = Arc::new(policy(vec![]));
    let (one, other) = (Arc::new(open(&config, &policy).unwrap()), Arc::new(open(&config, &policy).unwrap()));
    one.allow(&request("tx-1")).await;
    for (desk, id, what) in [(&other, "tx-1", "a record that is read back"), (&one, "tx-2", "a decision")] {
        until("ready", || desk.store.readiness().is_ok()).await;
        standby.freeze();
        let asking = tokio::spawn({
            let desk = Arc::clone(desk);
            async move { desk.ask(&request(id)).await }
        });
        until("a commit that waits", || texts(&cluster.url(), HANGING) == ["1"]).await;
        cluster.wait_for("");
        let answer = asking.await.unwrap();
        let Err(StoreError::Unavailable(why)) = answer else { panic!("{what}: {answer:?}") };
        assert!(why.contains("synchronous_standby_names is empty"), "{what}: {why}");
        standby.thaw();
        cluster.wait_for("b");
        assert!(until_answered(desk, &request(id)).await.recorded_earlier, "{what}");
    }
}

/// An operator would go on as if it were.
#[tokio::test]
async fn a_release_that_is_let_go_by_emptying_the_names_is_not_told_as_done() {
    let cluster = Cluster::start(&[]);
    let standby = cluster.standby("b", &Setup::default());
    cluster.wait_for("b");
    let (place, mut config) = on(cluster.database());
    config.synchronous_standby = Standby::Required;
    database(&place).execute("UPDATE countersign.head SET frozen = 'restored'");
    standby.freeze();
    let releasing = std::thread::spawn(move || {
        let mut intake = Box::new(PostgresIntake::open_frozen(&config).unwrap());
        intake.thaw().unwrap();
        intake.finish()
    });
    until("a commit that waits", || texts(&cluster.url(), HANGING) == ["1"]).await;
    cluster.wait_for("");
    let told = releasing.join().unwrap().unwrap_err().to_string();
    assert!(told.contains("synchronous_standby_names is empty"), "{told}");
    standby.thaw();
}

/// What another decider's commit has made visible is told only when a later commit of our own was acknowledged.
#[tokio::test]
async fn a_record_that_is_read_back_waits_for_the_standby_too() {
    let cluster = Cluster::start(&[]);
    let (_place, config) = on(cluster.database());
    let policy = Arc::new(policy(vec![]));
    let (one, other) = (open(&config, &policy).unwrap(), open(&config, &policy).unwrap());
    one.allow(&request("tx")).await;
    let _other = cluster.standby("other", &Setup::default());
    cluster.wait_for("nobody");
    until("the setting", || texts(&cluster.url(), "SHOW synchronous_standby_names") == ["nobody"]).await;
    // The server's checkpointer takes a moment to act on it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let told = other.ask(&request("tx")).await;
    assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    assert!(one.newest("tx").await.is_some(), "its own commit was acknowledged");
}

/// Otherwise its commits would hold the ledger, and everybody would wait for it anew each time.
#[tokio::test]
async fn a_server_whose_standby_is_gone_is_refused_before_anything_hangs_and_goes_on_with_it() {
    let cluster = Cluster::start(&[]);
    let standby = cluster.standby("b", &Setup::default());
    cluster.wait_for("b");
    let (_place, mut config) = on(cluster.database());
    config.synchronous_standby = Standby::Required;
    let desk = open(&config, &Arc::new(policy(vec![count_per_hour(2)]))).unwrap();
    desk.allow(&request("tx-1")).await;
    standby.stop();
    until("not ready", || desk.store.readiness().is_err()).await;
    let told = desk.ask(&request("tx-2")).await.unwrap_err().to_string();
    insta::assert_snapshot!(told, @"the store cannot be used now: PostgreSQL: a commit waits for a standby, and none is connected to the server: bring it back; ask again");
    assert_eq!(texts(&cluster.url(), HANGING), ["0"]);
    standby.come_back();
    assert!(!until_answered(&desk, &request("tx-2")).await.recorded_earlier);
    desk.reject(&request("tx-3"), ReasonCode::LimitExceeded).await;
}

/// It keeps its connection, so that only a commit finds out. Everybody else says so, too, rather than be ready and wait.
#[tokio::test]
async fn a_commit_that_hangs_makes_all_deciders_say_so_until_it_ends() {
    let cluster = Cluster::start(&[]);
    let standby = cluster.standby("b", &Setup::default());
    cluster.wait_for("b");
    let (_place, config) = on(cluster.database());
    let policy = Arc::new(policy(vec![count_per_hour(2)]));
    let (one, other) = (Arc::new(open(&config, &policy).unwrap()), open(&config, &policy).unwrap());
    standby.freeze();
    let hanging = tokio::spawn({
        let one = Arc::clone(&one);
        async move { one.ask(&request("tx-1")).await }
    });
    until("a commit that waits", || texts(&cluster.url(), HANGING) == ["1"]).await;
    let told = other.ask(&request("tx-2")).await.unwrap_err().to_string();
    insta::assert_snapshot!(told, @"the store cannot be used now: PostgreSQL: a commit waits for a standby that does not answer: bring it back; ask again");
    assert!(other.store.readiness().is_err());
    let told = hanging.await.unwrap().unwrap_err().to_string();
    insta::assert_snapshot!(told, @"the store cannot be used now: PostgreSQL: no answer within 8s; ask again");
    assert!(one.store.readiness().is_err() && other.store.readiness().is_err());
    standby.thaw();
    assert!(until_answered(&other, &request("tx-1")).await.recorded_earlier);
    assert!(!until_answered(&one, &request("tx-2")).await.recorded_earlier);
}

/// Its machine stands still: it takes connections, and says nothing. Nobody asks the decider meanwhile.
#[tokio::test]
async fn a_primary_that_says_nothing_is_left_for_the_one_that_took_its_place() {
    let (old, policy) = (Cluster::start(&[]), Arc::new(policy(vec![count_per_hour(2)])));
    let new = old.standby("b", &Setup::default());
    old.wait_for("b");
    let url = on(old.database()).0;
    let url = database(&url).url_on(&[&old, &new]);
    let mut config = Config::at(&url, None).unwrap();
    config.synchronous_standby = Standby::Optional;
    let desk = open(&config, &policy).unwrap();
    desk.allow(&request("tx-1")).await;
    old.freeze();
    new.promote();
    until("not ready", || desk.store.readiness().is_err()).await;
    until("ready", || desk.store.readiness().is_ok()).await;
    desk.allow(&request("tx-2")).await;
    desk.reject(&request("tx-3"), ReasonCode::LimitExceeded).await;
    old.thaw();
}

/// One that has come back stands first in the URL, takes writes, and has the ledger as it was.
#[tokio::test]
async fn of_two_servers_that_take_writes_the_one_of_the_later_timeline_has_the_ledger() {
    let (old, policy) = (Cluster::start(&[]), Arc::new(policy(vec![count_per_hour(2)])));
    let new = old.standby("b", &Setup::default());
    old.wait_for("b");
    let (place, mut config) = on(old.database());
    let url = database(&place).url_on(&[&old, &new]);
    let mut both = Config::at(&url, None).unwrap();
    both.synchronous_standby = Standby::Optional;
    config.synchronous_standby = Standby::Required;
    open(&both, &policy).unwrap().allow(&request("tx-1")).await;
    old.go_away();
    new.promote();
    old.come_back();
    let desk = open(&both, &policy).unwrap();
    desk.allow(&request("tx-2")).await;
    desk.reject(&request("tx-3"), ReasonCode::LimitExceeded).await;
    let count = "SELECT count(*) FROM countersign.decisions";
    assert_eq!(database(&place).texts(count), ["1"], "the old one got nothing");
    assert_eq!(database(&place).on(&new).texts(count), ["3"]);
    let head = std::thread::spawn(move || PostgresArchive::open(&both).unwrap().about().unwrap().head);
    assert_eq!(head.join().unwrap(), 3, "what is read, backed up or copied is the new one");
    insta::assert_snapshot!(refused(&config), @"PostgreSQL: a commit waits for a standby, and none is connected to the server: bring it back");
    new.go_away();
    until("not ready", || desk.store.readiness().is_err()).await;
    old.wait_for("");
    let old_one = "after 2: an old primary";
    until("the old one is met", || {
        desk.store.readiness().is_err_and(|why| why.to_string().contains(old_one))
    })
    .await;
    new.come_back();
    assert!(until_answered(&desk, &request("tx-2")).await.recorded_earlier);
}

#[test]
fn a_standby_is_told_as_such() {
    let primary = Cluster::start(&[]);
    let standby = primary.standby("b", &Setup::default());
    let (place, _) = on(primary.database());
    let mut config = Config::at(database(&place).on(&standby).url(), None).unwrap();
    config.synchronous_standby = Standby::Optional;
    insta::assert_snapshot!(refused(&config), @"PostgreSQL: HOST: the server is a standby: limits are never read from one. Name the primary in the URL, alone or beside it");
}

/// Each host is asked for writes first: one that refuses them is asked again why.
#[test]
fn a_role_that_only_reads_is_not_taken_for_a_standby() {
    let (place, _) = ledger();
    let (role, config) = guest(&place);
    let name = database(&place).url().rsplit('/').next().unwrap().to_owned();
    let told = || refused(&config).replace(&role, "ROLE").replace(&name, "NAME");
    let only_reads = "SET default_transaction_read_only = on";
    database(&place).execute(&format!("ALTER ROLE {role} {only_reads}"));
    insta::assert_snapshot!(told(), @"PostgreSQL: HOST: default_transaction_read_only is on: run `ALTER ROLE ROLE RESET default_transaction_read_only`");
    database(&place)
        .execute(&format!("ALTER ROLE {role} RESET ALL; ALTER ROLE {role} IN DATABASE {name} {only_reads}"));
    insta::assert_snapshot!(told(), @"PostgreSQL: HOST: default_transaction_read_only is on: run `ALTER ROLE ROLE IN DATABASE NAME RESET default_transaction_read_only`");
    database(&place).execute(&format!("ALTER ROLE {role} IN DATABASE {name} RESET ALL"));
    assert!(open(&config, &Arc::new(policy(vec![]))).is_ok());
    database(&place).execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[tokio::test]
async fn a_server_of_an_earlier_timeline_than_the_ledgers_is_refused() {
    let (place, config) = ledger();
    let policy = Arc::new(policy(vec![]));
    let desk = open(&config, &policy).unwrap();
    database(&place).execute("UPDATE countersign.head SET timeline = 9");
    drop(desk);
    insta::assert_snapshot!(refused(&config), @"PostgreSQL: the server is on timeline 1, and the ledger was on a later one: this is an old primary or a copy. Point the decider to the present primary; where a dump that was restored is to go on, release it by `decider store release`; where a copy of the server is, state so by `UPDATE countersign.head SET timeline = 1`");
    database(&place).execute("UPDATE countersign.head SET timeline = 1");
    assert!(open(&config, &policy).is_ok());
}

#[tokio::test]
async fn a_server_that_is_killed_comes_back_with_every_answer() {
    let cluster = Cluster::start(&[]);
    let (_place, config) = on(cluster.database());
    let desk = open(&config, &Arc::new(policy(vec![count_per_hour(4)]))).unwrap();
    for round in 0..2 {
        // A connection may outlive the server's main process, and break some answers later.
        let given = until_answered(&desk, &request(&format!("tx-{round}"))).await.decision;
        cluster.kill();
        let again = until_answered(&desk, &request(&format!("tx-{round}"))).await;
        assert_eq!((again.decision, again.recorded_earlier), (given, true));
    }
    let decision = until_answered(&desk, &request("tx-9")).await.decision;
    assert_eq!((decision.action, decision.limits[0].used.to_string().as_str()), (Action::Approve, "2"));
}

#[tokio::test]
async fn a_password_comes_from_its_file_and_is_in_no_message() {
    let (place, _) = ledger();
    let name = database(&place).url().rsplit('/').next().unwrap().to_owned();
    database(&place).execute(&format!(
        "CREATE ROLE decider_{name} LOGIN PASSWORD 'a secret'; GRANT ALL ON SCHEMA countersign TO decider_{name};
         GRANT ALL ON ALL TABLES IN SCHEMA countersign TO decider_{name}"
    ));
    let url = database(&place).url().replace("postgres@", &format!("decider_{name}@"));
    let mut config = Config::at(&url, None).unwrap();
    config.synchronous_standby = Standby::Optional;
    let folder = tempfile::tempdir().unwrap();
    config.password_file = Some(folder.path().join("password"));
    let told = refused(&config).replace(&folder.path().display().to_string(), "DIR");
    insta::assert_snapshot!(told, @"PostgreSQL: HOST: the password in DIR/password: No such file or directory (os error 2)");
    std::fs::write(folder.path().join("password"), "a secret\n").unwrap();
    open(&config, &Arc::new(policy(vec![]))).unwrap().allow(&request("tx")).await;
    assert!(!format!("{config:?}").contains("secret"));
}
