//! A part of an amount, such as a fee's: compared exactly, never as a quotient.

use std::fmt;

use ruint::aliases::{U256, U512};

use crate::amount::{Amount, AmountError, Decimals};

/// A share in units of 10⁻¹⁸: `0.02` is two per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(Amount);

/// Decimals that a share can be written with.
const DECIMALS: u8 = 18;
/// One, in the unit of a share.
const ONE: u64 = 10_u64.pow(DECIMALS as u32);

impl Share {
    /// Reads decimal text such as `0.02`, as strictly as [`Amount::parse`].
    ///
    /// # Errors
    /// As [`Amount::parse`]; more than 18 decimals.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let decimals = Decimals::new(DECIMALS).unwrap_or(Decimals::ZERO);
        Amount::parse(text, decimals).map(Self)
    }

    /// Whether `part` is more than this share of `whole`: `part · 1 > share · whole`, each product in 512 bits. Any
    /// part of nothing is more than any share of it.
    pub fn is_passed_by(self, part: Amount, whole: Amount) -> bool {
        product(part, Amount::from_u64(ONE)) > product(self.0, whole)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.to_decimal(Decimals::new(DECIMALS).unwrap_or(Decimals::ZERO)))
    }
}

fn product(one: Amount, other: Amount) -> U512 {
    let number = |amount: Amount| U256::from_be_bytes(amount.to_be_bytes());
    number(one).widening_mul(number(other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn share(text: &str) -> Share {
        Share::parse(text).unwrap()
    }

    fn units(units: u64) -> Amount {
        Amount::from_u64(units)
    }

    #[test]
    fn a_share_is_passed_by_one_unit_more_and_by_nothing_less() {
        assert!(!share("0.02").is_passed_by(units(2), units(100)));
        assert!(share("0.02").is_passed_by(units(3), units(100)));
        assert!(share("0.02").is_passed_by(units(2), units(99)));
        assert!(!share("1").is_passed_by(units(7), units(7)));
        assert!(share("0.000000000000000001").is_passed_by(units(2), units(ONE)));
        assert!(!share("0.000000000000000001").is_passed_by(units(1), units(ONE)));
    }

    #[test]
    fn of_nothing_every_part_is_too_much_and_no_part_is_none() {
        assert!(share("5").is_passed_by(units(1), Amount::ZERO));
        assert!(!share("0").is_passed_by(Amount::ZERO, Amount::ZERO));
        assert!(share("0").is_passed_by(units(1), units(1)));
    }

    #[test]
    fn nothing_wraps_at_the_top() {
        assert!(!share("1").is_passed_by(Amount::MAX, Amount::MAX));
        let below = Amount::MAX.saturating_sub(units(1));
        assert!(share("1").is_passed_by(Amount::MAX, below));
        assert!(!Share(Amount::MAX).is_passed_by(Amount::MAX, Amount::MAX));
    }

    #[test]
    fn the_text_is_as_strict_as_an_amount() {
        for text in ["", "-1", "2%", "1e-2", ".02", "0.0000000000000000001", "NaN"] {
            assert!(Share::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn it_is_what_the_quotient_would_say(part in 0_u64..1_000_000, whole in 1_u64..1_000_000, cents in 0_u64..200) {
            let hundredths = Share(units(cents * (ONE / 100)));
            prop_assert_eq!(hundredths.is_passed_by(units(part), units(whole)), part * 100 > cents * whole);
        }
    }
}
