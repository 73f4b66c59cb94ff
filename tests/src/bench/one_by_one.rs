//! A transaction for each decision, as a velocity limit in a database usually is: one guarded update and one insert, in a
//! single statement, so in one round trip; numbers of 64 bits, no evaluation, nothing looked up. Never to be run for
//! anything but this: asked the same twice, it charges twice.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use prost::Message as _;
use tokio_postgres::{Client, NoTls, Statement};

use super::error::Error;
use super::load::in_flight;
use super::questions::{self, IN_FLIGHT, Keys};
use super::times::Times;

const TABLES: &str = "
    CREATE TABLE one_by_one_limit (key bigint PRIMARY KEY, used bigint NOT NULL) WITH (fillfactor = 50);
    INSERT INTO one_by_one_limit SELECT key, 0 FROM generate_series(0, 9999) AS key;
    CREATE TABLE one_by_one_decision (id uuid PRIMARY KEY, key bigint NOT NULL, body bytea NOT NULL)";

const DECIDE: &str = "
    WITH charged AS (
        UPDATE one_by_one_limit SET used = used + 1 WHERE key = $1 AND used + 1 <= 1000000000 RETURNING key
    )
    INSERT INTO one_by_one_decision SELECT gen_random_uuid(), key, $2 FROM charged";

/// Connections, each with its statement: as many as questions are under way.
pub struct OneByOne(Arc<Vec<(Client, Statement)>>);

impl OneByOne {
    /// Makes its tables in a database that has none of them.
    pub async fn prepare(url: &str) -> Result<Self, Error> {
        let first = connect(url).await?;
        first.batch_execute(TABLES).await?;
        let mut clients = Vec::new();
        for _ in 0..IN_FLIGHT {
            let client = connect(url).await?;
            let statement = client.prepare(DECIDE).await?;
            clients.push((client, statement));
        }
        Ok(Self(Arc::new(clients)))
    }

    /// Decides `count` times.
    pub async fn decide(&self, keys: Keys, count: usize) -> Result<Times, Error> {
        let (clients, times) = (Arc::clone(&self.0), Arc::new(Mutex::new(Times::default())));
        let all = Arc::clone(&times);
        let body = Arc::new(questions::question(0).encode_to_vec());
        let call = move |index: usize| {
            let (clients, times, body) = (Arc::clone(&clients), Arc::clone(&times), Arc::clone(&body));
            async move {
                let lane = clients.get(index % IN_FLIGHT);
                let (client, statement) = lane.ok_or_else(|| Error::Child("no connection".to_owned()))?;
                let key = i64::try_from(keys.source(index)).unwrap_or_default();
                let started = Instant::now();
                let written = client.execute(statement, &[&key, &*body]).await?;
                questions::note(&times, started);
                if written == 1 { Ok(()) } else { Err(Error::NotAllowed("one transaction each".to_owned())) }
            }
        };
        in_flight(IN_FLIGHT, count, call).await?;
        questions::taken(&all)
    }
}

async fn connect(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
