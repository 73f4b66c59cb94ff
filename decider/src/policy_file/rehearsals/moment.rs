//! When an entry of a history was asked.

use super::words::{micros, time};
use crate::yaml::{Fields, Reader};

/// What an entry of the history has beside a request.
pub const MOMENT_FIELDS: [&str; 2] = ["ago", "at"];

/// When an entry of the history was asked.
#[derive(Debug, Clone, Copy)]
pub enum Moment {
    /// At this time.
    At(policy::time::Time),
    /// So many microseconds before the test's own request.
    Ago(i64),
}

pub fn read_moment(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Moment> {
    match (fields.optional(reader, "ago"), fields.optional(reader, "at")) {
        (Some(node), None) => micros(reader, node, "ago").map(Moment::Ago),
        (None, Some(node)) => time(reader, node).map(Moment::At),
        (ago, at) => {
            if ago.is_some() == at.is_some() && (ago.is_some() || !fields.has("ago") && !fields.has("at")) {
                let message = "an entry of a history says when it was asked: either ago, such as 2h, or at";
                reader.mistake(fields.at, message);
            }
            None
        }
    }
}
