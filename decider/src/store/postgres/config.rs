//! Where the server is and what is asked of it.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// How long a connection may take to come about, each host on its own.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long what was sent may stay unacknowledged by the other machine.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection is silent before it is asked whether it still stands, and how often then.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// Where a server listens if nothing else is said.
const USUAL_PORT: u16 = 5432;

/// A ledger on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    server: tokio_postgres::Config,
    /// A file with the password, read at each connection. `None`: the server asks for none.
    pub password_file: Option<PathBuf>,
    /// The authority that the server's certificate must come from: PEM, read at each connection. `None`: no TLS.
    pub authority: Option<PathBuf>,
    /// What becomes of a server that could lose what it has acknowledged.
    pub durability: Durability,
    /// Whether one that keeps it alone is such a server.
    pub synchronous_standby: Standby,
}

/// What becomes of a server that could lose what it has acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing is decided over it.
    Require,
    /// It is said in metrics and the log.
    Warn,
}

/// Whether each commit must be on another server before it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standby {
    /// It must: a failover loses nothing.
    Required,
    /// Not by PostgreSQL's own means: there is no failover, or what stands below the server sees to it.
    Optional,
}

/// Why a URL is no place for a ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It cannot be read.
    #[error("expected a URL such as postgres://decider@db.internal:5432/countersign: {0}")]
    Malformed(String),
    /// It has a password in it.
    #[error("the URL has a password in it: put that into a file, and name it in password_file")]
    Password,
    /// Something is missing in it.
    #[error("the URL names no {0}: expected one such as postgres://decider@db.internal:5432/countersign")]
    Missing(&'static str),
    /// It goes over a network in the clear.
    #[error(
        "the connection would not be encrypted: name the authority of the server's certificate in ca, or say \
         ?sslmode=disable in the URL if the network is safe"
    )]
    Clear,
    /// It asks for what there is nothing to check by.
    #[error(
        "the URL asks for TLS, and nothing says whose certificate the server should have: name its authority in ca"
    )]
    Unchecked,
    /// It refuses what it is given.
    #[error("the URL says sslmode=disable, and ca is given: one of them is too much")]
    NotClear,
}

impl Config {
    /// A ledger at this URL, of a server without a password and, unless the URL says otherwise, on this machine.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub fn at(url: &str, authority: Option<PathBuf>) -> Result<Self, UrlError> {
        let malformed = |error: tokio_postgres::Error| UrlError::Malformed(chain(&error));
        let mut server: tokio_postgres::Config = url.parse().map_err(malformed)?;
        if server.get_password().is_some() {
            return Err(UrlError::Password);
        }
        for (what, missing) in [
            ("host", server.get_hosts().is_empty()),
            ("user", server.get_user().is_none()),
            ("database", server.get_dbname().is_none()),
        ] {
            if missing {
                return Err(UrlError::Missing(what));
            }
        }
        match (&authority, server.get_ssl_mode()) {
            (Some(_), SslMode::Disable) => return Err(UrlError::NotClear),
            (Some(_), _) | (None, SslMode::Disable) => {}
            (None, SslMode::Require) => return Err(UrlError::Unchecked),
            (None, _) if !is_on_this_machine(&server) => return Err(UrlError::Clear),
            (None, _) => {}
        }
        server.ssl_mode(if authority.is_some() { SslMode::Require } else { SslMode::Disable });
        set_timeouts(&mut server);
        let (durability, synchronous_standby) = (Durability::Require, Standby::Required);
        Ok(Self { server, password_file: None, authority, durability, synchronous_standby })
    }

    /// What to connect with, but for the password.
    pub fn server(&self) -> &tokio_postgres::Config {
        &self.server
    }

    /// Whether both are one database, as far as the names of hosts tell: one that is in both lists is the same server.
    pub fn is_same_database(&self, other: &Self) -> bool {
        let hosts = |config: &Self| config.each_host().iter().map(place).collect::<Vec<_>>();
        let here = hosts(self);
        self.server.get_dbname() == other.server.get_dbname()
            && hosts(other).iter().any(|host| here.contains(host))
    }

    /// Its first host and the port there, as a log names them.
    pub fn host_name(&self) -> String {
        match place(self) {
            (Some(Host::Tcp(name)), port) => format!("{name}:{port}"),
            (Some(Host::Unix(path)), port) => format!("{}, port {port}", path.display()),
            (None, port) => format!("port {port}"),
        }
    }

    /// The same for a server that takes no writes: to ask it why.
    pub fn to_read_only(&self) -> Self {
        let mut other = self.clone();
        other.server.target_session_attrs(TargetSessionAttrs::Any);
        other
    }

    /// The same for each host alone.
    pub fn each_host(&self) -> Vec<Self> {
        let hosts = self.server.get_hosts().len();
        (0..hosts).map(|number| Self { server: of_host(&self.server, number), ..self.clone() }).collect()
    }
}

