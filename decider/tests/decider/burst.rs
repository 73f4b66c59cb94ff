//! More calls than can be answered: they are shed, and the connection stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use decider::clock::SystemClock;
use decider::config;
use decider::document::Document;
use decider::store::bounds::{MAX_BATCH, MAX_QUEUED};
use decider::store::journal::{Entry, JournalError, JournalTime, LookupPlan, Recorded, RequestIdentity};
use decider::store::{self, Engine, Journal, Lookup, MemoryJournal, Record, Setting};
use policy::charge::{Charge, ChargeKey};
use policy::settle::ChargeChange;
use policy::time::Time;
use proto::decider::v1::decision_service_client::DecisionServiceClient;
use tokio::task::JoinSet;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::faults::{Served, SilentStore, serve};
use crate::support::{CONFIG, Files, SERVICE_TOO, call, connect, transfer};

/// A journal in memory whose commits take so long, and whose first one waits until it may go on.
struct SlowJournal {
    inner: MemoryJournal,
    commit: Duration,
    held: Arc<AtomicBool>,
}

impl Journal for SlowJournal {
    fn remember_policy(&mut self, hash: &str, document: &Document) -> Result<(), JournalError> {
        self.inner.remember_policy(hash, document)
    }

    fn policy(&mut self, hash: &str) -> Result<Option<Document>, JournalError> {
        self.inner.policy(hash)
    }

    fn join(&mut self) -> Result<JournalTime, JournalError> {
        self.inner.join()
    }

    fn charges_since(
        &mut self,
        start: Time,
        at_least: usize,
        take: &mut dyn FnMut(&Charge),
    ) -> Result<Option<Time>, JournalError> {
        self.inner.charges_since(start, at_least, take)
    }

    fn begin(
        &mut self,
        asked: &mut dyn Iterator<Item = LookupPlan<'_>>,
        take: &mut dyn FnMut(&ChargeChange),
    ) -> Result<JournalTime, JournalError> {
        self.inner.begin(asked, take)
    }

    fn recorded(&mut self, identity: &RequestIdentity) -> Result<Recorded, JournalError> {
        self.inner.recorded(identity)
    }

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<Charge>, JournalError> {
        self.inner.charge(key)
    }

    fn write(&mut self, entry: &Entry) -> Result<(), JournalError> {
        self.inner.write(entry)
    }

    fn commit(&mut self) -> Result<(), JournalError> {
        while self.held.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(self.commit);
        self.inner.commit()
    }

    fn abandon(&mut self) -> Result<(), JournalError> {
        self.inner.abandon()
    }

    fn tidy(&mut self) -> Result<(), JournalError> {
        self.inner.tidy()
    }

    fn prune(&mut self, end: Time, now: Time) -> Result<Duration, JournalError> {
        self.inner.prune(end, now)
    }

    fn find(&mut self, tenant: &str, lookup: &Lookup) -> Result<Option<Record>, JournalError> {
        self.inner.find(tenant, lookup)
    }
}

/// A real decider whose every commit takes so long.
async fn slowed(files: &Files, commit: Duration) -> (Served, Arc<store::Metrics>) {
    held(files, commit, Arc::default()).await
}

/// The same whose first commit waits until it may go on.
async fn held(files: &Files, commit: Duration, held: Arc<AtomicBool>) -> (Served, Arc<store::Metrics>) {
    let policy = config::load(&files.path("decider.yaml")).unwrap().policy;
    let metrics = Arc::new(store::Metrics::default());
    let setting = Setting {
        retention: store::Retention::default(),
        policy: policy.policy,
        document: policy.document,
        clock: Arc::new(SystemClock::new()),
        metrics: Arc::clone(&metrics),
        on_fatal: Box::new(|error| panic!("{error}")),
    };
    let journal = SlowJournal { inner: MemoryJournal::default(), commit, held };
    let engine = Engine::start(journal, setting).unwrap();
    (serve(files, Arc::new(engine)).await, metrics)
}

/// So many calls at once over these channels. How each ended. Once so many have ended, the store is let go on.
async fn burst(
    clients: &[DecisionServiceClient<Channel>],
    calls: usize,
    timeout: Duration,
    (enough, held): (usize, Arc<AtomicBool>),
) -> Vec<Result<(), Status>> {
    let mut asked = JoinSet::new();
    for number in 0..calls {
        let mut client = clients[number % clients.len()].clone();
        asked.spawn(async move {
            let mut request = Request::new(transfer(&format!("b-{number}"), "0.00001"));
            request.set_timeout(timeout);
            client.decide(request).await.map(drop)
        });
    }
    let mut ended = Vec::with_capacity(calls);
    while let Some(end) = asked.join_next().await {
        ended.push(end.unwrap());
        held.fetch_and(ended.len() < enough, Ordering::Relaxed);
    }
    ended
}

/// Calls in the burst: 40,000 where there is time for them (`SOAK=1`); a debug build takes a millisecond of computing
/// for each.
fn calls() -> usize {
    if std::env::var_os("SOAK").is_some() { 40_000 } else { 5_000 }
}

/// Those that are being put into the queue are counted, too: one for each of the test's threads.
const THREADS: usize = 4;

