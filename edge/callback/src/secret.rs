//! Which members are secret.

/// Members whose values are secrets or third parties' address books (decision model, section 9).
const SECRETS: [&str; 2] = ["apiKey", "addresses"];

/// Another letter case is no documented member, and no reason to let a secret through.
pub(crate) fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}
