//! Types of messages that may be misspelt.

use policy::condition::Conditions;
use policy::vocabulary::MESSAGE_TYPES;

use crate::yaml::names::unknown;

/// New standards bring new types, so that one that nobody knows is no mistake; but a known one goes past a misspelt one.
pub fn unheard_of(named: &str, when: &Conditions) -> Option<String> {
    let mut types = when.circumstances.messages.iter().flat_map(|choice| choice.alternatives());
    let unheard_of = types.find(|name| !MESSAGE_TYPES.contains(&name.as_str()))?;
    Some(format!("{named}: {}", unknown("type of a message", unheard_of, MESSAGE_TYPES)))
}
