//! US dollars, in millionths of a dollar (micro-dollars).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, AmountError, Decimals};

/// A value in micro-dollars. As serialised text it is a decimal integer string of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Usd(Amount);

impl Usd {
    /// Nothing. Not the same as a price that nobody knows.
    pub const ZERO: Self = Self(Amount::ZERO);

    /// That many micro-dollars.
    pub const fn from_micros(micros: Amount) -> Self {
        Self(micros)
    }

    /// In micro-dollars.
    pub const fn micros(self) -> Amount {
        self.0
    }

    /// Reads dollars, such as `18.74292937`, as strictly as [`Amount::parse`]; what is finer than a
    /// micro-dollar rounds up. For values of requests: a charge may only over-count (decision model, section 4).
    pub fn parse_rounding_up(text: &str) -> Result<Self, AmountError> {
        Amount::parse_rounding_up(text, Decimals::SIX).map(Self)
    }

    /// Reads dollars with at most six decimals. For maxima of a policy: nobody rounds what a reviewer wrote.
    pub fn parse_exact(text: &str) -> Result<Self, AmountError> {
        Amount::parse(text, Decimals::SIX).map(Self)
    }

    /// The sum; `None` where it does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The sum of all; zero for none; `None` where it does not fit.
    #[must_use]
    pub fn checked_sum(values: impl IntoIterator<Item = Self>) -> Option<Self> {
        values.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// The value of `whole` where this is the value of `part`, rounded up; `None` where that is unknown: nothing says
    /// what the whole of nothing is worth.
    #[must_use]
    pub fn in_proportion(self, whole: Amount, part: Amount) -> Option<Self> {
        self.0.in_proportion(whole, part).map(Self)
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

/// Dollars with six decimals: `18.742930`.
impl fmt::Display for Usd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, micros) = self.0.around_point(Decimals::SIX);
        write!(formatter, "{dollars}.{micros}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn micros(value: u64) -> Usd {
        Usd::from_micros(Amount::from_u64(value))
    }

    #[test]
    fn values_of_requests_round_up_and_never_down() {
        for (text, expected) in [
            ("0", 0),
            ("0.000000", 0),
            ("0.0000000000", 0),
            ("0.0000000001", 1),
            ("0.000001", 1),
            ("0.0000010", 1),
            ("0.00000100000001", 2),
            ("18.74292937", 18_742_930),
            ("18.742929", 18_742_929),
            ("0.9999999", 1_000_000),
            ("9.9999991", 10_000_000),
            ("25.64271683", 25_642_717),
        ] {
            assert_eq!(Usd::parse_rounding_up(text), Ok(micros(expected)), "{text}");
        }
    }

    #[test]
    fn maxima_of_policies_are_exact() {
        assert_eq!(Usd::parse_exact("10000"), Ok(micros(10_000_000_000)));
        assert_eq!(Usd::parse_exact("0.000001"), Ok(micros(1)));
        assert_eq!(Usd::parse_exact("0.10000000"), Ok(micros(100_000)));
        assert_eq!(Usd::parse_exact("0.0000011"), Err(AmountError::TooManyDecimals { given: 7, allowed: 6 }));
    }

    #[test]
    fn the_grammar_is_that_of_amounts() {
        for text in
            ["", "-1", "+1", "1e3", "1E+3", ".5", "5.", " 1", "1 ", "1,000", "NaN", "inf", "null", "１", "00"]
        {
            assert!(Usd::parse_rounding_up(text).is_err(), "{text:?}");
            assert!(Usd::parse_exact(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn rounding_up_at_the_very_top_is_an_error() {
        let (whole, fraction) = Amount::MAX.around_point(Decimals::SIX);
        assert_eq!(Usd::parse_rounding_up(&format!("{whole}.{fraction}")), Ok(Usd::from_micros(Amount::MAX)));
        let above = Usd::parse_rounding_up(&format!("{whole}.{fraction}1"));
        assert_eq!(above, Err(AmountError::Overflow));
    }

    #[test]
    fn sums_do_not_wrap() {
        let top = Usd::from_micros(Amount::MAX);
        assert_eq!(top.checked_add(micros(1)), None);
        assert_eq!(top.checked_add(Usd::ZERO), Some(top));
        assert_eq!(Usd::checked_sum([]), Some(Usd::ZERO));
        assert_eq!(Usd::checked_sum([micros(1), micros(2), micros(3)]), Some(micros(6)));
        assert_eq!(Usd::checked_sum([top, micros(1)]), None);
    }

    #[test]
    fn it_is_shown_with_six_decimals_and_kept_in_micros() {
        assert_eq!(micros(18_742_930).to_string(), "18.742930");
        assert_eq!(micros(1).to_string(), "0.000001");
        assert_eq!(Usd::ZERO.to_string(), "0.000000");
        assert!(Usd::ZERO.is_zero() && !micros(1).is_zero());
        let json = serde_json::to_string(&micros(18_742_930)).unwrap();
        assert_eq!(json, "\"18742930\"");
        assert_eq!(serde_json::from_str::<Usd>(&json).unwrap(), micros(18_742_930));
        assert!(serde_json::from_str::<Usd>("18742930").is_err());
        assert!(serde_json::from_str::<Usd>("\"18.742930\"").is_err());
    }

    proptest! {
        #[test]
        fn rounding_up_is_less_than_one_micro_above(whole in 0_u64..1_000_000, fraction in "[0-9]{1,20}") {
            let read = Usd::parse_rounding_up(&format!("{whole}.{fraction}")).unwrap();
            // In units of 10^-20 dollars, by integers of the machine.
            let finest = u128::from(whole) * 10_u128.pow(20) + format!("{fraction:0<20}").parse::<u128>().unwrap();
            let micro = 10_u128.pow(14);
            prop_assert_eq!(read.micros().to_string(), finest.div_ceil(micro).to_string());
        }
    }
}
