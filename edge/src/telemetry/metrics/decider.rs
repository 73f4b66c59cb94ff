//! What is counted of the deciders as this edge sees them, fleet by fleet.

use std::{sync::Arc, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::{
    Attempt, EndpointState, NoDecision, ReloadOutcome, begin, config::CertificateLabels, registered,
};

/// Upper bounds of the buckets of a decision's time, in seconds.
const DECIDE_SECONDS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 20.0];
/// An identity that changed is used or not: it never needs a restart.
const IDENTITY_RELOADS: [ReloadOutcome; 2] = [ReloadOutcome::Taken, ReloadOutcome::Refused];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FleetLabel {
    fleet: Arc<str>,
}

/// All fleets together. Clones count the same.
#[derive(Clone, Debug)]
pub(super) struct Families {
    ready: Family<FleetLabel, Gauge>,
    seconds: Family<FleetLabel, Histogram, fn() -> Histogram>,
    errors: Family<(NoDecision, FleetLabel), Counter>,
    endpoints: Family<(EndpointState, FleetLabel), Gauge>,
    changes: Family<(EndpointState, FleetLabel), Counter>,
    attempts: Family<(Attempt, FleetLabel), Counter>,
    budget_exhausted: Family<FleetLabel, Counter>,
    identity_reloads: Family<(ReloadOutcome, FleetLabel), Counter>,
    certificate_ends: Family<CertificateLabels, Gauge>,
}

impl Families {
    /// No fleet yet. `certificate_ends` has those of listeners, too.
    pub(super) fn new(registry: &mut Registry, certificate_ends: Family<CertificateLabels, Gauge>) -> Self {
        let seconds = Family::new_with_constructor((|| Histogram::new(DECIDE_SECONDS)) as fn() -> Histogram);
        registry.register("decide_seconds", "Time a decision took, attempts included", seconds.clone());
        Self {
            ready: registered(registry, "decider_ready", "1 while a decider of the fleet is ready"),
            seconds,
            errors: registered(registry, "decider_errors", "Decisions that could not be had, by code"),
            endpoints: registered(registry, "decider_endpoints", "Deciders that are known, by standing"),
            changes: registered(
                registry,
                "decider_endpoint_changes",
                "Changes of a decider's standing, by what it became",
            ),
            attempts: registered(registry, "decider_attempts", "Calls of Decide, by what made them"),
            budget_exhausted: registered(
                registry,
                "decider_budget_exhausted",
                "Calls that were not made because too many were repeated",
            ),
            identity_reloads: registered(
                registry,
                "decider_identity_reloads",
                "New files of the client's identity, taken or refused",
            ),
            certificate_ends,
        }
    }
}

/// What is counted of one fleet. The number of its deciders is bounded, and their addresses are in the log.
#[derive(Debug)]
pub struct FleetMetrics {
    families: Families,
    fleet: FleetLabel,
}

impl FleetMetrics {
    pub(super) fn new(families: Families, name: &str) -> Self {
        let metrics = Self { families, fleet: FleetLabel { fleet: name.into() } };
        metrics.begin();
        metrics
    }

    fn begin(&self) {
        let Families { errors, attempts, identity_reloads, endpoints, changes, .. } = &self.families;
        self.set_ready(false);
        drop(self.families.seconds.get_or_create(&self.fleet));
        begin(&self.families.budget_exhausted, [self.fleet.clone()]);
        begin(errors, NoDecision::ALL.iter().map(|code| self.of_fleet(*code)));
        begin(attempts, Attempt::ALL.iter().map(|kind| self.of_fleet(*kind)));
        begin(identity_reloads, IDENTITY_RELOADS.map(|outcome| self.of_fleet(outcome)));
        begin(endpoints, EndpointState::ALL.iter().map(|state| self.of_fleet(*state)));
        begin(changes, EndpointState::ALL.iter().map(|state| self.of_fleet(*state)));
    }

    fn of_fleet<L>(&self, label: L) -> (L, FleetLabel) {
        (label, self.fleet.clone())
    }

    /// Sets until when the certificate holds by which deciders know us, and the section of the configuration it is of.
    pub fn set_certificate_end(&self, field: String, seconds: i64) {
        self.families.certificate_ends.get_or_create(&CertificateLabels { certificate: field }).set(seconds);
    }

    /// Sets whether a decider of it is ready.
    pub fn set_ready(&self, ready: bool) {
        self.families.ready.get_or_create(&self.fleet).set(ready.into());
    }

    /// Notes how long a decision took.
    pub fn observe_decision(&self, time: Duration) {
        self.families.seconds.get_or_create(&self.fleet).observe(time.as_secs_f64());
    }

    /// Counts a decision that could not be had.
    pub fn count_error(&self, code: NoDecision) {
        self.families.errors.get_or_create(&self.of_fleet(code)).inc();
    }

    /// Counts changed files of the client's identity.
    pub fn count_identity_reload(&self, outcome: ReloadOutcome) {
        self.families.identity_reloads.get_or_create(&self.of_fleet(outcome)).inc();
    }

    /// Adds a decider in this state.
    pub fn add_endpoint(&self, state: EndpointState) {
        self.families.endpoints.get_or_create(&self.of_fleet(state)).inc();
    }

    /// Removes a decider in this state.
    pub fn remove_endpoint(&self, state: EndpointState) {
        self.families.endpoints.get_or_create(&self.of_fleet(state)).dec();
    }

    /// Counts that a decider changed to this state.
    pub fn count_endpoint_change(&self, state: EndpointState) {
        self.families.changes.get_or_create(&self.of_fleet(state)).inc();
    }

    /// Counts a call.
    pub fn count_attempt(&self, kind: Attempt) {
        self.families.attempts.get_or_create(&self.of_fleet(kind)).inc();
    }

    /// Counts a question that was not put to another decider, because too many were.
    pub fn count_budget_exhausted(&self) {
        self.families.budget_exhausted.get_or_create(&self.fleet).inc();
    }
}
