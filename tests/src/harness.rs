//! The whole system in a directory of its own, for tests: real binaries on free ports, with everything that a test
//! wants to do to them. Whatever does not work panics, with the end of the services' logs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests call this: a harness that cannot go on must fail the test, loudly and at the place"
)]

pub mod collector;
pub mod failing_disk;
pub mod faketime;
pub mod fleet;
pub mod history;
pub mod namespace;
pub mod proxy;
pub mod scripted_decider;

use std::io::Write as _;
use std::time::Duration;

use proto::decider::v1::DecisionRecord;
use serde_json::Value;
use tempfile::TempDir;

use crate::cosigner::{self, ANSWER_TIMEOUT, Answer, Cosigner, PlainCosigner, Trust};
use crate::local::{DEMO_POLICY, JSON_TENANT, Local, Settings, Store};
use crate::services::{self, Process, READY_TIMEOUT, STOP_TIMEOUT, binaries, decisions, ports};

/// How a system differs from that of the demo.
pub struct Options {
    /// Text of the policy file.
    pub policy: String,
    /// Where the decider keeps its ledger.
    pub store: Store,
    /// Added to the environment of both services, such as `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub environment: Vec<(String, String)>,
    /// Changes edge.yaml before the edge starts.
    pub edit_edge: fn(String) -> String,
    /// Changes decider.yaml before the decider starts.
    pub edit_decider: fn(String) -> String,
    /// Start the real decider. Without it the address is free for a scripted one, or for nobody.
    pub decider: bool,
    /// Start the edge.
    pub edge: bool,
    /// With JSON mode.
    pub json: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            policy: DEMO_POLICY.to_owned(),
            store: Store::Sqlite,
            environment: Vec::new(),
            edit_edge: |yaml| yaml,
            edit_decider: |yaml| yaml,
            decider: true,
            edge: true,
            json: false,
        }
    }
}

impl Options {
    /// With this policy.
    pub fn policy(policy: &str) -> Self {
        Self { policy: policy.to_owned(), ..Self::default() }
    }
}

/// One edge and one decider with their files. Dropped, it kills them and removes the files.
pub struct System {
    environment: Vec<(String, String)>,
    edge: Option<Process>,
    decider: Option<Process>,
    local: Local,
    // Last: the files go when the processes are gone.
    _directory: TempDir,
}

impl System {
    /// The system of the demo, ready.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// A system with options, ready as far as it is started.
    pub async fn with(options: Options) -> Self {
        let addresses =
            if options.json { ports::free_addresses_with_json() } else { ports::free_addresses() };
        let settings = Settings { addresses, store: options.store, policy: options.policy };
        let mut system = Self::prepared(&settings, options.environment);
        edit(&system.local.edge_config(), options.edit_edge);
        edit(&system.local.decider_config(), options.edit_decider);
        if options.decider {
            system.start_decider().await;
        }
        if options.edge {
            system.start_edge().await;
        }
        system
    }

    fn prepared(settings: &Settings, environment: Vec<(String, String)>) -> Self {
        let directory = tempfile::Builder::new().prefix("countersign-").tempdir().unwrap();
        let local = Local::create(&directory.path().join("local"), settings).unwrap();
        Self { environment, edge: None, decider: None, local, _directory: directory }
    }

    /// Starts the decider, again on the same data, and waits until it is ready.
    pub async fn start_decider(&mut self) {
        fresh("decider");
        let process = services::spawn_decider(&self.local, &self.environment);
        ready(self.decider.insert(process.unwrap_or_else(|error| panic!("{error}")))).await;
    }

    /// Starts the edge and waits until it is ready.
    pub async fn start_edge(&mut self) {
        fresh("edge");
        let process = services::spawn_edge(&self.local, &self.environment);
        ready(self.edge.insert(process.unwrap_or_else(|error| panic!("{error}")))).await;
    }

    /// SIGKILL, then a new decider on the same data.
    pub async fn kill_and_restart_decider(&mut self) {
        self.decider().kill().unwrap();
        self.start_decider().await;
    }

    /// SIGKILL, then a new edge.
    pub async fn kill_and_restart_edge(&mut self) {
        self.edge().kill().unwrap();
        self.start_edge().await;
    }

    /// SIGTERM to both, the edge first. Both must end by themselves, with code 0.
    pub async fn stop(&mut self) {
        for process in [self.edge.take(), self.decider.take()].into_iter().flatten() {
            let mut process = process;
            let status = process.stop(STOP_TIMEOUT).await.unwrap();
            assert!(status.success(), "did not stop in good order: {status}\n{}", process.log_text());
        }
    }

