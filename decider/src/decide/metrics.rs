//! What deciding counts.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::store::Answer;
use crate::telemetry::word;

/// Bounds of the histogram of times, in seconds: up to the longest the edge waits.
const SECONDS: [f64; 12] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 15.0];

/// Decisions and how long they take.
pub struct Metrics {
    decisions: Family<Outcome, Counter>,
    undecided: Counter,
    reserve_seconds: Histogram,
}

/// What a decision is counted under: a few dozen combinations.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    verdict: &'static str,
    action: &'static str,
    reason: &'static str,
    recorded_earlier: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            decisions: Family::default(),
            undecided: Counter::default(),
            reserve_seconds: Histogram::new(SECONDS),
        }
    }
}

impl Metrics {
    /// Lists them in a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("decisions", "Answers by verdict, action and reason", self.decisions.clone());
        registry.register(
            "undecided",
            "Requests over which nothing could be decided",
            self.undecided.clone(),
        );
        registry.register_with_unit(
            "reserve",
            "From the end of the evaluation until the decision is durable",
            Unit::Seconds,
            self.reserve_seconds.clone(),
        );
    }

    /// Counts an answer.
    pub fn decided(&self, answer: &Answer, took: Duration) {
        let decision = &answer.decision;
        let outcome = Outcome {
            verdict: word(&decision.verdict),
            action: word(&decision.action),
            reason: word(&decision.reason.code),
            recorded_earlier: if answer.recorded_earlier { "true" } else { "false" },
        };
        self.decisions.get_or_create(&outcome).inc();
        self.reserve_seconds.observe(took.as_secs_f64());
    }

    /// Counts a request that got no answer.
    pub fn undecided(&self) {
        self.undecided.inc();
    }
}
