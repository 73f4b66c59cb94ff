//! From what rules and limits say to one verdict: DENY over HOLD over ALLOW, whatever their order.

use super::claim::ChargeChange;
use super::status::{Finding, LimitStatus};
use crate::amount::Amount;
use crate::document::Policy;
use crate::evaluate::{BeforeLimits, Evaluation, RuleResult};
use crate::limit::OnExceed;
use crate::rule::Effect;
use crate::verdict::{Reason, ReasonCode, Unresolved, Verdict};

/// A verdict with what explains it.
pub struct Outcome {
    pub verdict: Verdict,
    pub reason: Reason,
    pub unresolved: Unresolved,
    pub limits: Vec<LimitStatus>,
    pub charge: Option<ChargeChange>,
}

impl Outcome {
    /// Denied before any limit was asked.
    pub fn denied(reason: Reason) -> Self {
        Self::refused(Verdict::Deny, reason, Vec::new())
    }

    fn refused(verdict: Verdict, reason: Reason, limits: Vec<LimitStatus>) -> Self {
        Self { verdict, reason, unresolved: Unresolved::Reject, limits, charge: None }
    }
}

/// The outcome of an evaluation and of what every limit says.
pub fn conclude(
    policy: &Policy,
    evaluation: &Evaluation,
    findings: Vec<Finding<'_>>,
    change: ChargeChange,
) -> Outcome {
    let exceeded = |on_exceed| {
        let full = move |each: &&Finding<'_>| each.status.exceeded && each.limit.on_exceed == on_exceed;
        first(findings.iter().filter(full)).map(|each| exceeded_reason(policy, &each.status))
    };
    if let Some(reason) = exceeded(OnExceed::Deny) {
        return Outcome::refused(Verdict::Deny, reason, statuses(findings));
    }
    let held = match &evaluation.before_limits {
        BeforeLimits::Denied(reason) => return Outcome::denied(reason.clone()),
        BeforeLimits::Held(reason) => Err(reason.clone()),
        BeforeLimits::Covered(rule_id) => Ok(rule_id),
    };
    let held = held.and_then(|rule_id| exceeded(OnExceed::Hold).map_or(Ok(rule_id), Err));
    match held.and_then(|rule_id| indeterminate(&findings).map_or(Ok(rule_id), Err)) {
        Ok(rule_id) => allowed(rule_id, findings, change),
        Err(reason) => {
            let unresolved = unresolved(policy, &evaluation.rules, &findings);
            Outcome { unresolved, ..Outcome::refused(Verdict::Hold, reason, statuses(findings)) }
        }
    }
}

fn allowed(rule_id: &str, mut findings: Vec<Finding<'_>>, change: ChargeChange) -> Outcome {
    for Finding { status, leaves, .. } in &mut findings {
        status.headroom = status.headroom.saturating_sub(status.requested);
        status.grows_at = [status.grows_at, *leaves].into_iter().flatten().min();
    }
    Outcome {
        verdict: Verdict::Allow,
        reason: Reason::new(ReasonCode::Allowed, format!("allow rule {rule_id}")),
        unresolved: Unresolved::Reject,
        limits: statuses(findings),
        charge: Some(change),
    }
}

fn statuses(findings: Vec<Finding<'_>>) -> Vec<LimitStatus> {
    findings.into_iter().map(|each| each.status).collect()
}

/// The one that a person is told of: by name, so that the order of limits decides nothing.
fn first<'f, 'p>(findings: impl Iterator<Item = &'f Finding<'p>>) -> Option<&'f Finding<'p>>
where
    'p: 'f,
{
    findings.min_by_key(|each| (&each.status.limit_id, &each.status.key))
}

fn indeterminate(findings: &[Finding<'_>]) -> Option<Reason> {
    let unknown = first(findings.iter().filter(|each| each.status.indeterminate.is_some()))?;
    let LimitStatus { limit_id, indeterminate, .. } = &unknown.status;
    let text = format!("limit {limit_id}: {}", indeterminate.as_deref().unwrap_or_default());
    Some(Reason::new(ReasonCode::LimitIndeterminate, text))
}

/// Left to the console only where everything that holds the transaction says so: one that does not say it wants
/// an end.
fn unresolved(policy: &Policy, rules: &[RuleResult], findings: &[Finding<'_>]) -> Unresolved {
    let rules = rules.iter().filter(|result| result.effect == Effect::Deny && !result.matched);
    let rules = rules.map(|result| {
        let named = |id: &str| id == result.rule_id;
        policy.deny.iter().filter(|rule| named(&rule.id)).all(|rule| rule.leave_to_console)
    });
    let holds = |status: &LimitStatus| status.exceeded || status.indeterminate.is_some();
    let limits = findings.iter().filter(|each| holds(&each.status)).map(|each| each.limit.leave_to_console);
    if rules.chain(limits).all(|leaves| leaves) { Unresolved::LeaveToConsole } else { Unresolved::Reject }
}

fn exceeded_reason(policy: &Policy, status: &LimitStatus) -> Reason {
    let shown = |amount: Amount| status.unit.in_words(&policy.assets, amount);
    let LimitStatus { limit_id, headroom, requested, max, .. } = status;
    let (left, asked, max) = (shown(*headroom), shown(*requested), shown(*max));
    Reason::new(ReasonCode::LimitExceeded, format!("limit {limit_id}: {left} left of {max}, {asked} asked"))
}
