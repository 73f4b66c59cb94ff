//! One decider at one address: its channel, its state and how busy it is.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use proto::decider::v1::decision_service_client::DecisionServiceClient;
use tokio::{sync::Notify, time::Instant};
use tonic::transport::Channel;

use super::{
    endpoint_state::{EndpointHealth, Observation},
    load::{Latency, cost},
    trouble::Trouble,
    unready::Unready,
};
use crate::telemetry::metrics::{EndpointState, FleetMetrics};

/// What to check. A decider that rejects our certificate closes the connection, which may be all that we see of it.
const HINT: &str = "check that a decider is there whose certificate is of an authority in ca, and that ours is of one in its \
                    client_ca and for clientAuth";

/// The longest answer that is taken, in bytes. An answer has a status for each of up to a thousand destinations under
/// each limit, which exceeds tonic's default; refusing it would answer RETRY to what is decided.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// One decider at one address.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) address: SocketAddr,
    pub(super) channel: Channel,
    client: DecisionServiceClient<Channel>,
    health: Mutex<EndpointHealth>,
    /// Whether `health` says so, to be read without its lock.
    healthy: AtomicBool,
    unready: Mutex<Unready>,
    latency: Mutex<Latency>,
    in_flight: AtomicU32,
    /// Notified when a call took it out: then it is probed at once.
    pub(super) lost: Notify,
    /// Notified of each change of state; all endpoints share it.
    changed: Arc<Notify>,
    metrics: Arc<FleetMetrics>,
}

impl Endpoint {
    pub(super) fn new(
        address: SocketAddr,
        channel: Channel,
        changed: Arc<Notify>,
        metrics: Arc<FleetMetrics>,
    ) -> Self {
        metrics.add_endpoint(EndpointState::Unreached);
        Self {
            address,
            client: DecisionServiceClient::new(channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES),
            channel,
            health: Mutex::default(),
            healthy: AtomicBool::default(),
            unready: Mutex::default(),
            latency: Mutex::new(Latency::new(std::time::Duration::ZERO, Instant::now())),
            in_flight: AtomicU32::default(),
            lost: Notify::new(),
            changed,
            metrics,
        }
    }

    pub(super) fn client(&self) -> DecisionServiceClient<Channel> {
        self.client.clone()
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    pub(super) fn cost(&self, now: Instant) -> u128 {
        cost(lock(&self.latency).read(now), self.in_flight.load(Ordering::Relaxed))
    }

    /// Notes that a probe found it serving, in this time: the only latency that is known of one that was not asked.
    pub(super) fn note_serving(&self, took: std::time::Duration) {
        if !self.is_healthy() {
            *lock(&self.latency) = Latency::new(took, Instant::now());
        }
        self.note(Observation::Serving);
    }

    /// Notes what a failed probe or call has shown, and its cause.
    pub(super) fn note_failure(&self, observation: Observation, cause: String) {
        lock(&self.unready).set(cause);
        self.note(observation);
    }

    fn note(&self, observation: Observation) {
        let mut health = lock(&self.health);
        let Some(before) = health.note(observation) else { return };
        let now = health.state();
        self.healthy.store(now == EndpointState::Healthy, Ordering::Relaxed);
        drop(health);
        self.report_change(before, now, observation);
    }

    /// Whether it has never been healthy.
    pub(super) fn is_unreached(&self) -> bool {
        lock(&self.health).state() == EndpointState::Unreached
    }

    /// Logs why it is not asked, where that is news.
    pub(super) fn log_unready(&self) {
        if let Some(cause) = lock(&self.unready).take_news(Instant::now()) {
            let endpoint = self.address;
            tracing::warn!(%endpoint, cause, hint = HINT, "a decider is not ready");
        }
    }

    /// Why it is not asked, as far as that is known.
    pub(super) fn cause(&self) -> Option<String> {
        lock(&self.unready).cause()
    }

    fn report_change(&self, before: EndpointState, now: EndpointState, observation: Observation) {
        self.metrics.remove_endpoint(before);
        self.metrics.add_endpoint(now);
        self.metrics.count_endpoint_change(now);
        let (endpoint, standing) = (self.address, now.as_str());
        match now {
            EndpointState::Out => {
                let mut unready = lock(&self.unready);
                let cause = unready.mark_logged(Instant::now());
                tracing::warn!(%endpoint, standing, sign = ?observation, cause, "a decider is taken out");
                self.lost.notify_one();
            }
            EndpointState::Healthy | EndpointState::Unreached => {
                lock(&self.unready).clear();
                tracing::info!(%endpoint, standing, "a decider is asked")
            }
        }
        self.changed.notify_one();
    }

    /// Counts a call as in flight until the guard is dropped.
    pub(super) fn begin_call(self: &Arc<Self>) -> CallGuard {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        CallGuard { endpoint: Arc::clone(self), begun: Instant::now(), answered: false }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.metrics.remove_endpoint(lock(&self.health).state());
    }
}

/// A call in flight.
pub(super) struct CallGuard {
    endpoint: Arc<Endpoint>,
    begun: Instant,
    answered: bool,
}

impl CallGuard {
    /// The call ended with a decision, or with this trouble.
    pub(super) fn end(mut self, trouble: Option<&Trouble>) {
        self.answered = trouble.is_none();
        match trouble.map(|trouble| (trouble.observation(), trouble)) {
            None => self.endpoint.note(Observation::Answered),
            Some((Some(observation), trouble)) => {
                self.endpoint.note_failure(observation, trouble.to_string())
            }
            Some((None, _)) => {}
        }
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.endpoint.in_flight.fetch_sub(1, Ordering::Relaxed);
        let (took, now) = (self.begun.elapsed(), Instant::now());
        let mut latency = lock(&self.endpoint.latency);
        // A quick refusal must not count as a quick answer.
        if self.answered { latency.note_answer(took, now) } else { latency.note_wait(took, now) }
    }
}

/// A panic under the lock leaves no value half-changed, so a poisoned one is used.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