/// Where a server of one host is.
fn place(alone: &Config) -> (Option<Host>, u16) {
    let port = alone.server.get_ports().first().copied().unwrap_or(USUAL_PORT);
    (alone.server.get_hosts().first().cloned(), port)
}

/// Everything that a URL can say, and one of its hosts: the client has no way to take hosts away.
fn of_host(all: &tokio_postgres::Config, number: usize) -> tokio_postgres::Config {
    let mut one = tokio_postgres::Config::new();
    match all.get_hosts().get(number) {
        Some(Host::Tcp(name)) => one.host(name),
        Some(Host::Unix(path)) => one.host_path(path),
        None => &mut one,
    };
    if let Some(address) = all.get_hostaddrs().get(number) {
        one.hostaddr(*address);
    }
    if let Some(port) = all.get_ports().get(number).or_else(|| all.get_ports().first()) {
        one.port(*port);
    }
    if let Some(user) = all.get_user() {
        one.user(user);
    }
    if let Some(database) = all.get_dbname() {
        one.dbname(database);
    }
    if let Some(options) = all.get_options() {
        one.options(options);
    }
    one.ssl_mode(all.get_ssl_mode())
        .ssl_negotiation(all.get_ssl_negotiation())
        .channel_binding(all.get_channel_binding());
    set_timeouts(&mut one);
    one
}

/// A host that cannot be written to is none: it is a standby.
fn set_timeouts(server: &mut tokio_postgres::Config) {
    server
        .application_name("countersign-decider")
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_user_timeout(TCP_USER_TIMEOUT)
        .keepalives(true)
        .keepalives_idle(KEEPALIVE)
        .keepalives_interval(KEEPALIVE);
}

