//! Several deciders over one ledger on a real PostgreSQL server, asked directly or through an edge.

mod front;

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use postgres_cluster::Database;
use proto::decider::v1::{Action, DecideRequest, DecideResponse, Destination, Peer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::{Code, Status};

pub use self::front::url;
use super::history::History;
use super::{fresh, ready, set};
use crate::local::{Local, Settings, Store};
use crate::services::decisions::{self, Client, TENANT, within_deadline};
use crate::services::{Process, binaries, ports};

/// How long somebody asks before it counts as an outage.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two tries. A Co-signer waits for minutes.
const PAUSE: Duration = Duration::from_millis(20);

/// Any answer, RETRY too, has to be there by then.
const BUDGET: Duration = Duration::from_secs(20);

/// Where deciders keep their ledger, whose it is, and where they run.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// The field `store` of their configuration.
    pub store: Value,
    /// The field `tenants`. `None`: there is none.
    pub tenants: Option<Vec<String>>,
    /// Added to their environment.
    pub environment: Vec<(String, String)>,
    /// The network namespace that they run in, and their address there. `None`: as we do, on 127.0.0.1.
    pub namespace: Option<(String, IpAddr)>,
}

impl Setting {
    /// Over a database on a server without a standby.
    pub fn alone(url: &str) -> Self {
        Self::postgres(url, "optional")
    }

    /// Over a database of which each commit must be on a standby.
    pub fn replicated(url: &str) -> Self {
        Self::postgres(url, "required")
    }

    fn postgres(url: &str, standby: &str) -> Self {
        let store = json!({"postgres": {"url": url, "synchronous_standby": standby}});
        Self { store, ..Self::default() }
    }

    /// For these tenants and no others, whatever the edge asks.
    #[must_use]
    pub fn of_tenants(self, tenants: &[&str]) -> Self {
        Self { tenants: Some(tenants.iter().map(ToString::to_string).collect()), ..self }
    }

    /// One decider's own file.
    pub fn sqlite() -> Self {
        Self { store: json!({"sqlite": "data/decider.db"}), ..Self::default() }
    }
}

/// The deciders, each with a configuration of its own. Dropped, it kills them and removes the files.
pub struct Fleet {
    edge: Option<Process>,
    deciders: Vec<Decider>,
    setting: Setting,
    history: Arc<History>,
    local: Local,
    _directory: TempDir,
}

struct Decider {
    process: Process,
    grpc: SocketAddr,
    admin: SocketAddr,
}

/// A transfer of ETH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Request and transaction.
    pub id: String,
    /// Vault.
    pub source: String,
    /// Vault.
    pub destination: String,
    /// Decimal text.
    pub amount: String,
}

impl Fleet {
    /// So many deciders over a new ledger in this database, ready.
    pub async fn start(count: usize, database: &Database, policy: &str) -> Self {
        Self::over(count, Setting::alone(database.url()), policy).await
    }

    /// So many deciders over a new ledger, ready.
    pub async fn over(count: usize, setting: Setting, policy: &str) -> Self {
        fresh("decider");
        let directory = tempfile::Builder::new().prefix("countersign-").tempdir().unwrap();
        let addresses = ports::free_addresses();
        let settings = Settings { addresses, store: Store::Memory, policy: policy.to_owned() };
        let local = Local::create(&directory.path().join("local"), &settings).unwrap();
        let ip = setting.namespace.as_ref().map_or(Ipv4Addr::LOCALHOST.into(), |(_, address)| *address);
        if setting.namespace.is_some() {
            local.add_decider_address(ip).unwrap();
        }
        let mut fleet = Self {
            edge: None,
            deciders: Vec::new(),
            setting,
            history: Arc::default(),
            local,
            _directory: directory,
        };
        for number in 0..count {
            let [grpc, admin] = [ports::free(), ports::free()].map(|port| SocketAddr::new(ip, port));
            fleet.configure(number, (grpc, admin));
            if number == 0 && fleet.setting.store.get("postgres").is_some() {
                fleet.migrate();
            }
            let process = fleet.spawn(number, admin);
            fleet.deciders.push(Decider { process, grpc, admin });
        }
        for decider in &mut fleet.deciders {
            ready(&mut decider.process).await;
        }
        fleet
    }

    fn config(&self, number: usize) -> PathBuf {
        self.local.root().join(format!("decider/decider-{number}.yaml"))
    }

    fn configure(&self, number: usize, (grpc, admin): (SocketAddr, SocketAddr)) {
        let config = self.config(number);
        std::fs::copy(self.local.decider_config(), &config).unwrap();
        set(&config, |yaml| {
            yaml["listen"]["address"] = json!(grpc);
            yaml["admin"]["address"] = json!(admin);
            yaml["store"] = self.setting.store.clone();
            if let Some(tenants) = &self.setting.tenants {
                yaml["tenants"] = json!(tenants);
                // So that it is the ledger that refuses a tenant, whoever asks.
                yaml["grants"].as_array_mut().unwrap().truncate(1);
                yaml["grants"][0]["tenants"] = json!("all");
            }
        });
    }

