use proptest::prelude::*;

use super::*;

const TWO_TO_255: &str = "57896044618658097711785492504343953926634992332820282019728792003956564819968";
const LARGEST: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
const TWO_TO_256: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639936";

fn decimals(number: u8) -> Decimals {
    Decimals::new(number).unwrap()
}

fn units(number: u64) -> Amount {
    Amount::from_u64(number)
}

/// Ether: the asset of most rows below.
fn ether(text: &str) -> Result<Amount, AmountError> {
    Amount::parse(text, decimals(18))
}

#[test]
fn amounts_of_the_wire_are_read_exactly() {
    for (text, number) in [
        ("0", 0),
        ("0.0", 0),
        ("0.000000000000000000", 0),
        ("1", 1_000_000_000_000_000_000),
        ("0.5", 500_000_000_000_000_000),
        ("12.5", 12_500_000_000_000_000_000),
        ("0.010000000000000000", 10_000_000_000_000_000),
        ("0.01", 10_000_000_000_000_000),
        ("0.000000000000000001", 1),
        ("1.000000000000000001", 1_000_000_000_000_000_001),
        ("18.446744073709551615", u64::MAX),
    ] {
        assert_eq!(ether(text), Ok(units(number)), "{text}");
    }
    assert_eq!(Amount::parse("0.00087600", decimals(8)), Ok(units(87_600)));
    assert_eq!(ether("0.004100000000000000"), ether("0.0041"));
}

#[test]
fn anything_but_plain_decimal_text_is_refused() {
    for (text, place) in [
        (".5", 1),
        ("5.", 3),
        (".", 1),
        ("+1", 1),
        ("-1", 1),
        ("-0", 1),
        ("1e5", 2),
        ("1E5", 2),
        ("1.5e-3", 4),
        ("0x10", 2),
        ("1_0", 2),
        ("1,0", 2),
        ("1,000.0", 2),
        (" 1", 1),
        ("1 ", 2),
        ("1 0", 2),
        ("1\n", 2),
        ("1\0", 2),
        ("\u{feff}1", 1),
        ("1\u{a0}", 2),
        ("１", 1),
        ("1２", 2),
        ("٣", 1),
        ("1.५", 3),
        ("²", 1),
        ("NaN", 1),
        ("inf", 1),
        ("Infinity", 1),
        ("null", 1),
        ("1.2.3", 4),
        ("1..2", 3),
        ("\"1\"", 1),
        ("1/2", 2),
        ("0b1", 2),
        ("1n", 2),
        ("−1", 1),
    ] {
        assert_eq!(ether(text), Err(AmountError::NotDecimal { place }), "{text:?}");
        assert_eq!(Amount::from_base_units(text), Err(AmountError::NotDecimal { place }), "{text:?}");
    }
    for text in ["00", "01", "007", "00.5", "01.5"] {
        assert_eq!(ether(text), Err(AmountError::LeadingZero), "{text}");
    }
    assert_eq!(ether(""), Err(AmountError::Empty));
}

#[test]
fn decimals_beyond_the_asset_are_refused_unless_zeros() {
    assert_eq!(ether("0.0000000000000000010"), Ok(units(1)));
    assert_eq!(ether(&format!("1.{}", "0".repeat(80))), ether("1"));
    for (text, given) in
        [("0.0000000000000000001", 19), ("1.1234567890123456781", 19), ("0.00000000000000000010100", 21)]
    {
        assert_eq!(ether(text), Err(AmountError::TooManyDecimals { given, allowed: 18 }), "{text}");
    }
    assert_eq!(Amount::parse("1.0", Decimals::ZERO), Ok(units(1)));
    assert_eq!(
        Amount::parse("1.5", Decimals::ZERO),
        Err(AmountError::TooManyDecimals { given: 1, allowed: 0 })
    );
}

