//! The edge's own numbers, in OpenMetrics text.

mod config;
mod decider;
mod labels;

use std::{net::IpAddr, sync::Mutex};

use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, family::Family, gauge::Gauge, info::Info},
    registry::{Metric, Registry},
};

use super::{log_writer::LEFT_OUT, shed::ShedLog};
use config::ConfigMetrics;
use decider::Families;
pub use decider::FleetMetrics;
use labels::RequestLabels;
pub use labels::{
    Attempt, CallbackKind, ConnectionEnd, EndpointState, NoDecision, Outcome, RefusedConnection,
    ReloadOutcome, Shed, Unserved, VerifyFailure,
};

/// Counts something as long as it is held.
#[derive(Debug)]
pub struct GaugeGuard(Gauge);

impl GaugeGuard {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    verify_failures: Family<VerifyFailure, Counter>,
    in_flight: Gauge,
    connections: Gauge,
    refused_connections: Family<RefusedConnection, Counter>,
    failed_handshakes: Counter,
    connections_ended: Family<ConnectionEnd, Counter>,
    shed: Family<Shed, Counter>,
    shed_log: ShedLog,
    deciders: Families,
    /// Of the configuration.
    pub config: ConfigMetrics,
    registry: Mutex<Registry>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A metric that is part of what `registry` tells.
fn registered<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

/// Starts every label set of a family at 0: a series that first appears as 1 shows no increase to `increase()`, so an
/// alert would miss the first event.
fn begin<L, M>(family: &Family<L, M>, labels: impl IntoIterator<Item = L>)
where
    L: Clone + Eq + std::hash::Hash,
    M: Default,
{
    labels.into_iter().for_each(|labels| drop(family.get_or_create(&labels)));
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("countersign_edge");
        registry.register("build", "What is running", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        let left_out = "Lines of the log that were not written, because nobody took those before them";
        registry.register("log_lines_left_out", left_out, LEFT_OUT.clone());
        let all = &mut registry;
        let config = ConfigMetrics::new(all);
        let metrics = Self {
            requests: registered(all, "requests", "Callbacks by endpoint and outcome"),
            verify_failures: registered(all, "verify_failures", "Requests that are not authentic, by reason"),
            in_flight: registered(all, "requests_in_flight", "Callbacks being handled"),
            connections: registered(all, "connections", "Open connections"),
            refused_connections: registered(
                all,
                "refused_connections",
                "Connections closed for where they come from, by reason",
            ),
            failed_handshakes: registered(
                all,
                "handshakes_failed",
                "TLS handshakes that failed or timed out",
            ),
            connections_ended: registered(
                all,
                "connections_ended",
                "Connections that were ended here, by reason",
            ),
            shed: registered(all, "shed", "What was turned away because there was too much of it"),
            shed_log: ShedLog::default(),
            deciders: Families::new(all, config.ends()),
            config,
            registry: Mutex::new(registry),
        };
        metrics.begin();
        metrics
    }

    fn begin(&self) {
        let callbacks = CallbackKind::ALL
            .iter()
            .flat_map(|kind| Outcome::ALL.iter().map(|outcome| RequestLabels::Callback(*kind, *outcome)));
        begin(&self.requests, callbacks);
        begin(&self.requests, Unserved::ALL.iter().copied().map(RequestLabels::Unserved));
        begin(&self.verify_failures, VerifyFailure::ALL.iter().copied());
        begin(&self.refused_connections, RefusedConnection::ALL.iter().copied());
        begin(&self.connections_ended, ConnectionEnd::ALL.iter().copied());
        begin(&self.shed, Shed::ALL.iter().copied());
    }

    /// What is counted of the fleet of this name. The configuration bounds their number.
    #[must_use]
    pub fn for_fleet(&self, name: &str) -> FleetMetrics {
        FleetMetrics::new(self.deciders.clone(), name)
    }

    /// Counts a request as in flight until the guard is dropped, which a caller that hangs up does as well.
    #[must_use]
    pub fn track_request(&self) -> GaugeGuard {
        GaugeGuard::new(&self.in_flight)
    }

    /// Counts a connection, its TLS handshake included, until the guard is dropped.
    #[must_use]
    pub fn track_connection(&self) -> GaugeGuard {
        GaugeGuard::new(&self.connections)
    }

    /// Counts a connection that was closed without an answer.
    pub fn count_refused_connection(&self, reason: RefusedConnection) {
        self.refused_connections.get_or_create(&reason).inc();
    }

    /// Counts a connection that ended before its TLS handshake was done.
    pub fn count_failed_handshake(&self) {
        self.failed_handshakes.inc();
    }

    /// Counts a callback that ended.
    pub fn count_request(&self, kind: CallbackKind, outcome: Outcome) {
        self.requests.get_or_create(&RequestLabels::Callback(kind, outcome)).inc();
    }

    /// Counts a request that reached no endpoint.
    pub fn count_unserved(&self, why: Unserved) {
        self.requests.get_or_create(&RequestLabels::Unserved(why)).inc();
    }

    /// Counts a request that is not authentic.
    pub fn count_verify_failure(&self, reason: VerifyFailure) {
        self.verify_failures.get_or_create(&reason).inc();
    }

    /// Counts a connection that was ended here.
    pub fn count_connection_end(&self, reason: ConnectionEnd) {
        self.connections_ended.get_or_create(&reason).inc();
    }

    /// Counts what was turned away because of a limit, and logs that it happens, and to whom.
    pub fn count_shed(&self, shed: Shed, address: IpAddr) {
        self.shed.get_or_create(&shed).inc();
        self.shed_log.note(shed, address);
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
    fn what_is_alarmed_on_is_there_before_it_happens() {
        let metrics = Metrics::new();
        let _fleet = metrics.for_fleet("payroll");
        let text = metrics.encode();
        for line in [
            r#"requests_total{endpoint="transaction",outcome="fault"} 0"#,
            r#"requests_total{endpoint="config_change",outcome="approve"} 0"#,
            r#"requests_total{endpoint="none",outcome="no_path"} 0"#,
            r#"verify_failures_total{reason="signature"} 0"#,
            r#"refused_connections_total{reason="source"} 0"#,
            r#"connections_ended_total{reason="write_timeout"} 0"#,
            r#"shed_total{reason="key_rate"} 0"#,
            r#"config_reloads_total{outcome="refused"} 0"#,
            r#"decider_errors_total{code="PERMISSION_DENIED",fleet="payroll"} 0"#,
            r#"decider_errors_total{code="TENANT_ELSEWHERE",fleet="payroll"} 0"#,
            r#"decider_identity_reloads_total{outcome="refused",fleet="payroll"} 0"#,
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }

    #[test]
    fn are_told_as_text() {
        let metrics = Metrics::new();
        metrics.count_request(CallbackKind::Transaction, Outcome::Approve);
        metrics.count_verify_failure(VerifyFailure::Signature);
        metrics.count_refused_connection(RefusedConnection::Source);
        let fleet = metrics.for_fleet("payroll");
        fleet.count_error(NoDecision::Unavailable);
        fleet.observe_decision(std::time::Duration::from_millis(3));
        let _held = metrics.track_connection();
        drop(metrics.track_request());
        let text = metrics.encode();
        for line in [
            r#"countersign_edge_requests_total{endpoint="transaction",outcome="approve"} 1"#,
            r#"countersign_edge_verify_failures_total{reason="signature"} 1"#,
            r#"countersign_edge_refused_connections_total{reason="source"} 1"#,
            r#"countersign_edge_decider_errors_total{code="UNAVAILABLE",fleet="payroll"} 1"#,
            r#"countersign_edge_decide_seconds_bucket{le="0.0025",fleet="payroll"} 0"#,
            r#"countersign_edge_decide_seconds_bucket{le="0.005",fleet="payroll"} 1"#,
            "countersign_edge_connections 1",
            "countersign_edge_requests_in_flight 0",
            "countersign_edge_build_info{version=",
            "# EOF",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