    fn migrate(&self) {
        let (program, arguments) = self.command("migrate", 0);
        let output = Command::new(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn spawn(&self, number: usize, admin: SocketAddr) -> Process {
        let (program, arguments) = self.command("run", number);
        let log = self.local.log(&format!("decider-{number}"));
        Process::spawn("decider", &program, &arguments, &self.setting.environment, log, admin).unwrap()
    }

    fn command(&self, verb: &str, number: usize) -> (PathBuf, Vec<OsString>) {
        let decider = binaries::find("decider").unwrap();
        let of_decider = [verb.into(), "--config".into(), self.config(number).into_os_string()];
        let Some((namespace, _)) = &self.setting.namespace else { return (decider, of_decider.into()) };
        let inside = ["netns".into(), "exec".into(), namespace.into(), decider.into_os_string()];
        ("ip".into(), inside.into_iter().chain(of_decider).collect())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.deciders.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.deciders.is_empty()
    }

    /// One of them.
    pub fn process(&mut self, number: usize) -> &mut Process {
        &mut self.deciders.get_mut(number).unwrap().process
    }

    /// SIGKILL, then the same one again. It is not waited for.
    pub fn kill_and_restart(&mut self, number: usize) {
        self.process(number).kill().unwrap();
        self.spawn_again(number);
    }

    fn spawn_again(&mut self, number: usize) {
        let admin = self.deciders.get(number).unwrap().admin;
        let process = self.spawn(number, admin);
        self.deciders.get_mut(number).unwrap().process = process;
    }

    /// Starts those again that have ended: a decider does not start without its server, and what runs it tries again.
    pub fn restart_ended(&mut self) {
        for number in 0..self.len() {
            if self.process(number).exited().unwrap().is_some() {
                self.spawn_again(number);
            }
        }
    }

    /// A client for each of them.
    pub fn clients(&self) -> Clients {
        let client =
            |decider: &Decider| Client::new(decisions::channel_to(&self.local, decider.grpc).unwrap());
        Clients { clients: self.deciders.iter().map(client).collect(), history: Arc::clone(&self.history) }
    }

    /// What all clients have asked and were answered.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What all of them have logged.
    pub fn logs(&self) -> String {
        let logs = self.deciders.iter().map(|decider| decider.process.log_text());
        logs.collect::<Vec<_>>().join("\n── the next ──\n")
    }
}

/// Clients of all deciders.
#[derive(Clone)]
pub struct Clients {
    clients: Vec<Client>,
    history: Arc<History>,
}

impl Clients {
    /// Asks one decider, and the next one where that does not answer, until one has decided.
    pub async fn decide(&mut self, first: usize, payment: &Payment) -> DecideResponse {
        let started = Instant::now();
        let mut number = first;
        loop {
            match self.ask(number, payment).await {
                Ok(answer) => return answer,
                Err(status) => assert!(started.elapsed() < PATIENCE, "{payment:?}: {status:?}"),
            }
            number += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Asks one decider once. An error is one that means RETRY, and in time.
    pub async fn ask(&mut self, number: usize, payment: &Payment) -> Result<DecideResponse, Status> {
        let count = self.clients.len();
        let client = self.clients.get_mut(number % count).unwrap();
        self.history.asked(payment);
        let started = Instant::now();
        let answer = client.decide(within_deadline(payment.question())).await;
        assert!(started.elapsed() < BUDGET, "{payment:?} took {:?}: {answer:?}", started.elapsed());
        match answer {
            Ok(answer) => {
                let answer = answer.into_inner();
                self.history.answered(payment, &answer);
                Ok(answer)
            }
            Err(status) => {
                assert_ne!(status.code(), Code::InvalidArgument, "{status:?}");
                Err(status)
            }
        }
    }

    /// Whether it is approved.
    pub async fn approves(&mut self, first: usize, payment: &Payment) -> bool {
        self.decide(first, payment).await.action() == Action::Approve
    }
}

impl Payment {
    fn question(&self) -> DecideRequest {
        let some = |text: &str| Some(text.to_owned());
        let peer = |id: &str| Some(Peer { r#type: some("VAULT"), id: some(id), subtype: None });
        let amount = some(&self.amount);
        let destination =
            Destination { peer: peer(&self.destination), amount: amount.clone(), ..Destination::default() };
        DecideRequest {
            tenant: TENANT.to_owned(),
            callback_request_id: self.id.clone(),
            signer_id: some("signer-1"),
            tx_id: some(&self.id),
            operation: some("TRANSFER"),
            source: peer(&self.source),
            asset_id: some("ETH"),
            amount: amount.clone(),
            requested_amount: amount,
            destinations: vec![destination],
            ..DecideRequest::default()
        }
    }
}
