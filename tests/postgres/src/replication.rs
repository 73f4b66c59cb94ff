//! A server that follows another one, and takes its place.

use super::cluster::program;
use super::{Cluster, Setup, sql};

impl Cluster {
    /// A standby of this server under this name. Nobody waits for it yet.
    pub fn standby(&self, name: &str, setup: &Setup<'_>) -> Self {
        let source = format!("host=127.0.0.1 port={} user=postgres application_name={name}", self.port());
        Self::over(setup, |directory| {
            let mut backup = program("pg_basebackup");
            backup.arg("-D").arg(directory.join("data")).args(["-d", &source]);
            // What the primary writes stays until this one has it.
            backup.args(["--create-slot", "--slot", name]);
            backup.args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]);
            backup
        })
    }

    /// Each commit waits for these, as in `synchronous_standby_names`; for nobody where that is empty.
    pub fn wait_for(&self, standbys: &str) {
        self.set(&format!("synchronous_standby_names = '{standbys}'"));
    }

    /// A setting, from now on.
    pub fn set(&self, setting: &str) {
        sql::execute(&self.url(), &format!("ALTER SYSTEM SET {setting}"));
        sql::execute(&self.url(), "SELECT pg_reload_conf()");
    }

    /// From now on it is a primary, on the next timeline.
    pub fn promote(&self) {
        assert_eq!(sql::texts(&self.url(), "SELECT pg_promote()"), ["t"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_has_what_was_acknowledged_and_takes_over() {
        let primary = Cluster::start(&[]);
        let standby = primary.standby("b", &Setup::default());
        primary.wait_for("b");
        let database = primary.database();
        database.execute("CREATE TABLE t (n int)");
        database.execute("INSERT INTO t VALUES (1)");
        primary.go_away();
        let after = database.on(&standby);
        standby.promote();
        assert_eq!(after.texts("SELECT n FROM t"), ["1"]);
        after.execute("INSERT INTO t VALUES (2)");
        // The old primary knows nothing of it, and whoever writes there waits for a standby for ever.
        primary.come_back();
        assert_eq!(database.texts("SELECT n, pg_is_in_recovery() FROM t"), ["1 f"]);
        let timeline = "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";
        assert_eq!(
            (database.texts(timeline), after.texts(timeline)),
            (vec!["00000001".into()], vec!["00000002".into()])
        );
        let waits = std::thread::spawn(move || database.execute("INSERT INTO t VALUES (3)"));
        let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'INSERT%' AND wait_event = 'SyncRep'";
        while sql::texts(&primary.url(), cancel).is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        waits.join().unwrap();
    }
}
