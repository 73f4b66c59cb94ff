//! Durations as people write them: `30s`, `15m`, `24h`, `7d`.

/// Not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number and a unit: 30s, 15m, 24h or 7d")]
pub struct NotADuration;

/// The duration in seconds.
///
/// # Errors
/// Not digits followed by `s`, `m`, `h` or `d`, or more seconds than 64 bits hold.
pub fn seconds(text: &str) -> Result<u64, NotADuration> {
    let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(NotADuration)?;
    let unit: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(NotADuration),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(NotADuration);
    }
    let count: u64 = digits.parse().map_err(|_| NotADuration)?;
    count.checked_mul(unit).ok_or(NotADuration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_seconds_to_days() {
        assert_eq!(seconds("30s"), Ok(30));
        assert_eq!(seconds("15m"), Ok(900));
        assert_eq!(seconds("24h"), Ok(86_400));
        assert_eq!(seconds("7d"), Ok(604_800));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "s",
            "1",
            "1.5h",
            "-1h",
            "+1h",
            "1 h",
            "1w",
            "1H",
            "1hé",
            "é",
            "1h30m",
            "١h",
            "99999999999999999d",
        ] {
            assert_eq!(seconds(text), Err(NotADuration), "{text}");
        }
    }
}
