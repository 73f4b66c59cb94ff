//! Several deciders over one ledger on a real PostgreSQL server, asked directly or through an edge.

mod front;

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use postgres_cluster::Database;
use proto::decider::v1::{Action, DecideRequest, DecideResponse, Destination, Peer};
use tempfile::TempDir;

use super::{fresh, ready};
use crate::local::{Local, Settings, Store};
use crate::services::decisions::{self, Client, TENANT, within_deadline};
use crate::services::{Process, binaries, ports};

/// How long somebody asks before it counts as an outage.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two tries. A Co-signer waits for minutes.
const PAUSE: Duration = Duration::from_millis(20);

/// The deciders, each with a configuration of its own. Dropped, it kills them and removes the files.
pub struct Fleet {
    edge: Option<Process>,
    deciders: Vec<Decider>,
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
        fresh("decider");
        let directory = tempfile::Builder::new().prefix("countersign-").tempdir().unwrap();
        let addresses = ports::free_addresses();
        let settings = Settings { addresses, store: Store::Memory, policy: policy.to_owned() };
        let local = Local::create(&directory.path().join("local"), &settings).unwrap();
        let mut fleet = Self { edge: None, deciders: Vec::new(), local, _directory: directory };
        for number in 0..count {
            let [grpc, admin] =
                [ports::free(), ports::free()].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
            fleet.configure(number, (grpc, admin), database);
            if number == 0 {
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

    fn config(&self, number: usize) -> std::path::PathBuf {
        self.local.root().join(format!("decider/decider-{number}.yaml"))
    }

    fn configure(&self, number: usize, (grpc, admin): (SocketAddr, SocketAddr), database: &Database) {
        let yaml = std::fs::read_to_string(self.local.decider_config()).unwrap();
        let usual = self.local.addresses().unwrap();
        let store =
            format!("store: {{postgres: {{url: {}, synchronous_standby: optional}}}}", database.url());
        let yaml = yaml
            .replace(&usual.decider.to_string(), &grpc.to_string())
            .replace(&usual.decider_admin.to_string(), &admin.to_string())
            .replace("store: memory", &store);
        std::fs::write(self.config(number), yaml).unwrap();
    }

    fn migrate(&self) {
        let binary = binaries::find("decider").unwrap();
        let output = Command::new(binary).args(["migrate", "--config"]).arg(self.config(0)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn spawn(&self, number: usize, admin: SocketAddr) -> Process {
        let arguments = ["run".into(), "--config".into(), self.config(number).into_os_string()];
        let (binary, log) =
            (binaries::find("decider").unwrap(), self.local.log(&format!("decider-{number}")));
        Process::spawn("decider", &binary, &arguments, &[], log, admin).unwrap()
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
        Clients(self.deciders.iter().map(client).collect())
    }

    /// What all of them have logged.
    pub fn logs(&self) -> String {
        let logs = self.deciders.iter().map(|decider| decider.process.log_text());
        logs.collect::<Vec<_>>().join("\n── the next ──\n")
    }
}

/// Clients of all deciders.
#[derive(Clone)]
pub struct Clients(Vec<Client>);

impl Clients {
    /// Asks one decider, and the next one where that does not answer, until one has decided.
    pub async fn decide(&mut self, first: usize, payment: &Payment) -> DecideResponse {
        let started = Instant::now();
        let mut number = first;
        loop {
            let count = self.0.len();
            let client = self.0.get_mut(number % count).unwrap();
            match client.decide(within_deadline(payment.question())).await {
                Ok(answer) => return answer.into_inner(),
                Err(status) => assert!(started.elapsed() < PATIENCE, "{payment:?}: {status:?}"),
            }
            number += 1;
            tokio::time::sleep(PAUSE).await;
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
