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
    answer::Decision,
    endpoint_state::{EndpointHealth, Observation},
    load::{Latency, cost},
    trouble::{Failure, Trouble},
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
    /// The call ended with a decision, or with a trouble.
    pub(super) fn end(mut self, decided: Result<Decision, Trouble>) -> Result<Decision, FailedCall> {
        self.answered = decided.is_ok();
        match decided {
            Ok(decision) => {
                self.endpoint.note(Observation::Answered);
                Ok(decision)
            }
            Err(trouble) => Err(self.fail(trouble)),
        }
    }

    fn fail(&self, trouble: Trouble) -> FailedCall {
        if let Some(observation) = trouble.observation() {
            self.endpoint.note_failure(observation, trouble.to_string());
        }
        FailedCall { endpoint: Arc::clone(&self.endpoint), begun: self.begun, trouble }
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

/// A call that ended without a decision.
pub(super) struct FailedCall {
    endpoint: Arc<Endpoint>,
    begun: Instant,
    pub(super) trouble: Trouble,
}

impl FailedCall {
    /// Another endpoint has decided the same question. The error must not look faster than deciding is, so it counts as
    /// an answer that took until now; and whoever refuses what is decided elsewhere is at fault.
    pub(super) fn note_overruled(&self) {
        lock(&self.endpoint.latency).note_wait(self.begun.elapsed(), Instant::now());
        if self.trouble.is_refusal() {
            let cause = format!("it refuses what another decides: {}", self.trouble);
            self.endpoint.note_failure(Observation::Unable, cause);
        }
    }
}

impl From<FailedCall> for Failure {
    fn from(FailedCall { endpoint, trouble, .. }: FailedCall) -> Self {
        Self { trouble, endpoint: Some(endpoint.address) }
    }
}

/// A panic under the lock leaves no value half-changed, so a poisoned one is used.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;
    use tonic::Status;

    use super::*;
    use crate::telemetry::metrics::Metrics;

    const MS: u128 = 1_000_000;

    fn endpoint() -> Arc<Endpoint> {
        let channel = Channel::from_static("http://127.0.0.1:1").connect_lazy();
        let metrics = Arc::new(Metrics::new().for_fleet("default"));
        let endpoint = Endpoint::new(([127, 0, 0, 1], 1).into(), channel, Arc::new(Notify::new()), metrics);
        endpoint.note(Observation::Serving);
        Arc::new(endpoint)
    }

    fn failed(endpoint: &Arc<Endpoint>, status: Status) -> FailedCall {
        endpoint.begin_call().end(Err(status.into())).expect_err("an error")
    }

    /// As one that sheds: the others would get its load on top, so it stays, and must not attract more.
    #[tokio::test]
    async fn an_error_looks_no_faster_than_the_decision_of_another() {
        let endpoint = endpoint();
        for _ in 1..=5 {
            let shed = failed(&endpoint, Status::resource_exhausted("too much to do"));
            sleep(Duration::from_millis(50)).await;
            shed.note_overruled();
            assert!(endpoint.cost(Instant::now()) > 45 * MS);
            failed(&endpoint, Status::resource_exhausted("too much to do"));
            assert!(endpoint.cost(Instant::now()) > 45 * MS, "an error brings it down");
        }
        assert!(endpoint.is_healthy());
    }

    #[tokio::test]
    async fn one_that_refuses_what_another_decides_is_as_slow_as_that_and_goes_out() {
        let endpoint = endpoint();
        for number in 1..=3 {
            let refused = failed(&endpoint, Status::permission_denied("not granted"));
            assert!(endpoint.is_healthy(), "refused {number} times, and by nobody decided");
            sleep(Duration::from_millis(50)).await;
            refused.note_overruled();
            assert!(endpoint.cost(Instant::now()) > 45 * MS);
        }
        assert!(!endpoint.is_healthy());
        let cause = endpoint.cause();
        insta::assert_snapshot!(cause.unwrap_or_default(), @"it refuses what another decides: no decision: PERMISSION_DENIED (not granted)");
    }
}
