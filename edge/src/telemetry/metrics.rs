//! The edge's own numbers, in OpenMetrics text.

mod config;
mod decider;

use std::{net::IpAddr, sync::Mutex};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, info::Info},
    registry::Registry,
};

use super::{
    log_writer::LEFT_OUT,
    shed::{Shed, ShedLog},
};
use config::ConfigMetrics;
use decider::Families;
pub use decider::FleetMetrics;

/// Outcomes of a request to an endpoint, and of one to none.
const OUTCOMES: [&str; 11] = [
    "approve",
    "reject",
    "retry",
    "ignore",
    "not_authentic",
    "unreadable",
    "not_received",
    "not_signed",
    "overtime",
    "given_up",
    "fault",
];
const OUTCOMES_NOWHERE: [&str; 4] = ["no_path", "no_method", "head_too_large", "bad_head"];
const VERIFY_FAILURES: [&str; 6] = ["form", "size", "header", "algorithm", "signature", "time"];
const REFUSALS: [&str; 2] = ["source", "proxy_header"];
const ENDS: [&str; 5] = ["header_timeout", "idle_timeout", "write_timeout", "overhead", "age"];

/// Endpoint and outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// `transaction` or `config_change`; `none` where nothing is served.
    pub endpoint: &'static str,
    /// The action that was signed, or why there was none.
    pub outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
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
    in_flight: Gauge,
    connections: Gauge,
    refused_connections: Family<ReasonLabels, Counter>,
    /// Connections that ended before a request: handshake failed or timed out.
    pub failed_handshakes: Counter,
    /// Of the configuration.
    pub config: ConfigMetrics,
    ended: Family<ReasonLabels, Counter>,
    shed: Family<ReasonLabels, Counter>,
    told: ShedLog,
    deciders: Families,
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
        let config = ConfigMetrics::default();
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("countersign_edge")),
            requests: Family::default(),
            verify_failures: Family::default(),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            refused_connections: Family::default(),
            failed_handshakes: Counter::default(),
            ended: Family::default(),
            shed: Family::default(),
            told: ShedLog::default(),
            deciders: Families::new(config.ends()),
            config,
        };
        metrics.begin();
        if let Ok(mut registry) = metrics.registry.lock() {
            metrics.register(&mut registry);
        }
        metrics
    }

    /// A zero where none would be taken for none yet: the first of something is no increase of what was not there.
    fn begin(&self) {
        let nowhere = OUTCOMES_NOWHERE.map(|outcome| RequestLabels { endpoint: "none", outcome });
        let somewhere = ["transaction", "config_change"]
            .into_iter()
            .flat_map(|endpoint| OUTCOMES.map(|outcome| RequestLabels { endpoint, outcome }));
        nowhere.into_iter().chain(somewhere).for_each(|labels| drop(self.requests.get_or_create(&labels)));
        let shed = Shed::ALL.map(Shed::reason);
        for (family, reasons) in [
            (&self.verify_failures, &VERIFY_FAILURES[..]),
            (&self.refused_connections, &REFUSALS),
            (&self.ended, &ENDS),
            (&self.shed, &shed),
        ] {
            reasons.iter().for_each(|reason| drop(family.get_or_create(&ReasonLabels { reason })));
        }
        self.config.begin();
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
        registry.register("requests_in_flight", "Callbacks being handled", self.in_flight.clone());
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register(
            "refused_connections",
            "Connections closed for where they come from, by reason",
            self.refused_connections.clone(),
        );
        registry.register(
            "failed_handshakes",
            "TLS handshakes that failed or timed out",
            self.failed_handshakes.clone(),
        );
        self.config.register(registry);
        registry.register(
            "connections_ended",
            "Connections that were ended here, by reason",
            self.ended.clone(),
        );
        registry.register(
            "log_lines_left_out",
            "Lines of the log that were not written, because nobody took those before them",
            LEFT_OUT.clone(),
        );
        registry.register("shed", "What was turned away because there was too much of it", self.shed.clone());
        self.deciders.register(registry);
    }

    /// What is counted of the fleet of this name. The configuration bounds their number.
    #[must_use]
    pub fn for_fleet(&self, name: &str) -> FleetMetrics {
        FleetMetrics::new(self.deciders.clone(), name)
    }

    /// Counts a request as in flight until the guard is dropped, which a caller that hangs up does as well.
    #[must_use]
    pub fn track_request(&self) -> Counted {
        Counted::new(&self.in_flight)
    }

    /// Counts a connection, its TLS handshake included, until the guard is dropped.
    #[must_use]
    pub fn track_connection(&self) -> Counted {
        Counted::new(&self.connections)
    }

    /// Counts a connection that was closed without an answer.
    pub fn count_refused_connection(&self, reason: &'static str) {
        self.refused_connections.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Counts a request that ended.
    pub fn count_request(&self, labels: &RequestLabels) {
        self.requests.get_or_create(labels).inc();
    }

    /// Counts a request that is not authentic.
    pub fn count_verify_failure(&self, reason: &'static str) {
        self.verify_failures.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Counts a connection that was ended here.
    pub fn count_connection_end(&self, reason: &'static str) {
        self.ended.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Counts what was turned away because of a limit, and logs that it happens, and to whom.
    pub fn count_shed(&self, shed: Shed, address: IpAddr) {
        self.shed.get_or_create(&ReasonLabels { reason: shed.reason() }).inc();
        self.told.note(shed, address);
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

    /// Else the first of each is no increase to who looks at increases.
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
        metrics.count_request(&RequestLabels { endpoint: "transaction", outcome: "approve" });
        metrics.count_verify_failure("signature");
        metrics.count_refused_connection("source");
        let fleet = metrics.for_fleet("payroll");
        fleet.count_error("UNAVAILABLE");
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
