//! Configuration changes: approved or rejected only by explicit rules, of which there are none yet; people
//! decide (decision model, section 7).

use crate::identity::{self, Digest};
use crate::verdict::{Action, Reason, ReasonCode, Verdict};

/// One change of the workspace's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigChange {
    /// Whose policy.
    pub tenant: String,
    /// The path it came in by.
    pub path: String,
    /// The Co-signer's `requestId`.
    pub callback_request_id: String,
    /// Kind of change; open set.
    pub kind: Option<String>,
    /// Digest of the details as received.
    pub details: Vec<u8>,
}

impl ConfigChange {
    /// Which answer this is.
    pub fn identity(&self) -> Digest {
        identity::of_config_change(&self.tenant, &self.path, &self.callback_request_id)
    }

    /// What it says.
    pub fn content(&self) -> Digest {
        identity::content_of_config_change(&self.kind, &self.details)
    }
}

/// What is decided over a configuration change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigChangeOutcome {
    /// What the policy says.
    pub verdict: Verdict,
    /// What the Co-signer is told.
    pub action: Action,
    /// Why.
    pub reason: Reason,
}

/// Decides over a change that was not seen before.
pub fn evaluate(change: &ConfigChange) -> ConfigChangeOutcome {
    let kind = change.kind.as_deref().unwrap_or("(no type)");
    held(ReasonCode::ConfigChangeNoRule, format!("no rule decides over {kind}: left to people"))
}

/// Decides over a change whose request id came before with other content: left to people, with an alarm.
pub fn content_changed() -> ConfigChangeOutcome {
    held(ReasonCode::ContentChanged, "this requestId came before with other content".into())
}

fn held(code: ReasonCode, text: String) -> ConfigChangeOutcome {
    let verdict = Verdict::Hold;
    ConfigChangeOutcome {
        verdict,
        action: Action::for_config_change(verdict),
        reason: Reason::new(code, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: Option<&str>, details: &[u8]) -> ConfigChange {
        ConfigChange {
            tenant: "default".into(),
            path: String::new(),
            callback_request_id: "c-1".into(),
            kind: kind.map(str::to_owned),
            details: details.to_vec(),
        }
    }

    #[test]
    fn every_kind_is_left_to_people() {
        for kind in [None, Some(""), Some("UNMANAGED_WALLET"), Some("ADD_USER"), Some("NEW_KIND")] {
            assert_eq!(evaluate(&change(kind, b"")).action, Action::Ignore, "{kind:?}");
        }
        assert_eq!(content_changed().action, Action::Ignore);
    }

    #[test]
    fn kind_and_details_are_content_and_the_id_is_identity() {
        let one = change(Some("ADD_USER"), b"x");
        assert_eq!(one.identity(), change(Some("POLICY_CHANGE"), b"y").identity());
        assert_ne!(one.content(), change(Some("ADD_USER"), b"y").content());
        assert_ne!(one.content(), change(Some("POLICY_CHANGE"), b"x").content());
        assert_ne!(change(None, b"").content(), change(Some(""), b"").content());
    }
}
