//! Points in time as people write them.

use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;

/// The furthest that clocks anywhere are from UTC, in seconds: a greater offset is a slip of the pen.
const MAX_OFFSET_SECONDS: i32 = 14 * 60 * 60;

/// Reads RFC 3339, such as `2026-03-01T12:00:00Z`. Without an offset nobody knows when it was.
///
/// # Errors
/// It is not that, or has an offset that no clock has: what is wrong.
pub fn parse(text: &str) -> Result<Timestamp, String> {
    let time: Timestamp = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    let offset = Pieces::parse(text).ok().and_then(|pieces| pieces.to_numeric_offset());
    match offset.is_some_and(|offset| offset.seconds().abs() <= MAX_OFFSET_SECONDS) {
        true => Ok(time),
        false => Err("no clock has this offset: it is at most 14 hours".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_those_of_clocks() {
        for offset in ["Z", "z", "+00:00", "-12:00", "+14:00", "+05:45", "-14:00"] {
            let text = format!("2026-03-01T12:00:00{offset}");
            assert_eq!(parse(&text), Ok(text.parse().unwrap()), "{text}");
        }
        for offset in ["", "+14:01", "-14:01", "+20:00", "-23:59", "+25:00"] {
            assert!(parse(&format!("2026-03-01T12:00:00{offset}")).is_err(), "{offset}");
        }
    }
}
