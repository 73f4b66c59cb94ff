//! What a server does with what it acknowledges, as it says itself.

use tokio_postgres::Row;

use super::config::{Config, Standby};

/// The columns that [`Settings::read`] takes, from this one on.
pub const COLUMNS: &str = "current_setting('fsync'), current_setting('full_page_writes'), \
                           current_setting('synchronous_commit'), current_setting('synchronous_standby_names'), \
                           EXISTS (SELECT 1 FROM pg_stat_get_wal_senders()), \
                           current_setting('client_min_messages'), current_setting('row_security'), pg_backend_pid()";

/// Asks for them alone.
pub fn select() -> String {
    format!("SELECT {COLUMNS}")
}

/// Settings that durability rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    fsync: String,
    full_page_writes: String,
    synchronous_commit: String,
    synchronous_standby_names: String,
    /// Whether any standby is connected. Which one it is, only a monitor may read.
    has_standby: bool,
    client_min_messages: String,
    row_security: String,
    /// The server's process that answered.
    pub process: i32,
}

impl Settings {
    /// From a row, the first of the columns at `start`.
    ///
    /// # Errors
    /// The row is another.
    pub fn read(row: &Row, start: usize) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            fsync: row.try_get(start)?,
            full_page_writes: row.try_get(start.saturating_add(1))?,
            synchronous_commit: row.try_get(start.saturating_add(2))?,
            synchronous_standby_names: row.try_get(start.saturating_add(3))?,
            has_standby: row.try_get(start.saturating_add(4))?,
            client_min_messages: row.try_get(start.saturating_add(5))?,
            row_security: row.try_get(start.saturating_add(6))?,
            process: row.try_get(start.saturating_add(7))?,
        })
    }

    /// Whether a commit would wait for a standby while none is connected, and hold the ledger as long as it waits.
    pub fn commits_hang(&self) -> bool {
        self.names_standbys() && !self.has_standby
    }

    fn names_standbys(&self) -> bool {
        !self.synchronous_standby_names.trim().is_empty()
    }

    /// What of the session is no longer as it was set. `None`: nothing. Without warnings a commit that was not replicated is
    /// acknowledged like any other; by row security charges are left out without a word.
    pub fn altered(&self) -> Option<String> {
        let set = [
            ("client_min_messages", &self.client_min_messages, "warning"),
            ("row_security", &self.row_security, "off"),
        ];
        let (name, value, _) = set.into_iter().find(|(_, value, set)| value != set)?;
        Some(format!(
            "the session's {name} is {value}, which is not what it was set to: connect to the server itself, not through \
             a program that shares its sessions"
        ))
    }

    /// What is missing for a commit to last. `None`: nothing.
    pub fn shortfall(&self, config: &Config) -> Option<String> {
        let alone = !self.names_standbys();
        let missing: Vec<String> = [
            (self.fsync != "on").then(|| format!("fsync is {}", self.fsync)),
            (self.full_page_writes != "on").then(|| format!("full_page_writes is {}", self.full_page_writes)),
            (self.synchronous_commit != "on" && self.synchronous_commit != "remote_apply")
                .then(|| format!("synchronous_commit is {}", self.synchronous_commit)),
            (alone && config.synchronous_standby == Standby::Required).then(|| {
                "synchronous_standby_names is empty (configure `synchronous_standby: optional` where no failover \
                 may lose a commit all the same)"
                    .into()
            }),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!missing.is_empty())
            .then(|| format!("the server may lose what it acknowledges: {}", missing.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(set: [&str; 4], messages: &str, security: &str) -> Settings {
        let [fsync, full_page_writes, synchronous_commit, names] = set.map(str::to_owned);
        Settings {
            fsync,
            full_page_writes,
            synchronous_commit,
            synchronous_standby_names: names,
            has_standby: true,
            client_min_messages: messages.into(),
            row_security: security.into(),
            process: 7,
        }
    }

    fn told(set: [&str; 4], standby: Standby) -> String {
        let settings = settings(set, "warning", "off");
        let mut config = Config::at("postgres://decider@localhost/countersign", None).unwrap();
        config.synchronous_standby = standby;
        settings.shortfall(&config).unwrap_or_default()
    }

    #[test]
    fn a_session_that_is_not_as_it_was_set_is_told() {
        let altered = |messages, security| settings(["on"; 4], messages, security).altered();
        assert_eq!(altered("warning", "off"), None);
        insta::assert_snapshot!(altered("error", "off").unwrap(), @"the session's client_min_messages is error, which is not what it was set to: connect to the server itself, not through a program that shares its sessions");
        insta::assert_snapshot!(altered("warning", "on").unwrap(), @"the session's row_security is on, which is not what it was set to: connect to the server itself, not through a program that shares its sessions");
    }

    #[test]
    fn a_server_that_may_lose_a_commit_says_by_what() {
        assert_eq!(told(["on", "on", "on", "ANY 1 (a, b)"], Standby::Required), "");
        assert_eq!(told(["on", "on", "remote_apply", "*"], Standby::Required), "");
        assert_eq!(told(["on", "on", "on", ""], Standby::Optional), "");
        insta::assert_snapshot!(told(["on", "on", "on", " "], Standby::Required), @"the server may lose what it acknowledges: synchronous_standby_names is empty (configure `synchronous_standby: optional` where no failover may lose a commit all the same)");
        insta::assert_snapshot!(told(["off", "off", "local", "a"], Standby::Optional), @"the server may lose what it acknowledges: fsync is off, full_page_writes is off, synchronous_commit is local");
        for weak in ["off", "local", "remote_write"] {
            assert_ne!(told(["on", "on", weak, "a"], Standby::Optional), "", "{weak}");
        }
    }
}
