//! What a store counts, for the admin port.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Bounds of a histogram of batch sizes.
const BATCH_SIZES: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// Bounds of a histogram of times, in seconds: from a commit to memory to a disk in trouble.
const SECONDS: [f64; 11] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 1.0, 10.0];

/// The store's metrics.
pub struct Metrics {
    /// Questions answered in one round.
    pub batch_size: Histogram,
    /// From the start of a round until it is durable.
    pub commit_seconds: Histogram,
    /// Questions that wait for the writer.
    pub queued: Gauge,
    /// Questions turned away because the queue was full.
    pub overloaded: Counter,
    /// Rounds that failed, and records that could not be read.
    pub failures: Counter,
    /// Times that the wall clock was found too far ahead.
    pub clock_jumps: Counter,
    /// 1: the server may lose what it acknowledges, and the configuration lets that be.
    pub not_durable: Gauge,
    /// 1: it was restored, and nothing is decided until an operator states what was lost.
    pub frozen: Gauge,
    /// Known request ids that came with other content, each content counted once.
    pub content_changed: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            batch_size: Histogram::new(BATCH_SIZES),
            commit_seconds: Histogram::new(SECONDS),
            queued: Gauge::default(),
            overloaded: Counter::default(),
            failures: Counter::default(),
            clock_jumps: Counter::default(),
            not_durable: Gauge::default(),
            frozen: Gauge::default(),
            content_changed: Counter::default(),
        }
    }
}

impl Metrics {
    /// Lists them in a registry, each under the prefix `store_`.
    pub fn register(&self, registry: &mut Registry) {
        let store = registry.sub_registry_with_prefix("store");
        store.register("batch_size", "Questions answered in one round", self.batch_size.clone());
        store.register_with_unit(
            "commit",
            "From the start of a round until it is durable",
            Unit::Seconds,
            self.commit_seconds.clone(),
        );
        store.register("queued", "Questions that wait for the writer", self.queued.clone());
        store.register("overloaded", "Questions turned away by a full queue", self.overloaded.clone());
        store.register(
            "failures",
            "Rounds that failed, records that could not be read",
            self.failures.clone(),
        );
        store.register("clock_jumps", "Times the wall clock was too far ahead", self.clock_jumps.clone());
        store.register(
            "not_durable",
            "1: the server may lose what it acknowledges",
            self.not_durable.clone(),
        );
        store.register("frozen", "1: restored, and not released by an operator", self.frozen.clone());
        store.register(
            "content_changed",
            "Known request ids with other content",
            self.content_changed.clone(),
        );
    }
}
