//! A time in a test: that of an entry of its history, or of a price.

use policy::time::Time;

use super::words::{micros, time};
use crate::yaml::{Fields, Reader};

/// What an entry of the history has beside a request.
pub const MOMENT_FIELDS: [&str; 2] = ["ago", "at"];

/// When an entry of the history was asked, or a price was made.
#[derive(Debug, Clone, Copy)]
pub enum AtOrAgo {
    /// At this time.
    At(Time),
    /// So many microseconds before the request that it belongs to.
    Ago(i64),
}

impl AtOrAgo {
    /// The time itself, where that request is asked at `asked_at`.
    pub fn time(self, asked_at: Time) -> Time {
        match self {
            Self::At(time) => time,
            Self::Ago(micros) => Time::from_micros(asked_at.as_micros().saturating_sub(micros)),
        }
    }
}

pub fn read_moment(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<AtOrAgo> {
    match (fields.optional(reader, "ago"), fields.optional(reader, "at")) {
        (Some(node), None) => micros(reader, node, "ago").map(AtOrAgo::Ago),
        (None, Some(node)) => time(reader, node).map(AtOrAgo::At),
        (ago, at) => {
            if ago.is_some() == at.is_some() && (ago.is_some() || !fields.has("ago") && !fields.has("at")) {
                let message = "an entry of a history says when it was asked: either ago, such as 2h, or at";
                reader.mistake(fields.at, message);
            }
            None
        }
    }
}
