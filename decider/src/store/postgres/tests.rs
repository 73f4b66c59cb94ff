//! What only a server, and several deciders on it, can show.

mod cut;
mod deciders;
mod durability;
mod records;
mod retention;
mod schema;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use policy::document::Policy;
use policy::request::Request;
use postgres_cluster::Database;

use super::PostgresJournal;
use super::config::Config;
use crate::clock::testing::ManualClock;
use crate::store::suite::fixture::*;
use crate::store::{Answer, OpenError, StoreError};

/// A database with a ledger.
fn ledger() -> (Backend, Config) {
    on(postgres_cluster::database())
}

fn on(database: Database) -> (Backend, Config) {
    let config = ledger_at(&database);
    (Backend::on(database), config)
}

fn database(backend: &Backend) -> &Database {
    let Backend::Postgres(database) = backend else { panic!("it is another backend") };
    database
}

/// By the server's own clock.
fn open(config: &Config, policy: &Arc<Policy>) -> Result<Desk, OpenError> {
    let config = config.clone();
    Desk::opened(move |metrics| PostgresJournal::open(config, metrics), policy, &clock())
}

/// A role that owns nothing and has what deciders need, and how it connects.
fn guest(backend: &Backend) -> (String, Config) {
    let (server, name) = database(backend).url().rsplit_once('/').unwrap();
    let host = server.rsplit_once('@').map_or("", |(_, host)| host);
    let role = format!("decider_{name}");
    database(backend).execute(&format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA countersign TO {role};
         GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA countersign TO {role};
         GRANT UPDATE ON countersign.head TO {role};
         GRANT EXECUTE ON FUNCTION pg_control_system() TO {role}"
    ));
    let mut config = Config::at(&format!("postgres://{role}@{host}/{name}"), None).unwrap();
    config.synchronous_standby = super::config::Standby::Optional;
    (role, config)
}

/// The text of a refusal, whichever host it was.
fn refused(config: &Config) -> String {
    let refused = open(config, &Arc::new(policy(vec![]))).err().unwrap().to_string();
    refused.replace(&config.host_name(), "HOST")
}

/// Asks until there is an answer, as a Co-signer does.
async fn until_answered(desk: &Desk, asked: &Request) -> Answer {
    loop {
        match desk.ask(asked).await {
            Ok(answer) => return answer,
            Err(StoreError::Unavailable(_) | StoreError::Busy) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(other) => panic!("{other}"),
        }
    }
}

fn three(backend: &Backend, policy: &Arc<Policy>, clock: &Arc<ManualClock>) -> [Arc<Desk>; 3] {
    [(); 3].map(|()| Arc::new(backend.open(policy, clock)))
}