/// Every call ends, decided or shed, although the store decides nothing until all that has no room is shed. Of two
/// callers: one alone has too small a share to fill the queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_burst_on_few_channels_is_shed_and_the_connections_stay() {
    let calls = calls();
    let files = Files::new();
    files.write("decider.yaml", &format!("{CONFIG}{SERVICE_TOO}"));
    let holding = Arc::new(AtomicBool::new(true));
    let (served, store) = held(&files, Duration::ZERO, Arc::clone(&holding)).await;
    let service = connect(served.port, files.tls_of("service")).await.unwrap();
    let clients = [files.channel(served.port).await, service].map(DecisionServiceClient::new);
    let watched = tokio::spawn(async move {
        let mut most = 0;
        loop {
            most = most.max(store.queued.get());
            assert!(most <= i64::try_from(MAX_QUEUED + THREADS).unwrap(), "{most}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let without_room = calls - MAX_QUEUED - MAX_BATCH;
    let ended = burst(&clients, calls, Duration::from_secs(600), (without_room, holding)).await;
    let (mut decided, mut shed) = (0, 0);
    for end in ended {
        match end {
            Ok(()) => decided += 1,
            Err(status) if status.code() == Code::ResourceExhausted => {
                assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
                shed += 1;
            }
            Err(status) => panic!("{status:?} after {decided} and {shed}"),
        }
    }
    assert!(!watched.is_finished(), "the queue grew beyond its bound");
    watched.abort();
    assert_eq!(decided + shed, calls);
    assert!(decided > MAX_BATCH && shed > 1000, "{decided} decided, {shed} shed");
    for mut client in clients {
        client.decide(call(transfer("after", "0.00001"))).await.unwrap();
    }
    assert_eq!(served.metrics.accepted.get(), 2, "a connection was lost");
}

/// What one caller may not take is shed, and its connection stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_burst_on_one_channel_is_shed_and_the_connection_stays() {
    let files = Files::new();
    let (served, _) = slowed(&files, Duration::from_millis(20)).await;
    let client = DecisionServiceClient::new(files.channel(served.port).await);
    let ended =
        burst(std::slice::from_ref(&client), calls(), Duration::from_secs(600), Default::default()).await;
    let shed: Vec<_> = ended.iter().filter_map(|end| end.as_ref().err()).collect();
    assert!(!shed.is_empty() && shed.len() < ended.len(), "{} of {}", shed.len(), ended.len());
    for status in shed {
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
    }
    client.clone().decide(call(transfer("after", "0.00001"))).await.unwrap();
    assert_eq!(served.metrics.accepted.get(), 1, "the connection was lost");
}

/// A burst whose deadline passes is cancelled by its client in one go, which protections against floods of resets
/// take for an attack.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_cancelled_by_the_thousand_leave_the_connection() {
    let files = Files::new();
    let served = serve(&files, Arc::new(SilentStore)).await;
    // So that the client does not end it either: answers that cross its cancelling are errors of streams to it.
    let channel =
        files.endpoint(served.port).http2_max_local_error_reset_streams(None).connect().await.unwrap();
    let client = [DecisionServiceClient::new(channel.clone())];
    for _ in 0..3 {
        let ended = burst(&client, 5000, Duration::from_millis(300), Default::default()).await;
        let in_time = |status: &Status| {
            matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded | Code::ResourceExhausted)
        };
        let odd: Vec<_> =
            ended.into_iter().filter_map(Result::err).filter(|status| !in_time(status)).collect();
        assert!(odd.is_empty(), "{:?}", odd.first());
    }
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    health.check(tonic_health::pb::HealthCheckRequest::default()).await.unwrap();
    assert_eq!(served.metrics.accepted.get(), 1, "the connection was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_would_be_answered_too_late_is_told_at_once() {
    let files = Files::new();
    let (served, _) = slowed(&files, Duration::from_secs(8)).await;
    let client = DecisionServiceClient::new(files.channel(served.port).await);
    let ask = |id: &'static str, millis: u64| {
        let mut client = client.clone();
        async move {
            let mut request = Request::new(transfer(id, "0.00001"));
            request.set_timeout(Duration::from_millis(millis));
            client.decide(request).await
        }
    };
    let patient = tokio::spawn(ask("r-1", 60_000));
    tokio::time::sleep(Duration::from_secs(3)).await;
    let started = Instant::now();
    let hasty = ask("r-2", 2_000).await.unwrap_err();
    assert_eq!(hasty.code(), Code::ResourceExhausted, "{hasty:?}");
    assert!(started.elapsed() < Duration::from_millis(1900), "{:?}", started.elapsed());
    assert_eq!(hasty.get_details_error_info().unwrap().reason, "OVERLOADED");
    assert!(hasty.get_details_retry_info().unwrap().retry_delay.unwrap() >= Duration::from_millis(900));
    patient.await.unwrap().unwrap();

    // Nobody is ahead any more: what was slow is tried again, else it would never be found to be fast.
    assert_eq!(ask("r-3", 60_000).await.unwrap().into_inner().callback_request_id, "r-3");
}
