//! Numbers with an exponent, written out: many serialisers write small values so, and the decider takes plain decimal
//! text only.

/// A JSON number as plain decimal text of exactly the same value. One without an exponent, or that would have more than
/// `max_bytes`, stays as it was written.
pub(crate) fn plain(number: String, max_bytes: usize) -> String {
    written_out(&number, max_bytes).filter(|plain| plain.len() <= max_bytes).unwrap_or(number)
}

/// `None`: it has no exponent, or one that is too large by far.
fn written_out(number: &str, max_bytes: usize) -> Option<String> {
    let (mantissa, exponent) = number.split_once(['e', 'E'])?;
    let unsigned = mantissa.trim_start_matches('-');
    let sign = if unsigned == mantissa { "" } else { "-" };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = [whole, fraction].concat();
    let plain = match all_digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => with_point(digits, point(digits, fraction, shift(exponent, max_bytes)?)?),
    };
    Some(format!("{sign}{plain}"))
}

/// By how many places the point moves. With more than twice the bound either the zeros or the digits are too many.
fn shift(exponent: &str, max_bytes: usize) -> Option<isize> {
    let places: isize = exponent.parse().ok()?;
    (places.unsigned_abs() <= 2 * max_bytes).then_some(places)
}

/// Behind how many of `digits`, whose last ones are those of `fraction`, the point is once it has moved.
fn point(digits: &str, fraction: &str, shift: isize) -> Option<isize> {
    shift.checked_add_unsigned(digits.len())?.checked_sub_unsigned(fraction.len())
}

/// `digits` with the point behind so many of them; before the first where that is negative.
fn with_point(digits: &str, point: isize) -> String {
    let Some(point) = usize::try_from(point).ok().filter(|point| *point > 0) else {
        return format!("0.{}{digits}", "0".repeat(point.unsigned_abs()));
    };
    match digits.split_at_checked(point) {
        Some((whole, "")) => whole.to_owned(),
        Some((whole, fraction)) => format!("{whole}.{fraction}"),
        None => format!("{digits}{}", "0".repeat(point.saturating_sub(digits.len()))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX_BYTES: usize = 128;

    fn written(number: &str) -> String {
        plain(number.to_owned(), MAX_BYTES)
    }

    #[test]
    fn the_point_moves_and_nothing_else() {
        for (number, expected) in [
            ("5e-7", "0.0000005"),
            ("1E-7", "0.0000001"),
            ("1e1", "10"),
            ("1.50E+2", "150"),
            ("12.5e-1", "1.25"),
            ("12.5e0", "12.5"),
            ("0.0005e2", "0.05"),
            ("0.0005e4", "5"),
            ("0e5", "0"),
            ("0.00E-400", "0"),
            ("-1e-2", "-0.01"),
            ("-2.5e+3", "-2500"),
            ("1.50", "1.50"),
            ("-7", "-7"),
        ] {
            assert_eq!(written(number), expected, "{number}");
        }
    }

    #[test]
    fn what_would_be_too_long_stays() {
        for number in
            ["1e400", "1e128", "-1e127", "1e-127", "1e99999999999999999999", "1e-9223372036854775808"]
        {
            assert_eq!(written(number), number);
        }
        assert_eq!(written("1e127").len(), MAX_BYTES);
        assert_eq!(written("1e-126").len(), MAX_BYTES);
        let small = format!("0.{}1e130", "0".repeat(121));
        assert_eq!(written(&small), "100000000");
    }

    /// More digits than any fraction below has.
    const SCALE: usize = 16;

    /// What a plain decimal text is, times 10^`SCALE`.
    fn scaled(plain: &str) -> i128 {
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        let zeros = "0".repeat(SCALE - fraction.len());
        format!("{whole}{fraction}{zeros}").parse().expect("a whole number")
    }

    proptest! {
        #[test]
        fn the_value_is_the_same(value in -1_000_000_000_i64..1_000_000_000, decimals in 0_usize..6, exponent in -10_i32..10) {
            let sign = if value < 0 { "-" } else { "" };
            let digits = format!("{:0>1$}", value.unsigned_abs(), decimals + 1);
            let (whole, fraction) = digits.split_at(digits.len() - decimals);
            let point = if decimals > 0 { "." } else { "" };
            let plain = written(&format!("{sign}{whole}{point}{fraction}e{exponent}"));
            prop_assert!(!plain.contains('e'), "{plain}");
            let power = u32::try_from(SCALE as i32 + exponent - decimals as i32).expect("not negative");
            prop_assert_eq!(scaled(&plain), i128::from(value) * 10_i128.pow(power));
        }

        #[test]
        fn any_number_becomes_one_or_stays(number in "-?(0|[1-9][0-9]{0,9})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?") {
            let plain = written(&number);
            prop_assert!(plain == number || (plain.len() <= MAX_BYTES && !plain.contains(['e', 'E'])));
        }
    }
}
