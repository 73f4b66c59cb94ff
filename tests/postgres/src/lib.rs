//! Real PostgreSQL servers for tests: one for all tests of a program, each with a database of its own, and private ones
//! for tests that kill them. What cannot be done panics, and says what to install.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "only tests call this: one that cannot go on must fail, loudly and at the place"
)]

mod replication;
mod cluster;
mod binaries;
pub mod ports;
mod sql;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

pub use cluster::{Cluster, DISK, Setup};
pub use sql::{execute, texts};

/// A server that tests may create databases on: a URL of its superuser, such as `postgres://postgres@127.0.0.1/postgres`.
/// Where it is not set, a private server is started.
pub const URL_VARIABLE: &str = "DECIDER_TEST_POSTGRES_URL";

/// Whether there can be one: a server is named, or its programs are on this machine or could be installed.
///
/// # Errors
/// What to install.
pub fn check() -> Result<(), &'static str> {
    let there = std::env::var_os(URL_VARIABLE).is_some() || binaries::find().is_some();
    if there { Ok(()) } else { Err(binaries::INSTALL) }
}

/// A new, empty database on the server that all tests of this program share.
pub fn database() -> Database {
    static SHARED: OnceLock<String> = OnceLock::new();
    let server = SHARED.get_or_init(|| match std::env::var(URL_VARIABLE) {
        Ok(url) => url,
        Err(_) => Cluster::start(&[]).leak(),
    });
    Database::create(server)
}

/// A database.
#[derive(Debug)]
pub struct Database {
    url: String,
}

impl Database {
    fn create(server: &str) -> Self {
        static CREATED: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), CREATED.fetch_add(1, Ordering::Relaxed));
        execute(server, &format!("CREATE DATABASE {name}"));
        let (path, parameters) = server.split_once('?').map_or((server, None), |(p, q)| (p, Some(q)));
        let (host, _) = path.rsplit_once('/').unwrap();
        let parameters = parameters.map(|parameters| format!("?{parameters}")).unwrap_or_default();
        Self { url: format!("{host}/{name}{parameters}") }
    }

    /// The database of the same name on another server.
    pub fn on(&self, cluster: &Cluster) -> Self {
        let (_, name) = self.url.rsplit_once('/').unwrap();
        let server = cluster.url();
        let (host, _) = server.rsplit_once('/').unwrap();
        Self { url: format!("{host}/{name}") }
    }

    /// Where it is, for its owner: on the first of these servers that can be written to.
    pub fn url_on(&self, clusters: &[&Cluster]) -> String {
        let (_, name) = self.url.rsplit_once('/').unwrap();
        let hosts: Vec<String> =
            clusters.iter().map(|cluster| format!("127.0.0.1:{}", cluster.port())).collect();
        format!("postgres://postgres@{}/{name}", hosts.join(","))
    }

    /// Where it is, for its owner.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements in it.
    pub fn execute(&self, sql: &str) {
        execute(&self.url, sql);
    }

    /// What a query gives, each row's columns as text with blanks between.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        texts(&self.url, sql)
    }
}
