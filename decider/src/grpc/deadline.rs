//! Deadlines: every decision has one (decision model, invariant 8).

use std::time::Duration;

use http::HeaderMap;
use tonic::Status;
use tonic::metadata::MetadataMap;

use super::status;

const HEADER: &str = "grpc-timeout";
/// The most digits the gRPC protocol allows.
const MAX_DIGITS: usize = 8;
/// The longest a call is waited for, whatever the caller says.
pub const MAX_DEADLINE: Duration = Duration::from_secs(30);
/// The part of the deadline that is left for the answer to travel: 1/16.
const TRAVEL_SHARE: u32 = 16;

/// How long the caller waits, less the time an answer needs to get there: so that it gets our reason, and not
/// only its own clock's.
///
/// # Errors
/// INVALID_ARGUMENT where there is no deadline, or none that can be read.
pub fn read(metadata: &MetadataMap) -> Result<Duration, Status> {
    let header = metadata
        .get(HEADER)
        .ok_or_else(|| status::deadline_required("a deadline (grpc-timeout) is required"))?;
    let deadline = header.to_str().ok().and_then(parse);
    let deadline =
        deadline.ok_or_else(|| status::deadline_required("the deadline (grpc-timeout) cannot be read"))?;
    let deadline = deadline.min(MAX_DEADLINE);
    Ok(deadline.saturating_sub(deadline / TRAVEL_SHARE))
}

/// How long a call of any service may take, by its headers.
pub fn longest(headers: &HeaderMap) -> Duration {
    let deadline = headers.get(HEADER).and_then(|header| header.to_str().ok()).and_then(parse);
    deadline.map_or(MAX_DEADLINE, |deadline| deadline.min(MAX_DEADLINE))
}

/// One to eight digits and a unit.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    if digits.is_empty() || digits.len() > MAX_DIGITS || !plain {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count.saturating_mul(60 * 60))),
        "M" => Some(Duration::from_secs(count.saturating_mul(60))),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::StatusExt as _;

    use super::*;

    fn of_text(text: &str) -> Result<Duration, Status> {
        let mut metadata = MetadataMap::new();
        metadata.insert(HEADER, text.parse().unwrap());
        read(&metadata)
    }

    #[test]
    fn units_are_hours_to_nanoseconds() {
        assert_eq!(parse("2H"), Some(Duration::from_secs(7200)));
        assert_eq!(parse("3M"), Some(Duration::from_secs(180)));
        assert_eq!(parse("15S"), Some(Duration::from_secs(15)));
        assert_eq!(parse("15000m"), Some(Duration::from_secs(15)));
        assert_eq!(parse("7u"), Some(Duration::from_micros(7)));
        assert_eq!(parse("99999999n"), Some(Duration::from_nanos(99_999_999)));
    }

    #[test]
    fn a_sixteenth_is_left_and_nobody_is_waited_for_for_ever() {
        assert_eq!(of_text("16S").unwrap(), Duration::from_secs(15));
        assert_eq!(of_text("9H").unwrap(), MAX_DEADLINE - MAX_DEADLINE / TRAVEL_SHARE);
    }

    #[test]
    fn no_deadline_is_a_breach() {
        let missing = read(&MetadataMap::new()).unwrap_err();
        assert_eq!(missing.get_details_error_info().unwrap().reason, "DEADLINE_REQUIRED");
        for text in ["", "S", "15", "-1S", "+1S", "1.5S", "123456789S", "1s", "1é"] {
            let mut metadata = MetadataMap::new();
            let Ok(value) = tonic::metadata::MetadataValue::try_from(text.as_bytes()) else { continue };
            metadata.insert(HEADER, value);
            assert_eq!(read(&metadata).unwrap_err().code(), tonic::Code::InvalidArgument, "{text}");
        }
    }
}
