//! What deciding counts.

use std::time::Duration;

use policy::amount::Amount;
use policy::policy_test::{can_be_told, can_be_why};
use policy::request::Stage;
use policy::settle::LimitStatus;
use policy::verdict::{Action, ReasonCode, Verdict};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::store::Answer;
use crate::telemetry::{begin, word};

/// Bounds of the histogram of times, in seconds: up to the longest the edge waits.
const SECONDS: [f64; 12] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 15.0];

/// Bounds of the histogram of how full limits are, in percent.
const PERCENT: [f64; 6] = [50.0, 75.0, 90.0, 95.0, 99.0, 100.0];

/// Decisions, how long they take, and how full they find the limits.
pub struct Metrics {
    decisions: Family<Outcome, Counter>,
    undecided: Counter,
    reserve_seconds: Histogram,
    limit_used: Family<Limit, Histogram, fn() -> Histogram>,
}

const VERDICTS: [Verdict; 3] = [Verdict::Allow, Verdict::Hold, Verdict::Deny];
const ACTIONS: [Action; 3] = [Action::Approve, Action::Reject, Action::Ignore];
/// What can come out of a configuration change.
const OF_CONFIG_CHANGES: [(Verdict, ReasonCode); 5] = [
    (Verdict::Allow, ReasonCode::ConfigChangeRule),
    (Verdict::Deny, ReasonCode::ConfigChangeRule),
    (Verdict::Hold, ReasonCode::ConfigChangeNoRule),
    (Verdict::Hold, ReasonCode::ConfigChangeIndeterminate),
    (Verdict::Hold, ReasonCode::ContentChanged),
];

/// A limit of a policy. Its sums are as many as its keys have values, and are not told apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Limit {
    limit: String,
}

/// What a decision is counted under: a few dozen combinations.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    verdict: &'static str,
    action: &'static str,
    reason: &'static str,
    recorded_earlier: &'static str,
}

impl Outcome {
    fn of(verdict: Verdict, action: Action, reason: ReasonCode, recorded_earlier: bool) -> Self {
        Self {
            verdict: word(&verdict),
            action: word(&action),
            reason: word(&reason),
            recorded_earlier: if recorded_earlier { "true" } else { "false" },
        }
    }

    /// Every one that there can be.
    fn all() -> impl Iterator<Item = Self> {
        let told = |verdict, action| {
            [Stage::Approval, Stage::Signing].into_iter().any(|stage| can_be_told(verdict, action, stage))
        };
        let whys = |verdict| ReasonCode::ALL.into_iter().filter(move |reason| can_be_why(verdict, *reason));
        let actions = move |verdict| ACTIONS.into_iter().filter(move |action| told(verdict, *action));
        let of_transactions = VERDICTS.into_iter().flat_map(move |verdict| {
            actions(verdict)
                .flat_map(move |action| whys(verdict).map(move |reason| (verdict, action, reason)))
        });
        let of_config_changes = OF_CONFIG_CHANGES
            .into_iter()
            .map(|(verdict, reason)| (verdict, Action::for_config_change(verdict), reason));
        of_transactions.chain(of_config_changes).flat_map(|(verdict, action, reason)| {
            [false, true].map(|earlier| Self::of(verdict, action, reason, earlier))
        })
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            decisions: Family::default(),
            undecided: Counter::default(),
            reserve_seconds: Histogram::new(SECONDS),
            limit_used: Family::new_with_constructor(|| Histogram::new(PERCENT)),
        }
    }
}

impl Metrics {
    /// Lists them in a registry, all at zero that can be named before they happen.
    pub fn register(&self, registry: &mut Registry) {
        begin(&self.decisions, Outcome::all());
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
        registry.register(
            "limit_used_percent",
            "How much of a limit is used after a decision that it applied to, rounded up",
            self.limit_used.clone(),
        );
    }

    /// Counts an answer.
    pub fn count_answer(&self, answer: &Answer, took: Duration) {
        let decision = &answer.decision;
        let code = decision.reason.code;
        let outcome = Outcome::of(decision.verdict, decision.action, code, answer.recorded_earlier);
        self.decisions.get_or_create(&outcome).inc();
        self.reserve_seconds.observe(took.as_secs_f64());
        if !answer.recorded_earlier {
            decision.limits.iter().for_each(|limit| self.observe_limit(limit));
        }
    }

    fn observe_limit(&self, status: &LimitStatus) {
        if let Some(percent) = used_percent(status) {
            let limit = Limit { limit: status.limit_id.clone() };
            self.limit_used.get_or_create(&limit).observe(f64::from(percent));
        }
    }

    /// Counts a request that got no answer.
    pub fn count_undecided(&self) {
        self.undecided.inc();
    }
}

/// `None` where nobody can tell, and of a limit that leaves no room at all.
fn used_percent(limit: &LimitStatus) -> Option<u8> {
    if limit.indeterminate.is_some() {
        return None;
    }
    let used = limit.max.saturating_sub(limit.headroom);
    let percent = used.in_proportion(Amount::from_u64(100), limit.max)?;
    let [.., percent] = percent.to_be_bytes();
    Some(percent)
}

#[cfg(test)]
mod tests {
    use proto::decider::v1 as wire;

    use super::*;

    fn limit(headroom: u64, max: u64) -> LimitStatus {
        let status = serde_json::json!({
            "limit_id": "eth-day", "key": {}, "unit": "transactions", "used": "0", "requested": "0",
            "max": max.to_string(), "headroom": headroom.to_string(), "window": 3600, "grows_at": null,
            "exceeded": false, "indeterminate": null,
        });
        serde_json::from_value(status).unwrap()
    }

    /// Of each reason that the contract has there is an outcome, and no outcome is one that cannot come.
    #[test]
    fn every_reason_of_the_contract_begins_at_zero() {
        let all: Vec<Outcome> = Outcome::all().collect();
        let has = |reason: &str| all.iter().any(|outcome| outcome.reason == reason);
        for reason in (1..).map_while(|number| wire::ReasonCode::try_from(number).ok()) {
            let reason = reason.as_str_name().trim_start_matches("REASON_CODE_");
            assert!(has(reason), "{reason}");
        }
        assert_eq!(all.len(), 48, "{all:#?}");
        let approved = all.iter().filter(|outcome| outcome.action == "APPROVE");
        assert!(approved.into_iter().all(|outcome| outcome.verdict == "ALLOW"));
    }

    #[test]
    fn what_is_used_is_rounded_up() {
        let table = [(10, 10, 0), (9, 10, 10), (1, 3, 67), (1, 1_000_000, 100), (0, 7, 100)];
        for (headroom, max, percent) in table {
            assert_eq!(used_percent(&limit(headroom, max)), Some(percent), "{headroom} of {max}");
        }
        let (largest, none) = (Amount::MAX, Amount::ZERO);
        assert_eq!(used_percent(&LimitStatus { headroom: none, max: largest, ..limit(0, 1) }), Some(100));
        assert_eq!(used_percent(&limit(0, 0)), None, "a limit of nothing");
        assert_eq!(used_percent(&LimitStatus { indeterminate: Some("?".into()), ..limit(1, 2) }), None);
    }
}
