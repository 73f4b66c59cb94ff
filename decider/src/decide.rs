//! One decision: evaluate ▸ (in the store's one transaction: seen before? ▸ reserve ▸ record) ▸ answer.
//!
//! The rules are evaluated before the store is asked whether it knows the request: they are pure and cheap, and the
//! store's writer, which does one thing at a time, is kept for what only it can do. Of a known request the evaluation is
//! thrown away and the recorded answer is returned: see `answer` in `store/writer.rs`.

pub mod metrics;

use std::sync::Arc;
use std::time::Duration;

use policy::config_change::{self, ConfigChange};
use policy::evaluate::{RuleResult, evaluate};
use policy::request::{CallerProof, Request};
use policy::rule::Effect;
use policy::settle::LimitStatus;
use tracing::instrument::Instrumented;
use tracing::{Instrument as _, info, info_span};

use crate::clock::Clock;
use crate::prices::CurrentPrices;
use crate::store::{Answer, ConfigProposal, Lookup, Pending, Proposal, Record, Store, StoreError};
use crate::telemetry::word;
pub use metrics::Metrics;

/// Decides by the store's current policy over one ledger.
pub struct Decider {
    /// Where decisions are reserved and recorded, and the policy they are made by.
    pub store: Arc<dyn Store>,
    /// The current prices of each policy.
    pub prices: CurrentPrices,
    /// How long they take.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl Decider {
    /// Decides over a transaction; `payload` is kept with the decision. The rules are evaluated and the store is asked at
    /// once; what is returned waits for the answer.
    ///
    /// # Errors
    /// Nothing was decided.
    pub fn decide(
        self: Arc<Self>,
        request: Request,
        payload: Vec<u8>,
    ) -> impl Future<Output = Result<Answer, StoreError>> {
        let proposal = self.evaluate(request, payload);
        let asked = proposal.map(|proposal| self.ask(|store| store.decide(proposal)));
        self.record(asked)
    }

    /// The same over a configuration change.
    ///
    /// # Errors
    /// Nothing was decided.
    pub fn decide_config_change(
        self: Arc<Self>,
        change: ConfigChange,
        payload: Vec<u8>,
    ) -> impl Future<Output = Result<Answer, StoreError>> {
        let policy = self.store.policy();
        let outcome = info_span!("evaluate").in_scope(|| config_change::evaluate(&policy, &change));
        let policy_hash = policy.hash.clone();
        let proposal = ConfigProposal { policy_hash, change, outcome, payload };
        let asked = self.ask(|store| store.decide_config_change(proposal));
        self.record(Ok(asked))
    }

    /// What is on record.
    ///
    /// # Errors
    /// The record could not be read.
    pub async fn find(&self, tenant: String, lookup: Lookup) -> Result<Option<Record>, StoreError> {
        self.store.get(tenant, lookup).await
    }

    /// Whether it could decide now.
    ///
    /// # Errors
    /// Why not.
    pub fn readiness(&self) -> Result<(), StoreError> {
        self.store.readiness()
    }

    fn evaluate(&self, request: Request, payload: Vec<u8>) -> Result<Proposal, StoreError> {
        let (policy, prices) = (self.store.policy(), Arc::clone(&self.prices));
        let now = self.store.now()?;
        let evaluation =
            info_span!("evaluate").in_scope(|| evaluate(&policy, &request, &prices.of(&policy), now));
        Ok(Proposal { policy, request, prices, evaluation, payload })
    }

    /// Asks the store. The span is entered while the question is put, so that what the store does for it belongs to it.
    fn ask(&self, ask: impl FnOnce(&dyn Store) -> Pending<Answer>) -> Asked {
        let started = self.clock.monotonic();
        let reserve = info_span!("reserve");
        let answer = reserve.in_scope(|| ask(self.store.as_ref()));
        Asked { started, answer: answer.instrument(reserve) }
    }