#[test]
fn the_top_of_the_range_is_exact_and_nothing_wraps_past_it() {
    let mut top_bit = [0; 32];
    top_bit[0] = 0x80;
    assert_eq!(
        Amount::from_base_units("18446744073709551616").unwrap(),
        units(u64::MAX).checked_add(units(1)).unwrap()
    );
    assert_eq!(Amount::from_base_units(TWO_TO_255), Ok(Amount::from_be_bytes(top_bit)));
    assert_eq!(Amount::from_base_units(LARGEST), Ok(Amount::from_be_bytes([0xff; 32])));
    assert_eq!(Amount::from_base_units(LARGEST), Ok(Amount::MAX));
    assert_eq!(Amount::from_base_units(TWO_TO_256), Err(AmountError::Overflow));
    assert_eq!(Amount::parse(&format!("{LARGEST}.0"), Decimals::ZERO), Ok(Amount::MAX));
    assert_eq!(ether(LARGEST), Err(AmountError::Overflow));
    assert_eq!(Amount::parse("1", decimals(Decimals::MAX)).unwrap().to_decimal(decimals(Decimals::MAX)), "1");
    assert_eq!(Amount::parse("2", decimals(Decimals::MAX)), Err(AmountError::Overflow));
}

#[test]
fn long_text_is_refused_before_it_is_looked_at() {
    assert_eq!(ether(&"9".repeat(80)), Err(AmountError::Overflow));
    assert_eq!(Amount::from_base_units(&"9".repeat(79)), Err(AmountError::Overflow));
    assert_eq!(ether(&format!("0.{}", "0".repeat(MAX_AMOUNT_TEXT_BYTES - 2))), Ok(Amount::ZERO));
    let long = format!("0.{}", "0".repeat(MAX_AMOUNT_TEXT_BYTES - 1));
    assert_eq!(ether(&long), Err(AmountError::TooLong { bytes: 129 }));
    assert_eq!(Amount::from_base_units(&long), Err(AmountError::TooLong { bytes: 129 }));
    assert_eq!(ether(&"x".repeat(1 << 20)), Err(AmountError::TooLong { bytes: 1 << 20 }));
}

#[test]
fn base_units_are_digits_only() {
    assert_eq!(Amount::from_base_units("0"), Ok(Amount::ZERO));
    assert_eq!(Amount::from_base_units("10"), Ok(units(10)));
    assert_eq!(Amount::from_base_units("1.0"), Err(AmountError::NotWhole));
    assert_eq!(Amount::from_base_units("010"), Err(AmountError::LeadingZero));
}

#[test]
fn decimals_are_bounded_by_what_256_bits_can_scale() {
    assert_eq!(Decimals::new(77).map(Decimals::get), Some(77));
    assert_eq!(Decimals::new(78), None);
    assert_eq!(Decimals::new(255), None);
}

#[test]
fn arithmetic_is_checked() {
    assert_eq!(units(2).checked_add(units(3)), Some(units(5)));
    assert_eq!(Amount::MAX.checked_add(units(1)), None);
    assert_eq!(units(3).checked_sub(units(2)), Some(units(1)));
    assert_eq!(units(2).checked_sub(units(3)), None);
    assert_eq!(units(2).saturating_sub(units(3)), Amount::ZERO);
    assert_eq!(units(3).saturating_sub(units(2)), units(1));
    assert_eq!(Amount::checked_sum([]), Some(Amount::ZERO));
    assert_eq!(Amount::checked_sum([1, 2, 3].map(units)), Some(units(6)));
    let half = Amount::from_base_units(TWO_TO_255).unwrap();
    assert_eq!(Amount::checked_sum([half, half]), None);
    assert_eq!(Amount::checked_sum([half, half, units(5)]), None, "a sum that wrapped would be small again");
}

#[test]
fn amounts_are_shown_in_base_units_and_in_decimals() {
    assert_eq!(Amount::MAX.to_string(), LARGEST);
    assert_eq!(Amount::ZERO.to_string(), "0");
    for (number, scale, text) in [
        (0, 18, "0"),
        (1, 18, "0.000000000000000001"),
        (10_000_000_000_000_000, 18, "0.01"),
        (12_500_000_000_000_000_000, 18, "12.5"),
        (87_600, 8, "0.000876"),
        (100, 0, "100"),
        (100, 2, "1"),
        (1_000, 2, "10"),
    ] {
        assert_eq!(units(number).to_decimal(decimals(scale)), text);
    }
}

