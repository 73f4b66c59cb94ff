//! What the listener counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::grants::Verb;
use crate::telemetry::word;

/// Connections, who was turned away, and what they show and ask for.
#[derive(Default)]
pub struct Metrics {
    /// Connections that were accepted.
    pub accepted: Counter,
    /// Connections that are open.
    pub open: Gauge,
    /// Those that did not get as far as a call: no certificate of the authority, or too slow.
    pub failed_handshakes: Counter,
    /// Those that were closed because their authority is not one any more.
    pub disowned: Counter,
    /// Those that were cut because answers on them were not taken.
    pub stalled: Counter,
    denied: Family<Denied, Counter>,
    /// Calls for a tenant whose ledger is another one.
    pub elsewhere: Counter,
    shed: Family<Shed, Counter>,
    failed: Family<Failed, Counter>,
    expiry: Family<Expiry, Gauge>,
    /// Changes of certificates and grants that count.
    pub adoptions: Counter,
    /// Those that were refused, each told once.
    pub failures: Counter,
    /// 1 while what is on disk cannot be used.
    pub refused: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Denied {
    verb: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Shed {
    because: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failed {
    method: &'static str,
    reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Expiry {
    of: &'static str,
}

impl Metrics {
    /// Lists them in a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("connections_accepted", "Connections that were accepted", self.accepted.clone());
        registry.register("connections", "Connections that are open", self.open.clone());
        registry.register(
            "handshakes_failed",
            "Connections that never got to a call",
            self.failed_handshakes.clone(),
        );
        registry.register(
            "connections_disowned",
            "Connections closed with their authority",
            self.disowned.clone(),
        );
        registry.register(
            "connections_stalled",
            "Connections cut because answers on them were not taken",
            self.stalled.clone(),
        );
        registry.register("calls_denied", "Calls that are not granted to who made them", self.denied.clone());
        registry.register(
            "calls_elsewhere",
            "Calls for a tenant whose ledger is another one",
            self.elsewhere.clone(),
        );
        registry.register("calls_shed", "Calls turned away because there are too many", self.shed.clone());
        registry.register(
            "calls_failed",
            "Calls that ended without an answer, by the reason of the error",
            self.failed.clone(),
        );
        registry.register_with_unit(
            "certificate_expiry",
            "Until the certificate, or the first of the client authorities, ends; below 0 it has",
            Unit::Seconds,
            self.expiry.clone(),
        );
        registry.register(
            "access_adoptions",
            "Changed certificates or grants that count",
            self.adoptions.clone(),
        );
        registry.register(
            "access_reload_failures",
            "Certificates or grants on disk that were refused, each told once",
            self.failures.clone(),
        );
        registry.register("access_refused", "1 while those on disk cannot be used", self.refused.clone());
    }

    /// Counts a call that is not granted.
    pub fn denied(&self, verb: Verb) {
        self.denied.get_or_create(&Denied { verb: word(&verb) }).inc();
    }

    /// Counts a call that is one too many.
    pub fn shed(&self, because: &'static str) {
        self.shed.get_or_create(&Shed { because }).inc();
    }

    /// Counts a call that ended in an error, by its stable reason.
    pub fn failed(&self, method: &'static str, reason: String) {
        self.failed.get_or_create(&Failed { method, reason }).inc();
    }

    /// How many seconds are left.
    pub fn expires(&self, of: &'static str, seconds: i64) {
        self.expiry.get_or_create(&Expiry { of }).set(seconds);
    }
}

#[cfg(test)]
impl Metrics {
    /// The failed calls of a method, by their reasons.
    pub fn failures(&self, method: &str) -> Vec<(String, u64)> {
        let (mut registry, mut text) = (Registry::default(), String::new());
        self.register(&mut registry);
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let start = format!("calls_failed_total{{method=\"{method}\",reason=\"");
        let lines = text.lines().filter_map(|line| line.strip_prefix(&start)?.split_once("\"} "));
        let mut failures: Vec<_> =
            lines.map(|(reason, count)| (reason.to_owned(), count.parse().unwrap())).collect();
        failures.sort();
        failures
    }
}
