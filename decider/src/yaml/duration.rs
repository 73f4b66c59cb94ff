//! Durations as people write them: `250ms`, `30s`, `15m`, `24h`, `7d`.

use std::time::Duration;

const MINUTE_SECONDS: u64 = 60;
const HOUR_SECONDS: u64 = 60 * MINUTE_SECONDS;
const DAY_SECONDS: u64 = 24 * HOUR_SECONDS;

/// Not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number and a unit: 250ms, 30s, 15m, 24h or 7d")]
pub struct NotADuration;

/// Not a duration in seconds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number and a unit: 30s, 15m, 24h or 7d")]
pub struct NotSeconds;

/// Any duration, as the settings of a service take it.
///
/// # Errors
/// Not digits followed by `ms`, `s`, `m`, `h` or `d`, or more than 64 bits hold.
pub fn parse(text: &str) -> Result<Duration, NotADuration> {
    match text.strip_suffix("ms") {
        Some(digits) => number(digits).map(Duration::from_millis).ok_or(NotADuration),
        None => seconds(text).map(Duration::from_secs).map_err(|_| NotADuration),
    }
}

/// A duration in seconds, as a policy takes it: nothing in it is counted in less.
///
/// # Errors
/// Not digits followed by `s`, `m`, `h` or `d`, or more seconds than 64 bits hold.
pub fn seconds(text: &str) -> Result<u64, NotSeconds> {
    let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(NotSeconds)?;
    let unit: u64 = match unit {
        "s" => 1,
        "m" => MINUTE_SECONDS,
        "h" => HOUR_SECONDS,
        "d" => DAY_SECONDS,
        _ => return Err(NotSeconds),
    };
    number(digits).and_then(|count| count.checked_mul(unit)).ok_or(NotSeconds)
}

/// Plain digits, and no sign.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_milliseconds_to_days() {
        for (text, expected) in [("30s", 30), ("15m", 900), ("24h", 86_400), ("7d", 604_800)] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
            assert_eq!(parse(text), Ok(Duration::from_secs(expected)), "{text}");
        }
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("60000ms"), Ok(Duration::from_secs(60)));
    }

    #[test]
    fn a_policy_counts_in_whole_seconds() {
        assert_eq!((seconds("250ms"), seconds("1000ms")), (Err(NotSeconds), Err(NotSeconds)));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "s",
            "ms",
            "1",
            "1.5h",
            "-1h",
            "+1h",
            "+1ms",
            "1 h",
            "1 ms",
            "1w",
            "1H",
            "1MS",
            "1us",
            "1hé",
            "é",
            "1h30m",
            "١h",
            "99999999999999999d",
            "99999999999999999999ms",
        ] {
            assert_eq!(seconds(text), Err(NotSeconds), "{text}");
            assert_eq!(parse(text), Err(NotADuration), "{text}");
        }
    }
}