/// What it connects to is the address, whatever the host is called.
fn is_on_this_machine(server: &tokio_postgres::Config) -> bool {
    let addresses = server.get_hostaddrs();
    addresses.iter().all(std::net::IpAddr::is_loopback) && server.get_hosts().iter().all(is_this_machine)
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

/// An error with what stands behind it: the client's own text is short.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str, authority: Option<&str>) -> String {
        Config::at(url, authority.map(PathBuf::from)).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_with_a_url_is_told_with_what_to_do() {
        insta::assert_snapshot!(refused("db.internal", None), @"expected a URL such as postgres://decider@db.internal:5432/countersign: invalid connection string: unexpected EOF");
        insta::assert_snapshot!(refused("postgres://db.internal:x/countersign", None), @"expected a URL such as postgres://decider@db.internal:5432/countersign: invalid connection string: invalid value for option `port`");
        insta::assert_snapshot!(refused("postgres://decider:secret@db/countersign", None), @"the URL has a password in it: put that into a file, and name it in password_file");
        insta::assert_snapshot!(refused("postgres://localhost/countersign", None), @"the URL names no user: expected one such as postgres://decider@db.internal:5432/countersign");
        insta::assert_snapshot!(refused("postgres://decider@localhost", None), @"the URL names no database: expected one such as postgres://decider@db.internal:5432/countersign");
        insta::assert_snapshot!(refused("postgres:///countersign?user=decider", None), @"the URL names no host: expected one such as postgres://decider@db.internal:5432/countersign");
        insta::assert_snapshot!(refused("postgres://decider@db/countersign", None), @"the connection would not be encrypted: name the authority of the server's certificate in ca, or say ?sslmode=disable in the URL if the network is safe");
        insta::assert_snapshot!(refused("postgres://decider@127.0.0.1/countersign?sslmode=require", None), @"the URL asks for TLS, and nothing says whose certificate the server should have: name its authority in ca");
        assert_eq!(
            refused("postgres://decider@localhost/countersign?hostaddr=192.0.2.2", None),
            refused("postgres://decider@db/countersign", None)
        );
        insta::assert_snapshot!(refused("postgres://decider@db/countersign?sslmode=disable", Some("ca.pem")), @"the URL says sslmode=disable, and ca is given: one of them is too much");
    }

    #[test]
    fn on_this_machine_and_where_it_is_said_the_connection_is_in_the_clear() {
        for url in [
            "postgres://decider@127.0.0.1:5432/countersign",
            "postgres://decider@localhost/countersign",
            "postgres://decider@localhost/countersign?hostaddr=127.0.0.1",
            "postgres://decider@%2Frun%2Fpostgresql/countersign",
            "postgres://decider@db.internal/countersign?sslmode=disable",
        ] {
            let config = Config::at(url, None).unwrap();
            assert_eq!(config.server().get_ssl_mode(), SslMode::Disable, "{url}");
            assert_eq!(
                (config.durability, config.synchronous_standby),
                (Durability::Require, Standby::Required)
            );
        }
    }

    #[test]
    fn a_database_is_told_by_its_name_and_by_any_of_its_hosts() {
        let at = |url| Config::at(url, Some("ca.pem".into())).unwrap();
        let one = at("postgres://decider@a,b:7/ledger");
        for (other, same) in [
            ("postgres://somebody@b:7/ledger", true),
            ("postgres://decider@c,a:5432/ledger", true),
            ("postgres://decider@a,b:7/other", false),
            ("postgres://decider@b/ledger", false),
            ("postgres://decider@a:7/ledger", false),
            ("postgres://decider@c/ledger", false),
        ] {
            assert_eq!(
                (one.is_same_database(&at(other)), at(other).is_same_database(&one)),
                (same, same),
                "{other}"
            );
        }
    }

    #[test]
    fn each_host_is_the_same_server_but_for_its_name_and_port() {
        for (url, alone) in [
            (
                "postgres://decider@a:1,b:2/countersign",
                ["postgres://decider@a:1/countersign", "postgres://decider@b:2/countersign"],
            ),
            (
                "postgres://decider@a,b/countersign",
                ["postgres://decider@a/countersign", "postgres://decider@b/countersign"],
            ),
            (
                "host=/run/a,b hostaddr=127.0.0.1,127.0.0.2 port=7 user=decider dbname=d options='-c geqo=off' channel_binding=disable",
                [
                    "host=/run/a hostaddr=127.0.0.1 port=7 user=decider dbname=d options='-c geqo=off' channel_binding=disable",
                    "host=b hostaddr=127.0.0.2 port=7 user=decider dbname=d options='-c geqo=off' channel_binding=disable",
                ],
            ),
        ] {
            let at = |url| Config::at(url, Some("ca.pem".into())).unwrap();
            assert_eq!(at(url).each_host(), alone.map(at), "{url}");
        }
    }

    #[test]
    fn with_an_authority_nothing_goes_in_the_clear() {
        let config = Config::at("postgres://decider@db/countersign", Some("ca.pem".into())).unwrap();
        assert_eq!(config.server().get_ssl_mode(), SslMode::Require);
    }
}
