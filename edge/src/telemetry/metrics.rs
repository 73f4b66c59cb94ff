//! The edge's own numbers, in OpenMetrics text.

mod decider;

use std::{sync::Mutex, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};

pub use decider::DeciderMetrics;

/// Upper bounds of the buckets of a decision's time, in seconds.
const DECIDE_SECONDS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 20.0];

/// Endpoint and outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// `transaction` or `config_change`.
    pub endpoint: &'static str,
    /// The action that was signed, or why there was none.
    pub outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
}

/// One of something that is there for a while.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Counted {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<RequestLabels, Counter>,
    verify_failures: Family<ReasonLabels, Counter>,
    decider_errors: Family<CodeLabels, Counter>,
    decide_seconds: Histogram,
    in_flight: Gauge,
    connections: Gauge,
    /// Connections that ended before a request: handshake failed or timed out.
    pub failed_handshakes: Counter,
    /// 1 while a decider answers that it is ready.
    pub decider_ready: Gauge,
    /// The deciders.
    pub decider: DeciderMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("countersign_edge")),
            requests: Family::default(),
            verify_failures: Family::default(),
            decider_errors: Family::default(),
            decide_seconds: Histogram::new(DECIDE_SECONDS),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            failed_handshakes: Counter::default(),
            decider_ready: Gauge::default(),
            decider: DeciderMetrics::default(),
        };
        if let Ok(mut registry) = metrics.registry.lock() {
            metrics.register(&mut registry);
        }
        metrics
    }

    fn register(&self, registry: &mut Registry) {
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "What is running", build);
        registry.register("requests", "Callbacks by endpoint and outcome", self.requests.clone());
        registry.register(
            "verify_failures",
            "Requests that are not authentic, by reason",
            self.verify_failures.clone(),
        );
        registry.register(
            "decider_errors",
            "Decisions that could not be had, by code",
            self.decider_errors.clone(),
        );
        registry.register(
            "decide_seconds",
            "Time a decision took, attempts included",
            self.decide_seconds.clone(),
        );
        registry.register("requests_in_flight", "Callbacks being handled", self.in_flight.clone());
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register(
            "failed_handshakes",
            "TLS handshakes that failed or timed out",
            self.failed_handshakes.clone(),
        );
        registry.register("decider_ready", "1 while a decider is ready", self.decider_ready.clone());
        self.decider.register(registry);
    }

    /// Counts a request as in flight until the guard is dropped, which a caller that hangs up does as well.
    #[must_use]
    pub fn request_in_flight(&self) -> Counted {
        Counted::new(&self.in_flight)
    }

    /// Counts a connection, its TLS handshake included, until the guard is dropped.
    #[must_use]
    pub fn connection(&self) -> Counted {
        Counted::new(&self.connections)
    }

    /// Counts a request that ended.
    pub fn request(&self, labels: &RequestLabels) {
        self.requests.get_or_create(labels).inc();
    }

    /// Counts a request that is not authentic.
    pub fn verify_failure(&self, reason: &'static str) {
        self.verify_failures.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Counts a decision that could not be had.
    pub fn decider_error(&self, code: &'static str) {
        self.decider_errors.get_or_create(&CodeLabels { code }).inc();
    }

    /// Takes the time of a decision.
    pub fn decided_in(&self, time: Duration) {
        self.decide_seconds.observe(time.as_secs_f64());
    }

    /// Everything as OpenMetrics text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::new();
        match self.registry.lock().map(|registry| text::encode(&mut out, &registry)) {
            Ok(Ok(())) => out,
            _ => "# EOF\n".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_told_as_text() {
        let metrics = Metrics::new();
        metrics.request(&RequestLabels { endpoint: "transaction", outcome: "approve" });
        metrics.verify_failure("signature");
        metrics.decider_error("UNAVAILABLE");
        metrics.decided_in(Duration::from_millis(3));
        let _held = metrics.connection();
        drop(metrics.request_in_flight());
        let text = metrics.encode();
        for line in [
            r#"countersign_edge_requests_total{endpoint="transaction",outcome="approve"} 1"#,
            r#"countersign_edge_verify_failures_total{reason="signature"} 1"#,
            r#"countersign_edge_decider_errors_total{code="UNAVAILABLE"} 1"#,
            r#"countersign_edge_decide_seconds_bucket{le="0.0025"} 0"#,
            r#"countersign_edge_decide_seconds_bucket{le="0.005"} 1"#,
            "countersign_edge_connections 1",
            "countersign_edge_requests_in_flight 0",
            "countersign_edge_build_info{version=",
            "# EOF",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
