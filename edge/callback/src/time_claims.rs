//! Time claims of a token: never required, honoured if they ever appear (decision model, section 1).

use memchr::memmem;
use thiserror::Error;

use crate::members::Members;

/// A time claim that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TimeClaimError {
    /// `exp` or `nbf` is there and is not a number of seconds, or is there twice.
    #[error("exp or nbf is not a plain number of seconds")]
    Unusable,
    /// The token's `exp` has come.
    #[error("the token has expired (exp)")]
    Expired,
    /// The token's `nbf` has not come.
    #[error("the token is not valid yet (nbf)")]
    NotYetValid,
}

/// Checks `exp` and `nbf` at the top level of a payload against a time in seconds since 1970. A payload that cannot be
/// read passes: decoding it says what is wrong with it.
pub fn check_time_claims(payload: &[u8], now_seconds: i64) -> Result<(), TimeClaimError> {
    // Claims are not negative, so before 1970 is as early as 1970: every `nbf` is still to come.
    let now = u64::try_from(now_seconds).unwrap_or(0);
    if !may_claim(payload) {
        return Ok(());
    }
    let Some(mut members) = std::str::from_utf8(payload).ok().and_then(|text| Members::parse(text, "").ok())
    else {
        return Ok(());
    };
    if claim(&mut members, "exp")?.is_some_and(|exp| now >= exp.whole) {
        return Err(TimeClaimError::Expired);
    }
    if claim(&mut members, "nbf")?.is_some_and(|nbf| now < nbf.whole + u64::from(nbf.fraction)) {
        return Err(TimeClaimError::NotYetValid);
    }
    Ok(())
}

/// Whether a name could be a claim's: as it is, or with letters written as `\u0065`, the one escape there is for a
/// letter. Real tokens have neither, and reading one only to find that out takes a sixth of its decoding.
fn may_claim(payload: &[u8]) -> bool {
    [&b"exp"[..], b"nbf", b"\\u"].iter().any(|sign| memmem::find(payload, sign).is_some())
}

/// A claim in whole seconds, and whether a fraction follows them.
struct Seconds {
    whole: u64,
    fraction: bool,
}

fn claim(members: &mut Members<'_>, name: &str) -> Result<Option<Seconds>, TimeClaimError> {
    const MAX_DIGITS: usize = 32;
    if members.count(name) > 1 {
        return Err(TimeClaimError::Unusable);
    }
    match members.number(name, MAX_DIGITS) {
        Ok(None) => Ok(None),
        Ok(Some(number)) => seconds(&number).map(Some).ok_or(TimeClaimError::Unusable),
        Err(_) => Err(TimeClaimError::Unusable),
    }
}

/// `1795248000` or `1795248000.5`. Signs, exponents and what lies past the year 30000 are unusable.
fn seconds(number: &str) -> Option<Seconds> {
    const MAX_SECONDS: u64 = 1_000_000_000_000;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = whole.parse().ok().filter(|seconds| *seconds < MAX_SECONDS && digits(whole))?;
    digits(fraction).then(|| Seconds { whole, fraction: fraction.bytes().any(|byte| byte != b'0') })
}

#[cfg(test)]
mod tests {
    use super::{TimeClaimError::*, *};

    #[test]
    fn are_not_required_but_honoured() {
        const NOW: i64 = 1_795_248_000;
        let cases = [
            ("{}", Ok(())),
            (r#"{"exp":null,"nbf":null}"#, Ok(())),
            (r#"{"iat":"whatever"}"#, Ok(())),
            (r#"{"exp":1795248001}"#, Ok(())),
            (r#"{"exp":1795248000}"#, Err(Expired)),
            (r#"{"exp":1795248000.9}"#, Err(Expired)),
            (r#"{"exp":0}"#, Err(Expired)),
            (r#"{"nbf":1795248000}"#, Ok(())),
            (r#"{"nbf":1795248000.0}"#, Ok(())),
            (r#"{"nbf":1795248000.1}"#, Err(NotYetValid)),
            (r#"{"nbf":1795248001}"#, Err(NotYetValid)),
            (r#"{"exp":"1795248001"}"#, Err(Unusable)),
            (r#"{"exp":-1}"#, Err(Unusable)),
            (r#"{"exp":1.8e9}"#, Err(Unusable)),
            (r#"{"exp":99999999999999999999}"#, Err(Unusable)),
            (r#"{"exp":true}"#, Err(Unusable)),
            (r#"{"nbf":[]}"#, Err(Unusable)),
            (r#"{"exp":1795248001,"exp":1795248001}"#, Err(Unusable)),
            (r#"{"\u0065xp":1}"#, Err(Expired)),
        ];
        for (payload, expected) in cases {
            assert_eq!(check_time_claims(payload.as_bytes(), NOW), expected, "{payload}");
        }
    }
}