    /// Waits until the answer is durable.
    async fn record(self: Arc<Self>, asked: Result<Asked, StoreError>) -> Result<Answer, StoreError> {
        let Asked { started, answer } = asked.inspect_err(|error| self.count_undecided(error))?;
        let answer = answer.await.inspect_err(|error| self.count_undecided(error))?;
        let took = self.clock.monotonic().saturating_sub(started);
        self.metrics.count_answer(&answer, took);
        log_answer(&answer, took);
        Ok(answer)
    }

    /// Counts a request over which nothing was decided. One that was shed is not logged as well: thousands of lines a
    /// second would be one more load.
    fn count_undecided(&self, error: &StoreError) {
        self.metrics.count_undecided();
        if *error != StoreError::Overloaded {
            tracing::error!(%error, "nothing was decided");
        }
    }
}

/// A question that the store has.
struct Asked {
    started: Duration,
    answer: Instrumented<Pending<Answer>>,
}

/// The one event of a decision. No addresses, no amounts of the request, nothing that came as free text but the
/// id, which is shown without control characters.
fn log_answer(answer: &Answer, took: Duration) {
    let decision = &answer.decision;
    info!(
        decision_id = decision.id,
        callback_request_id = %decision.callback_request_id.escape_debug(),
        tenant = decision.tenant,
        stage = decision.stage.map(|stage| word(&stage)),
        verdict = word(&decision.verdict),
        action = word(&decision.action),
        reason_code = word(&decision.reason.code),
        rule = deciding_rule(&decision.rules),
        limit = deciding_limit(&decision.limits),
        caller_proof = decision.caller_proof.map(CallerProof::name),
        recorded_earlier = answer.recorded_earlier,
        reserve_micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "decided"
    );
}

/// The rule that a person would name: a deny rule that matched, else the allow rule that did.
fn deciding_rule(rules: &[RuleResult]) -> Option<&str> {
    let matched = |effect| rules.iter().find(move |rule| rule.matched && rule.effect == effect);
    matched(Effect::Deny).or_else(|| matched(Effect::Allow)).map(|rule| rule.rule_id.as_str())
}

/// The limit that the reason names, were a limit the reason: what denies outweighs what holds, then by name.
fn deciding_limit(limits: &[LimitStatus]) -> Option<&str> {
    let exceeded = limits.iter().filter(|limit| limit.exceeded);
    exceeded.map(|limit| (limit.hold, limit.limit_id.as_str())).min().map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_that_denies_is_named_before_the_one_that_holds() {
        let old = r#"{"limit_id":"l","key":{},"unit":"transactions","used":"1","requested":"1","max":"2",
            "headroom":"0","window":3600,"grows_at":null,"exceeded":true,"indeterminate":null}"#;
        let limit = |id: &str, hold, exceeded| {
            let limit: LimitStatus = serde_json::from_str(old).unwrap();
            LimitStatus { limit_id: id.into(), hold, exceeded, ..limit }
        };
        let limits = [
            limit("a", true, true),
            limit("c", false, true),
            limit("b", false, true),
            limit("A", false, false),
        ];
        assert_eq!(deciding_limit(&limits), Some("b"));
        assert_eq!(deciding_limit(&limits[..1]), Some("a"));
        assert_eq!(deciding_limit(&limits[3..]), None);
    }

    #[test]
    fn a_deny_rule_outweighs_an_allow_rule() {
        let rule = |rule_id: &str, effect, matched| RuleResult {
            rule_id: rule_id.into(),
            effect,
            matched,
            indeterminate: Vec::new(),
        };
        let rules =
            [rule("a", Effect::Allow, true), rule("u", Effect::Deny, false), rule("d", Effect::Deny, true)];
        assert_eq!(deciding_rule(&rules), Some("d"));
        assert_eq!(deciding_rule(&rules[..2]), Some("a"));
        assert_eq!(deciding_rule(&rules[1..2]), None);
    }
}
