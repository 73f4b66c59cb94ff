//! What is counted of the deciders as this edge sees them, fleet by fleet.

use std::{sync::Arc, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::config::CertificateLabels;

/// Upper bounds of the buckets of a decision's time, in seconds.
const DECIDE_SECONDS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 20.0];

/// Why there is no decision: what gRPC has, and what we have.
const CODES: [&str; 20] = [
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
    "TIMEOUT",
    "GARBAGE",
    "NO_ENDPOINT",
    "TENANT_ELSEWHERE",
];
const ATTEMPTS: [&str; 4] = ["first", "retry", "hedge", "silence"];
const STANDINGS: [&str; 3] = ["unproven", "healthy", "out"];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FleetLabels {
    fleet: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
    fleet: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StandingLabels {
    standing: &'static str,
    fleet: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
    fleet: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
    fleet: Arc<str>,
}

/// All fleets together. Clones count the same.
#[derive(Clone, Debug)]
pub(super) struct Families {
    ready: Family<FleetLabels, Gauge>,
    seconds: Family<FleetLabels, Histogram, fn() -> Histogram>,
    errors: Family<CodeLabels, Counter>,
    endpoints: Family<StandingLabels, Gauge>,
    changes: Family<StandingLabels, Counter>,
    attempts: Family<KindLabels, Counter>,
    identities: Family<OutcomeLabels, Counter>,
    budget_exhausted: Family<FleetLabels, Counter>,
    ends: Family<CertificateLabels, Gauge>,
}

impl Families {
    /// All at zero, with the ends of certificates of others.
    pub(super) fn new(ends: Family<CertificateLabels, Gauge>) -> Self {
        Self {
            ready: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(DECIDE_SECONDS)),
            errors: Family::default(),
            endpoints: Family::default(),
            changes: Family::default(),
            attempts: Family::default(),
            identities: Family::default(),
            budget_exhausted: Family::default(),
            ends,
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("decider_ready", "1 while a decider of the fleet is ready", self.ready.clone());
        registry.register("decide_seconds", "Time a decision took, attempts included", self.seconds.clone());
        registry.register("decider_errors", "Decisions that could not be had, by code", self.errors.clone());
        registry.register(
            "decider_endpoints",
            "Deciders that are known, by standing",
            self.endpoints.clone(),
        );
        registry.register(
            "decider_endpoint_changes",
            "Changes of a decider's standing, by what it became",
            self.changes.clone(),
        );
        registry.register("decider_attempts", "Calls of Decide, by what made them", self.attempts.clone());
        registry.register(
            "decider_budget_exhausted",
            "Calls that were not made because too many were repeated",
            self.budget_exhausted.clone(),
        );
        registry.register(
            "decider_identity_reloads",
            "New files of the client's identity, taken or refused",
            self.identities.clone(),
        );
    }
}

/// What is counted of one fleet. The number of its deciders is bounded, and their addresses are in the log.
#[derive(Debug)]
pub struct FleetMetrics {
    families: Families,
    fleet: Arc<str>,
}

impl FleetMetrics {
    /// With a zero where none would be taken for none yet.
    pub(super) fn new(families: Families, name: &str) -> Self {
        let metrics = Self { families, fleet: name.into() };
        metrics.set_ready(false);
        drop(metrics.families.seconds.get_or_create(&metrics.labels()));
        drop(metrics.families.budget_exhausted.get_or_create(&metrics.labels()));
        CODES.iter().for_each(|code| drop(metrics.families.errors.get_or_create(&metrics.code(code))));
        ATTEMPTS.iter().for_each(|kind| drop(metrics.families.attempts.get_or_create(&metrics.kind(kind))));
        for outcome in ["taken", "refused"] {
            drop(metrics.families.identities.get_or_create(&metrics.outcome(outcome)));
        }
        for standing in STANDINGS {
            drop(metrics.families.endpoints.get_or_create(&metrics.standing(standing)));
            drop(metrics.families.changes.get_or_create(&metrics.standing(standing)));
        }
        metrics
    }

    fn labels(&self) -> FleetLabels {
        FleetLabels { fleet: Arc::clone(&self.fleet) }
    }

    fn standing(&self, standing: &'static str) -> StandingLabels {
        StandingLabels { standing, fleet: Arc::clone(&self.fleet) }
    }

    fn code(&self, code: &'static str) -> CodeLabels {
        CodeLabels { code, fleet: Arc::clone(&self.fleet) }
    }

    fn kind(&self, kind: &'static str) -> KindLabels {
        KindLabels { kind, fleet: Arc::clone(&self.fleet) }
    }

    fn outcome(&self, outcome: &'static str) -> OutcomeLabels {
        OutcomeLabels { outcome, fleet: Arc::clone(&self.fleet) }
    }

    /// Until when the certificate holds that deciders know us by now, and where the configuration has it.
    pub fn set_certificate_end(&self, field: String, seconds: i64) {
        self.families.ends.get_or_create(&CertificateLabels { certificate: field }).set(seconds);
    }

    /// Whether a decider of it is ready.
    pub fn set_ready(&self, ready: bool) {
        self.families.ready.get_or_create(&self.labels()).set(ready.into());
    }

    /// Takes the time of a decision.
    pub fn observe_decision(&self, time: Duration) {
        self.families.seconds.get_or_create(&self.labels()).observe(time.as_secs_f64());
    }

    /// Counts a decision that could not be had.
    pub fn count_error(&self, code: &'static str) {
        self.families.errors.get_or_create(&self.code(code)).inc();
    }

    /// The files of the client's identity changed, and were taken or refused.
    pub fn count_identity_reload(&self, taken: bool) {
        let outcome = if taken { "taken" } else { "refused" };
        self.families.identities.get_or_create(&self.outcome(outcome)).inc();
    }

    /// A decider stands so.
    pub fn add_endpoint(&self, standing: &'static str) {
        self.families.endpoints.get_or_create(&self.standing(standing)).inc();
    }

    /// A decider stands so no longer.
    pub fn remove_endpoint(&self, standing: &'static str) {
        self.families.endpoints.get_or_create(&self.standing(standing)).dec();
    }

    /// A decider's standing changed to this.
    pub fn count_endpoint_change(&self, standing: &'static str) {
        self.families.changes.get_or_create(&self.standing(standing)).inc();
    }

    /// A decider is called: `first`, `retry`, `hedge` or `silence`.
    pub fn count_attempt(&self, kind: &'static str) {
        self.families.attempts.get_or_create(&self.kind(kind)).inc();
    }

    /// A question was not put to another decider, because too many were.
    pub fn count_budget_exhausted(&self) {
        self.families.budget_exhausted.get_or_create(&self.labels()).inc();
    }
}
