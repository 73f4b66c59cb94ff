//! Several deciders behind one name, and the edge's client of them.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use callback::Action;
use edge::{
    decider::{
        self, Address, ClientIdentity, Config, FleetName, Health, IdentityFiles, Resolve, Resolved, Trouble,
    },
    telemetry::metrics::Metrics,
};
use proto::decider::v1::DecideRequest;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::{Decider, Files, Keeps, Manner};

/// A name that nobody answers for.
pub const UNANSWERED: &str = "unanswered.example";

/// Resolves every other name to what a test says; `None`: it fails.
#[derive(Clone, Debug)]
pub struct Listed(Arc<Mutex<Option<Vec<u16>>>>);

impl Resolve for Listed {
    fn resolve(&self, host: &str, _: u16) -> Resolved {
        if host == UNANSWERED {
            return Box::pin(std::future::pending());
        }
        let ports = self.0.lock().expect("unpoisoned").clone();
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let found = ports.map(|ports| ports.into_iter().map(at).collect());
        Box::pin(async { found.ok_or_else(|| io::Error::other("as told")) })
    }
}

/// The edge's client, and the deciders it knows.
pub struct Deciders {
    pub files: Files,
    pub all: Vec<Decider>,
    client: decider::Decider,
    listed: Listed,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    _watch: AbortOnDropHandle<()>,
}

impl Deciders {
    /// So many, with a deadline of ten seconds, all healthy.
    pub async fn start(manners: &[Manner]) -> Self {
        Self::with(manners, |_| ()).await
    }

    /// The same with a changed configuration.
    pub async fn with(manners: &[Manner], change: impl FnOnce(&mut Config)) -> Self {
        let (files, mut all) = (Files::new(), Vec::new());
        for manner in manners {
            all.push(Decider::start_with(&files, *manner, 0, Keeps::Health).await);
        }
        let ports = all.iter().map(|decider| decider.port).collect();
        let deciders = Self::known_as("localhost", files, all, ports, change);
        deciders.until_healthy(manners.len()).await;
        deciders
    }

    /// Deciders known as `host`, which resolves to these ports.
    pub fn known_as(
        host: &str,
        files: Files,
        all: Vec<Decider>,
        ports: Vec<u16>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config {
            fleet: FleetName::default(),
            addresses: vec![Address::parse(&format!("https://{host}:1")).expect("an address")],
            files: IdentityFiles {
                ca: files.path("ca.pem"),
                certificate: files.path("client.crt"),
                private_key: files.path("client.key"),
            },
            identity: ClientIdentity::new(
                &files.read("ca.pem"),
                &files.read("client.crt"),
                &files.read("client.key"),
            )
            .expect("an identity"),
            deadline: Duration::from_secs(10),
            hedge_after: None,
        };
        change(&mut config);
        let (listed, metrics) = (Listed(Arc::new(Mutex::new(Some(ports)))), Arc::new(Metrics::new()));
        let health = Arc::new(Health::default());
        let client = decider::Decider::new(config, Arc::new(listed.clone()), &metrics);
        let (watching, watched) = (client.clone(), Arc::clone(&health));
        let watch = tokio::spawn(async move { watching.watch(&watched).await });
        Self { files, all, client, listed, metrics, health, _watch: AbortOnDropHandle::new(watch) }
    }

    /// Another one that the name resolves to from now on.
    pub async fn join(&mut self, manner: Manner) {
        self.all.push(Decider::start_with(&self.files, manner, 0, Keeps::Health).await);
        self.list(self.all.iter().map(|decider| decider.port).collect());
    }

    /// What the name resolves to from now on.
    pub fn list(&self, ports: Vec<u16>) {
        *self.listed.0.lock().expect("unpoisoned") = Some(ports);
    }

    /// From now on no lookup succeeds.
    pub fn fail_lookups(&self) {
        *self.listed.0.lock().expect("unpoisoned") = None;
    }

    /// The same decider again, after it was dropped.
    pub async fn restart(&mut self, place: usize, manner: Manner) {
        let port = self.all[place].port;
        // Two at one port: the old one has to go first.
        self.all.remove(place);
        self.all.insert(place, Decider::start_with(&self.files, manner, port, Keeps::Health).await);
    }

    /// One question with an id of its own: the action, and how long it took.
    pub async fn ask(&self, id: &str) -> Result<(Action, Duration), Trouble> {
        ask(self.client.clone(), id.to_owned()).await
    }

    /// So many questions at the same time.
    pub async fn ask_at_once(&self, count: usize) -> Vec<Result<(Action, Duration), Trouble>> {
        let mut asking = JoinSet::new();
        for number in 0..count {
            asking.spawn(ask(self.client.clone(), number.to_string()));
        }
        asking.join_all().await
    }

    /// So many questions one after the other: the troubles among their ends, and the slowest.
    pub async fn ask_all(&self, count: usize) -> (Vec<Trouble>, Duration) {
        let (mut troubles, mut slowest) = (Vec::new(), Duration::ZERO);
        for number in 0..count {
            match self.ask(&number.to_string()).await {
                Ok((_, took)) => slowest = slowest.max(took),
                Err(trouble) => troubles.push(trouble),
            }
        }
        (troubles, slowest)
    }

    /// Asks until it is so. Of two that are alike the one that was slow once is left alone for some seconds, and on a busy
    /// machine either may have been.
    pub async fn ask_until(&self, so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !so(self) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{:?}: {}",
                self.calls(),
                self.metrics.encode()
            );
            assert_eq!(self.ask_all(5).await.0.len(), 0);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Whether each was asked more than `times`.
    pub fn each_asked(&self, times: usize) -> bool {
        self.calls().into_iter().all(|calls| calls > times)
    }

    pub fn calls(&self) -> Vec<usize> {
        self.all.iter().map(Decider::calls).collect()
    }

    pub fn is_ready(&self) -> bool {
        self.health.is_ready()
    }

    /// A line of the metrics, without the prefix: its number, or 0.
    pub fn metric(&self, line: &str) -> usize {
        let line = format!("countersign_edge_{line} ");
        let text = self.metrics.encode();
        let number = text.lines().find_map(|text| text.strip_prefix(&line));
        number.map_or(0, |number| number.parse().expect("a number"))
    }

    pub async fn until_healthy(&self, count: usize) {
        self.until(r#"decider_endpoints{standing="healthy",fleet="default"}"#, count).await;
    }

    /// Waits until a metric is so.
    pub async fn until(&self, line: &str, count: usize) {
        let begun = Instant::now();
        while self.metric(line) != count {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{line} is no {count}: {}",
                self.metrics.encode()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn ask(client: decider::Decider, id: String) -> Result<(Action, Duration), Trouble> {
    let request = DecideRequest { callback_request_id: id, ..DecideRequest::default() };
    let begun = Instant::now();
    let decided = client.decide(&request, Duration::from_secs(60)).await;
    let decision = decided.map_err(|failure| failure.trouble)?;
    Ok((decision.action, begun.elapsed()))
}