    /// The running edge.
    pub fn edge(&mut self) -> &mut Process {
        self.edge.as_mut().expect("the edge was not started")
    }

    /// The running decider.
    pub fn decider(&mut self) -> &mut Process {
        self.decider.as_mut().expect("the decider was not started")
    }

    /// Keys, configurations, policy, data and logs.
    pub fn local(&self) -> &Local {
        &self.local
    }

    /// A Co-signer with the right keys and connections of its own.
    pub fn cosigner(&self) -> Cosigner {
        Cosigner::new(&self.cosigner_config()).unwrap()
    }

    /// What such a Co-signer is made of, for one that differs.
    pub fn cosigner_config(&self) -> cosigner::Config {
        cosigner::Config {
            url: self.local.url().unwrap(),
            private_key: self.local.cosigner_private_key(),
            reply_key: self.local.reply_public_key(),
            ca: self.local.ca(),
            timeout: ANSWER_TIMEOUT,
        }
    }

    /// A Co-signer in JSON mode that pins this certificate, or trusts the authority.
    pub fn plain_cosigner(&self, trust: Trust) -> PlainCosigner {
        let url = self.local.json_url().unwrap().expect("the system has no JSON mode");
        PlainCosigner::new(&url, &trust, ANSWER_TIMEOUT).unwrap()
    }

    /// Sends one request over a new connection. There must be a believable reply.
    pub async fn send(&self, payload: &[u8]) -> Answer {
        self.cosigner().send(payload).await.unwrap_or_else(|error| panic!("{error}\n{}", self.logs()))
    }

    /// A client of the decider with the edge's identity. It survives restarts of the decider.
    pub fn decisions(&self) -> decisions::Client {
        decisions::client(&self.local).unwrap()
    }

    /// The newest decision on record over this request.
    pub async fn record(&self, request_id: &str) -> Option<DecisionRecord> {
        decisions::newest(&mut self.decisions(), request_id).await.unwrap()
    }

    /// The same of a request that came in JSON mode.
    pub async fn json_record(&self, request_id: &str) -> Option<DecisionRecord> {
        decisions::newest_of(JSON_TENANT, &mut self.decisions(), request_id).await.unwrap()
    }

    /// Everything both services have logged.
    pub fn logs(&self) -> String {
        let log = |service| {
            let text = std::fs::read(self.local.log(service)).unwrap_or_default();
            format!("── {service} ──\n{}", String::from_utf8_lossy(&text))
        };
        log("edge") + &log("decider")
    }
}

async fn ready(process: &mut Process) {
    process.ready(READY_TIMEOUT).await.unwrap_or_else(|error| panic!("{error}"));
}

fn fresh(service: &str) {
    binaries::check_fresh(service).unwrap_or_else(|error| panic!("{error}"));
}

fn edit(file: &std::path::Path, change: fn(String) -> String) {
    let text = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, change(text)).unwrap();
}

/// Changes what a configuration says, and writes it as JSON, which is YAML as well.
fn set(file: &std::path::Path, change: impl FnOnce(&mut Value)) {
    let mut document: Value = serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    change(&mut document);
    std::fs::write(file, document.to_string()).unwrap();
}

/// Says that this test cannot run here, and what is missing. Past the test runner, which shows nothing of a test that does
/// not fail and counts it as passed: `make test` lists at its end what is written to `SKIPPED_LIST`. With `STRICT=1` the
/// test fails.
pub fn skipped(why: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let strict = std::env::var_os("STRICT").is_some_and(|value| value == "1");
    assert!(!strict, "SKIPPED: {why}");
    let _ = writeln!(std::io::stderr(), "\nSKIPPED {test}: {why}");
    if let Some(list) = std::env::var_os("SKIPPED_LIST") {
        let list = std::fs::OpenOptions::new().create(true).append(true).open(list);
        let _ = list.and_then(|mut list| list.write_all(format!("  {test}: {why}\n").as_bytes()));
    }
}

/// How much of a long test is run: `short` in `make test`, `soak` in `make soak` (environment `SOAK=1`).
pub fn rounds(short: usize, soak: usize) -> usize {
    if std::env::var_os("SOAK").is_some_and(|value| !value.is_empty() && value != "0") { soak } else { short }
}

/// Waits until something holds; panics when it does not within `limit`.
pub async fn eventually(what: &str, limit: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let started = std::time::Instant::now();
    while !holds().await {
        assert!(started.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
