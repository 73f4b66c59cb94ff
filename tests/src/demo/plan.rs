//! Which processes the demo starts, and with what configurations.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{Error, Ledger};
use crate::local::Local;
use crate::output::say;
use crate::services::{self, Process};

/// The processes in the order of their start, and what they need beside themselves.
pub struct Plan {
    /// One or several.
    pub deciders: Vec<Service>,
    /// What the Co-signer calls.
    pub edge: Service,
    /// The ledger that several deciders share.
    pub database: Option<String>,
}

/// One process.
pub struct Service {
    name: &'static str,
    config: PathBuf,
    log: PathBuf,
    admin: SocketAddr,
}

impl Plan {
    /// Writes the configurations that are not there yet; starts the database where one is needed, with its tables.
    pub async fn make(local: &Local, ledger: Ledger) -> Result<Self, Error> {
        match ledger {
            Ledger::Sqlite => Self::usual(local),
            Ledger::Postgres { deciders } => Self::fleet(local, deciders).await,
        }
    }

    fn usual(local: &Local) -> Result<Self, Error> {
        let (addresses, log) = (local.addresses()?, local.log("decider"));
        let config = local.decider_config();
        let decider = Service { name: "decider", config, log, admin: addresses.decider_admin };
        Ok(Self {
            deciders: vec![decider],
            edge: edge(local, local.edge_config(), addresses.edge_admin),
            database: None,
        })
    }

    async fn fleet(local: &Local, count: u16) -> Result<Self, Error> {
        let url = database().await?;
        let fleet = local.write_fleet(count, &url)?;
        fleet.deciders.first().map_or(Ok(()), |(config, _)| services::migrate(config))?;
        let numbered = (1..).zip(fleet.deciders);
        let deciders: Vec<_> = numbered
            .map(|(number, (config, addresses))| {
                let log = local.log(&format!("decider-{number}"));
                Service { name: "decider", config, log, admin: addresses.decider_admin }
            })
            .collect();
        let edge = edge(local, fleet.edge, local.addresses()?.edge_admin);
        Ok(Self { deciders, edge, database: Some(url) })
    }
}

fn edge(local: &Local, config: PathBuf, admin: SocketAddr) -> Service {
    Service { name: "edge", config, log: local.log("edge"), admin }
}

/// A new one, on a server that ends with this program.
async fn database() -> Result<String, Error> {
    say("Starting a PostgreSQL server …\n");
    let started = tokio::task::spawn_blocking(|| {
        postgres_cluster::check().map(|()| postgres_cluster::database().url().to_owned())
    });
    let failed = |why: String| Error::Database(why);
    started.await.map_err(|error| failed(error.to_string()))?.map_err(|why| failed(why.to_owned()))
}

impl Service {
    /// Starts it.
    pub fn spawn(&self) -> Result<Process, Error> {
        let (config, log) = (self.config.clone(), self.log.clone());
        Ok(services::spawn(self.name, config, log, self.admin, &[])?)
    }

    /// What it is, for people.
    pub fn name(&self) -> &'static str {
        self.name
    }
}
