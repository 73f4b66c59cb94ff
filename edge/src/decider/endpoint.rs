//! One decider at one address: its channel, how it stands and how busy it is.

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
    load::{Latency, cost},
    standing::{Record, Sign, Standing},
    trouble::Trouble,
    unready::Unready,
};
use crate::telemetry::metrics::FleetMetrics;

/// What to look at. Whoever does not believe our certificate closes the connection, which is all that we may see of it.
const HINT: &str = "is a decider there, of an authority in ca, and is our certificate of one in its client_ca, and for \
                    clientAuth?";

/// The longest answer that is taken, in bytes: one with a status for each of a thousand destinations under each limit is
/// longer than what is usual, and to refuse it would mean RETRY for what is decided.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// One decider at one address.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) address: SocketAddr,
    pub(super) channel: Channel,
    client: DecisionServiceClient<Channel>,
    record: Mutex<Record>,
    /// Of the record, to be read without its lock.
    healthy: AtomicBool,
    unready: Mutex<Unready>,
    latency: Mutex<Latency>,
    in_flight: AtomicU32,
    /// Told when a call took it out: to be probed at once.
    pub(super) lost: Notify,
    /// Told of each change of standing, as by every other endpoint.
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
        metrics.add_endpoint(Standing::Unproven.word());
        Self {
            address,
            client: DecisionServiceClient::new(channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES),
            channel,
            record: Mutex::default(),
            healthy: AtomicBool::default(),
            unready: Mutex::default(),
            latency: Mutex::new(Latency::of(std::time::Duration::ZERO, Instant::now())),
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
        cost(held(&self.latency).read(now), self.in_flight.load(Ordering::Relaxed))
    }

    /// A probe found it serving and took so long: all that is known of one that was not asked.
    pub(super) fn note_serving(&self, took: std::time::Duration) {
        if !self.is_healthy() {
            *held(&self.latency) = Latency::of(took, Instant::now());
        }
        self.note(Sign::Serving);
    }

    /// A probe or a call shows this, because of that.
    pub(super) fn note_failure(&self, sign: Sign, cause: String) {
        held(&self.unready).set(cause);
        self.note(sign);
    }

    fn note(&self, sign: Sign) {
        let mut record = held(&self.record);
        let Some(before) = record.note(sign) else { return };
        let now = record.standing();
        self.healthy.store(now == Standing::Healthy, Ordering::Relaxed);
        drop(record);
        self.tell(before, now, sign);
    }

    /// Whether it has never been healthy.
    pub(super) fn is_unproven(&self) -> bool {
        held(&self.record).standing() == Standing::Unproven
    }

    /// Says why it is not asked, where that is news.
    pub(super) fn tell_unready(&self) {
        if let Some(cause) = held(&self.unready).take_news(Instant::now()) {
            let endpoint = self.address;
            tracing::warn!(%endpoint, cause, hint = HINT, "a decider is not ready");
        }
    }

    /// Why it is not asked, as far as that is known.
    pub(super) fn cause(&self) -> Option<String> {
        held(&self.unready).cause()
    }

    fn tell(&self, before: Standing, now: Standing, sign: Sign) {
        self.metrics.remove_endpoint(before.word());
        self.metrics.add_endpoint(now.word());
        self.metrics.count_endpoint_change(now.word());
        let (endpoint, standing) = (self.address, now.word());
        match now {
            Standing::Out => {
                let mut unready = held(&self.unready);
                let cause = unready.tell(Instant::now());
                tracing::warn!(%endpoint, standing, sign = ?sign, cause, "a decider is taken out");
                self.lost.notify_one();
            }
            Standing::Healthy | Standing::Unproven => {
                held(&self.unready).clear();
                tracing::info!(%endpoint, standing, "a decider is asked")
            }
        }
        self.changed.notify_one();
    }

    /// Counts a call until the turn ends or is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Turn {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Turn { endpoint: Arc::clone(self), begun: Instant::now(), answered: false }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.metrics.remove_endpoint(held(&self.record).standing().word());
    }
}

/// A call in hand.
pub(super) struct Turn {
    endpoint: Arc<Endpoint>,
    begun: Instant,
    answered: bool,
}

impl Turn {
    /// The call ended with a decision, or with this trouble.
    pub(super) fn end(mut self, trouble: Option<&Trouble>) {
        self.answered = trouble.is_none();
        match trouble.map(|trouble| (trouble.sign(), trouble)) {
            None => self.endpoint.note(Sign::Answered),
            Some((Some(sign), trouble)) => self.endpoint.note_failure(sign, trouble.to_string()),
            Some((None, _)) => {}
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.endpoint.in_flight.fetch_sub(1, Ordering::Relaxed);
        let (took, now) = (self.begun.elapsed(), Instant::now());
        let mut latency = held(&self.endpoint.latency);
        // A quick refusal is no quick answer.
        if self.answered { latency.note_answer(took, now) } else { latency.note_wait(took, now) }
    }
}

/// What is held is whole whenever the lock is free, even after a panic.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