#[test]
fn bytes_sort_as_amounts_do() {
    assert_eq!(units(258).to_be_bytes()[30..], [1, 2]);
    assert!(units(256).to_be_bytes() > units(255).to_be_bytes());
    assert!(units(256) > units(255));
}

#[test]
fn it_is_serialised_as_an_integer_string_and_as_nothing_else() {
    let json = serde_json::to_string(&Amount::MAX).unwrap();
    assert_eq!(json, format!("\"{LARGEST}\""));
    assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), Amount::MAX);
    for other in ["1", "1.0", "1e3", "\"1.0\"", "\"-1\"", "\"\"", "null", "[1]"] {
        assert!(serde_json::from_str::<Amount>(other).is_err(), "{other}");
    }
}

#[test]
fn messages_say_what_was_expected() {
    insta::assert_snapshot!(ether("").unwrap_err(), @"the amount is empty: expected decimal digits, such as 0 or 12.5");
    insta::assert_snapshot!(ether("1e5").unwrap_err(), @"the amount is not decimal text at character 2: expected digits and at most one point between them, such as 0 or 12.5");
    insta::assert_snapshot!(ether("007").unwrap_err(), @"the amount starts with a needless zero: expected 0, or a number that starts with 1 to 9");
    insta::assert_snapshot!(ether(&"0".repeat(129)).unwrap_err(), @"the amount has 129 bytes: at most 128 are read");
    insta::assert_snapshot!(ether("0.1234567890123456789").unwrap_err(), @"the amount has 19 decimals: it may have at most 18, and nothing is rounded");
    insta::assert_snapshot!(ether(LARGEST).unwrap_err(), @"the amount is too large: at most 2^256 - 1 base units can be represented");
    insta::assert_snapshot!(Amount::from_base_units("1.5").unwrap_err(), @"the amount has a decimal point: expected a whole number of base units");
}

/// The grammar again, as a machine over single characters: independent of the reader under test.
fn fits_grammar(text: &str) -> bool {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Start,
        Zero,
        Whole,
        Point,
        Fraction,
        Stuck,
    }
    let end = text.chars().fold(State::Start, |state, character| match (state, character) {
        (State::Start, '0') => State::Zero,
        (State::Start, '1'..='9') | (State::Whole, '0'..='9') => State::Whole,
        (State::Zero | State::Whole, '.') => State::Point,
        (State::Point | State::Fraction, '0'..='9') => State::Fraction,
        _ => State::Stuck,
    });
    text.len() <= MAX_AMOUNT_TEXT_BYTES && matches!(end, State::Zero | State::Whole | State::Fraction)
}

/// Whether a reading says that the text is well formed, whatever its size.
fn taken_as_decimal(reading: &Result<Amount, AmountError>) -> bool {
    matches!(reading, Ok(_) | Err(AmountError::TooManyDecimals { .. } | AmountError::Overflow))
}

/// Schoolbook addition over decimal text.
fn add_text(left: &str, right: &str) -> String {
    let width = left.len().max(right.len()) + 1;
    let (left, right) = (format!("{left:0>width$}"), format!("{right:0>width$}"));
    let mut carry = 0;
    let mut digits: Vec<u8> = left
        .bytes()
        .zip(right.bytes())
        .rev()
        .map(|(left, right)| {
            let sum = left - b'0' + right - b'0' + carry;
            carry = sum / 10;
            sum % 10 + b'0'
        })
        .collect();
    digits.reverse();
    let text = String::from_utf8(digits).unwrap();
    match text.trim_start_matches('0') {
        "" => "0".to_owned(),
        text => text.to_owned(),
    }
}

/// Whether a decimal integer is below 2²⁵⁶, by comparing text.
fn fits_256_bits(text: &str) -> bool {
    text.len() < LARGEST.len() || (text.len() == LARGEST.len() && text <= LARGEST)
}

