//! What is counted of the deciders as this edge sees them.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StandingLabels {
    standing: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

/// What is counted of the deciders. Their number is bounded, and their addresses are in the log.
#[derive(Debug, Default)]
pub struct DeciderMetrics {
    endpoints: Family<StandingLabels, Gauge>,
    changes: Family<StandingLabels, Counter>,
    attempts: Family<KindLabels, Counter>,
    identities: Family<OutcomeLabels, Counter>,
    /// Questions that were not put to another decider, because too many were.
    pub budget_exhausted: Counter,
}

impl DeciderMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
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

    /// The files of the client's identity changed, and were taken or refused.
    pub fn identity(&self, taken: bool) {
        let outcome = if taken { "taken" } else { "refused" };
        self.identities.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// A decider stands so.
    pub fn endpoint_is(&self, standing: &'static str) {
        self.endpoints.get_or_create(&StandingLabels { standing }).inc();
    }

    /// A decider stands so no longer.
    pub fn endpoint_was(&self, standing: &'static str) {
        self.endpoints.get_or_create(&StandingLabels { standing }).dec();
    }

    /// A decider's standing changed to this.
    pub fn endpoint_became(&self, standing: &'static str) {
        self.changes.get_or_create(&StandingLabels { standing }).inc();
    }

    /// A decider is called: `first`, `retry`, `hedge` or `silence`.
    pub fn attempt(&self, kind: &'static str) {
        self.attempts.get_or_create(&KindLabels { kind }).inc();
    }
}
