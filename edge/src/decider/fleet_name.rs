//! What a fleet is called: some deciders over one ledger.

use std::sync::Arc;

use thiserror::Error;

/// Longest name.
const MAX_FLEET_NAME_BYTES: usize = 64;
/// The fleet of all paths that name no other.
const DEFAULT: &str = "default";

/// The name of a fleet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FleetName(Arc<str>);

/// Text that is not a fleet's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "a fleet is called by 1 to {MAX_FLEET_NAME_BYTES} of a-z, 0-9, \"-\" and \"_\", and not \"{DEFAULT}\", which is \
     the one under decider"
)]
pub struct FleetNameError;

impl FleetName {
    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its section in the configuration.
    #[must_use]
    pub fn field(&self) -> String {
        if *self == Self::default() { "decider".to_owned() } else { format!("deciders.{}", self.0) }
    }
}

/// The fleet of all paths that name no other.
impl Default for FleetName {
    fn default() -> Self {
        Self(DEFAULT.into())
    }
}

impl TryFrom<&str> for FleetName {
    type Error = FleetNameError;

    fn try_from(text: &str) -> Result<Self, FleetNameError> {
        let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let usable = (1..=MAX_FLEET_NAME_BYTES).contains(&text.len()) && text.bytes().all(named);
        if usable && text != DEFAULT { Ok(Self(text.into())) } else { Err(FleetNameError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_form_and_one_of_them_is_taken() {
        let (most, more) = ("f".repeat(64), "f".repeat(65));
        for (text, good) in [
            ("payroll", true),
            ("a-b_9", true),
            (most.as_str(), true),
            ("", false),
            ("A", false),
            ("a b", false),
            ("default", false),
            (more.as_str(), false),
        ] {
            assert_eq!(FleetName::try_from(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn a_fleet_is_found_in_the_configuration() {
        let payroll = FleetName::try_from("payroll").expect("a name");
        assert_eq!(
            (FleetName::default().field(), payroll.field()),
            ("decider".into(), "deciders.payroll".into())
        );
    }
}
