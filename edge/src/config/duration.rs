//! Durations as people write them.

use std::time::Duration;

/// `250ms`, `5s`, `1m`, `2h`, `1d`.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(60 * 60).map(Duration::from_secs),
        "d" => number.checked_mul(24 * 60 * 60).map(Duration::from_secs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_whole_number_and_a_unit() {
        let seconds = |text| parse(text).map(|duration| duration.as_secs());
        assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(["5s", "1m", "2h", "1d"].map(seconds), [5, 60, 7200, 86_400].map(Some));
        for text in ["", "5", "s", "1.5s", "-1s", "1 h", "1w", "1H", "1h30m", "18446744073709551615d"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
