//! How what is kept is written as text: the same in every store.

use policy::charge::ChargeKey;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::decision::RequestKind;
use super::journal::JournalError;

/// As JSON.
///
/// # Errors
/// It cannot be: a fault of this program.
pub fn json(value: &impl Serialize) -> Result<String, JournalError> {
    serde_json::to_string(value).map_err(|error| JournalError::Failed(format!("as JSON: {error}")))
}

/// From JSON. What cannot be read is named: somebody has to look at it.
///
/// # Errors
/// [`JournalError::Unreadable`]
pub fn parse<T: DeserializeOwned>(text: &str, what: impl Fn() -> String) -> Result<T, JournalError> {
    serde_json::from_str(text).map_err(|error| JournalError::Unreadable(format!("{}: {error}", what())))
}

/// A charge as errors name it.
pub fn charge_name(key: &ChargeKey) -> String {
    format!("charge {}", key.as_text())
}

/// A kind as one word.
pub fn kind_text(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Transaction => "transaction",
        RequestKind::ConfigChange => "config_change",
    }
}

/// The kind of a word.
///
/// # Errors
/// [`JournalError::Unreadable`]
pub fn kind_of(text: &str) -> Result<RequestKind, JournalError> {
    [RequestKind::Transaction, RequestKind::ConfigChange]
        .into_iter()
        .find(|kind| kind_text(*kind) == text)
        .ok_or_else(|| JournalError::Unreadable(format!("kind {text:?}")))
}
