//! What is wrong with a payload.

use thiserror::Error;

/// What is wrong with a payload, and where. Names fields and places, never values.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{}{what}", self.place, if self.place.is_empty() { "" } else { ": " })]
pub struct Refusal {
    /// Path of the field, such as `destinations[3].dstAddress`. Empty: the payload as a whole.
    pub place: String,
    /// What is wrong with it.
    pub what: String,
}

impl Refusal {
    pub(crate) fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}