/// Amounts of every size, the edges of the range often.
fn any_amount() -> impl Strategy<Value = Amount> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(Amount::from_be_bytes),
        any::<u64>().prop_map(Amount::from_u64),
        any::<u64>().prop_map(|below| Amount::MAX.saturating_sub(Amount::from_u64(below))),
        (any::<u64>(), any::<bool>()).prop_map(|(off, above)| {
            let half = Amount::from_base_units(TWO_TO_255).unwrap();
            let off = Amount::from_u64(off);
            if above { half.checked_add(off).unwrap() } else { half.saturating_sub(off) }
        }),
    ]
}

fn any_decimals() -> impl Strategy<Value = Decimals> {
    (0..=Decimals::MAX).prop_map(decimals)
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(amount in any_amount(), scale in any_decimals()) {
        let text = amount.to_decimal(scale);
        prop_assert!(fits_grammar(&text), "{}", text);
        prop_assert_eq!(Amount::parse(&text, scale), Ok(amount));
        prop_assert_eq!(Amount::from_base_units(&amount.to_string()), Ok(amount));
        prop_assert_eq!(Amount::from_be_bytes(amount.to_be_bytes()), amount);
    }

    #[test]
    fn addition_is_exact_or_refused(left in any_amount(), right in any_amount()) {
        let expected = add_text(&left.to_string(), &right.to_string());
        let sum = left.checked_add(right);
        prop_assert_eq!(sum.is_some(), fits_256_bits(&expected));
        prop_assert_eq!(sum.map(|sum| sum.to_string()), fits_256_bits(&expected).then_some(expected));
        prop_assert_eq!(sum, Amount::checked_sum([left, right]));
    }

    #[test]
    fn subtraction_undoes_addition_and_never_wraps(left in any_amount(), right in any_amount()) {
        match left.checked_sub(right) {
            Some(difference) => {
                prop_assert_eq!(difference.checked_add(right), Some(left));
                prop_assert_eq!(left.saturating_sub(right), difference);
            }
            None => {
                prop_assert!(left < right);
                prop_assert_eq!(left.saturating_sub(right), Amount::ZERO);
            }
        }
    }

    #[test]
    fn any_text_is_taken_exactly_where_the_grammar_fits(text in any::<String>(), scale in any_decimals()) {
        prop_assert_eq!(taken_as_decimal(&Amount::parse(&text, scale)), fits_grammar(&text));
        let whole = fits_grammar(&text) && !text.contains('.');
        prop_assert_eq!(taken_as_decimal(&Amount::from_base_units(&text)), whole);
    }

    #[test]
    fn text_that_nearly_fits_is_judged_by_the_grammar(text in "[0-9.]{0,6}[0-9.eE+x_, １-]{0,2}[0-9.]{0,6}") {
        prop_assert_eq!(taken_as_decimal(&ether(&text)), fits_grammar(&text), "{:?}", text);
    }

    #[test]
    fn digits_of_any_length_are_read_exactly_or_refused(text in "(0|[1-9][0-9]{0,140})") {
        let expected = match text.len() {
            bytes if bytes > MAX_AMOUNT_TEXT_BYTES => Err(AmountError::TooLong { bytes }),
            _ if fits_256_bits(&text) => Ok(text.clone()),
            _ => Err(AmountError::Overflow),
        };
        prop_assert_eq!(Amount::from_base_units(&text).map(|amount| amount.to_string()), expected);
    }

    #[test]
    fn rounding_up_never_reads_less(text in "(0|[1-9][0-9]{0,9})\\.[0-9]{1,30}", scale in 0_u8..20) {
        let up = Amount::parse_rounding_up(&text, decimals(scale)).unwrap();
        match Amount::parse(&text, decimals(scale)) {
            Ok(exact) => prop_assert_eq!(up, exact),
            Err(error) => {
                let too_fine = matches!(error, AmountError::TooManyDecimals { .. });
                prop_assert!(too_fine, "{}", error);
                let kept = text.split_once('.').unwrap().0.len() + 1 + usize::from(scale);
                let down = Amount::parse(text[..kept].trim_end_matches('.'), decimals(scale)).unwrap();
                prop_assert_eq!(up, down.checked_add(units(1)).unwrap());
            }
        }
    }
}
