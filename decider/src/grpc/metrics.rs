//! What the listener counts.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::status::REASONS;
use crate::grants::Verb;
use crate::telemetry::rpc::METHODS;
use crate::telemetry::{begin, word};

/// How calls are counted that nobody waited for to their end.
pub const CANCELLED: &str = "CANCELLED";

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
    certificate_ends: Family<CertificateLabels, Gauge>,
    /// Changes of certificates and grants that came into force.
    pub adoptions: Counter,
    /// Those that were refused, each counted once.
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
    reason: ShedReason,
}

/// Why a call is shed, or given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShedReason {
    /// It could not be answered within its deadline.
    Deadline,
    /// Too many questions wait for the store.
    Queue,
    /// Too many calls are worked on.
    Calls,
    /// Too many calls of its caller are worked on.
    Share,
    /// Its request did not come.
    Body,
}

impl ShedReason {
    const ALL: [Self; 5] = [Self::Deadline, Self::Queue, Self::Calls, Self::Share, Self::Body];

    /// A stable word for metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Queue => "queue",
            Self::Calls => "calls",
            Self::Share => "share",
            Self::Body => "body",
        }
    }
}

impl EncodeLabelValue for ShedReason {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        self.as_str().encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failed {
    method: &'static str,
    reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CertificateLabels {
    certificate: WatchedCertificate,
}

/// A certificate whose end is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WatchedCertificate {
    /// The decider's own.
    Listen,
    /// The first to end of the authorities of clients.
    ClientCa,
}

impl EncodeLabelValue for WatchedCertificate {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        let field = match self {
            Self::Listen => "listen",
            Self::ClientCa => "listen.client_ca",
        };
        field.encode(encoder)
    }
}

impl Metrics {
    /// Lists them in a registry, all at zero that can be named before they happen.
    pub fn register(&self, registry: &mut Registry) {
        self.begin();
        self.register_connections(registry);
        self.register_calls(registry);
        self.register_access(registry);
    }

    fn begin(&self) {
        let verbs = [Verb::Decide, Verb::Read];
        begin(&self.denied, verbs.map(|verb| Denied { verb: word(&verb) }));
        begin(&self.shed, ShedReason::ALL.map(|reason| Shed { reason }));
        let reasons = || REASONS.into_iter().chain([CANCELLED]).map(str::to_owned);
        for method in METHODS {
            begin(&self.failed, reasons().map(|reason| Failed { method: method.name, reason }));
        }
    }

    fn register_connections(&self, registry: &mut Registry) {
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
    }

    fn register_calls(&self, registry: &mut Registry) {
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
    }

    fn register_access(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "certificate_not_after_timestamp",
            "When the certificate, and the first of the client authorities, expire, since 1970",
            Unit::Seconds,
            self.certificate_ends.clone(),
        );
        registry.register(
            "access_adoptions",
            "Changes of certificates or grants that came into force",
            self.adoptions.clone(),
        );
        registry.register(
            "access_reload_failures",
            "Certificates or grants on disk that were refused, each counted once",
            self.failures.clone(),
        );
        registry.register("access_refused", "1 while those on disk cannot be used", self.refused.clone());
    }

    /// Counts a call that is not granted.
    pub fn count_denied(&self, verb: Verb) {
        self.denied.get_or_create(&Denied { verb: word(&verb) }).inc();
    }

    /// Counts a call that is shed.
    pub fn count_shed(&self, reason: ShedReason) {
        self.shed.get_or_create(&Shed { reason }).inc();
    }

    /// Counts a call that ended in an error, by its stable reason.
    pub fn count_failed(&self, method: &'static str, reason: String) {
        self.failed.get_or_create(&Failed { method, reason }).inc();
    }

    /// Until when a certificate holds, in seconds since 1970.
    pub fn set_certificate_end(&self, certificate: WatchedCertificate, end_seconds: i64) {
        self.certificate_ends.get_or_create(&CertificateLabels { certificate }).set(end_seconds);
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
        failures.retain(|(_, count)| *count > 0);
        failures.sort();
        failures
    }
}
