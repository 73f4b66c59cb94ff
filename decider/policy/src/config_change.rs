//! Configuration changes: approved or rejected only by explicit rules, each typed for what it is about; what no rule
//! decides is left to people (decision model, sections 2 and 7).

#[cfg(test)]
mod tests;

use crate::config_rule::ConfigRule;
use crate::document::Policy;
use crate::identity::{self, Digest};
use crate::truth::Truth;
use crate::verdict::{Action, Reason, ReasonCode, Verdict};

pub use crate::request::ConfigChange;

impl ConfigChange {
    /// Which answer this is.
    pub fn identity(&self) -> Digest {
        identity::of_config_change(&self.tenant, &self.path, &self.callback_request_id)
    }

    /// What it says.
    pub fn content(&self) -> Digest {
        identity::content_of_config_change(&self.kind, &self.details, self.caller_proof)
    }
}

/// What is decided over a configuration change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigChangeOutcome {
    /// What the policy says.
    pub verdict: Verdict,
    /// What the Co-signer is told.
    pub action: Action,
    /// The stable code, and the words for people.
    pub reason: Reason,
}

/// Decides over a change that was not seen before: a rejection outweighs, then one that cannot be told, then an approval.
/// As of rules over transactions, an approval that cannot be told does not match.
pub fn evaluate(policy: &Policy, change: &ConfigChange) -> ConfigChangeOutcome {
    let mut truths: Vec<(&ConfigRule, Truth)> =
        policy.config_changes.iter().map(|rule| (rule, rule.matches(&policy.assets, change))).collect();
    // Of several a reason names the first by id, in whatever order they are written.
    truths.sort_by_key(|(rule, _)| &rule.id);
    let (approving, rejecting): (Vec<_>, Vec<_>) = truths.into_iter().partition(|(rule, _)| rule.approves());
    rejected(&rejecting)
        .or_else(|| left_to_people(&rejecting))
        .or_else(|| approved(&approving))
        .or_else(|| left_to_people(&approving))
        .unwrap_or_else(|| undecided(change))
}

fn rejected(rules: &[(&ConfigRule, Truth)]) -> Option<ConfigChangeOutcome> {
    let text = format!("rule {} rejects it", matched(rules)?.id);
    Some(decided(Verdict::Deny, ReasonCode::ConfigChangeRule, text))
}

fn approved(rules: &[(&ConfigRule, Truth)]) -> Option<ConfigChangeOutcome> {
    let text = format!("rule {} approves it", matched(rules)?.id);
    Some(decided(Verdict::Allow, ReasonCode::ConfigChangeRule, text))
}

fn matched<'r>(rules: &[(&'r ConfigRule, Truth)]) -> Option<&'r ConfigRule> {
    rules.iter().find(|(_, truth)| *truth == Truth::True).map(|(rule, _)| *rule)
}

fn left_to_people(rules: &[(&ConfigRule, Truth)]) -> Option<ConfigChangeOutcome> {
    let (id, phrases) = rules.iter().find_map(|(rule, truth)| match truth {
        Truth::Indeterminate(phrases) => Some((&rule.id, phrases)),
        _ => None,
    })?;
    let text = format!("rule {id}: {}: left to people", phrases.join(", "));
    Some(decided(Verdict::Hold, ReasonCode::ConfigChangeIndeterminate, text))
}

fn undecided(change: &ConfigChange) -> ConfigChangeOutcome {
    let kind: String = change.kind.as_deref().unwrap_or("(no type)").escape_debug().collect();
    let text = format!("no rule decides over {kind}: left to people");
    decided(Verdict::Hold, ReasonCode::ConfigChangeNoRule, text)
}

/// Decides over a change whose request id came before with other content: left to people, with an alarm.
pub fn content_changed() -> ConfigChangeOutcome {
    let text = "this requestId came before with other content";
    decided(Verdict::Hold, ReasonCode::ContentChanged, text.into())
}

fn decided(verdict: Verdict, code: ReasonCode, text: String) -> ConfigChangeOutcome {
    let action = Action::for_config_change(verdict);
    ConfigChangeOutcome { verdict, action, reason: Reason::new(code, text) }
}
