//! Amounts: unsigned 256-bit base units, read from strict decimal text and never through a float.
//!
//! Source of the rules: decision model, section 5. The integer underneath is private, because its own
//! operators wrap silently and its own parser takes text such as `0x10` and `1_0`.

mod text;
mod error;
mod decimals;

#[cfg(test)]
mod tests;

use std::fmt;

use ruint::aliases::{U256, U512};
use serde::{Deserialize, Serialize};

use text::DecimalText;

pub use decimals::{Decimals, TooManyDecimals};
pub use error::{AmountError, MAX_AMOUNT_TEXT_BYTES};

/// Decimal digits that 64 bits hold, whatever they are.
const DIGITS_A_WORD: usize = 19;

/// A number of base units (wei, satoshi, ...), 0 to 2²⁵⁶ − 1.
///
/// As serialised text it is a decimal integer string; a number without quotes is not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Amount(U256);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(U256::ZERO);

    /// The largest amount there is.
    pub const MAX: Self = Self(U256::MAX);

    /// That many base units.
    pub const fn from_u64(units: u64) -> Self {
        Self(U256::from_limbs([units, 0, 0, 0]))
    }

    /// From 32 bytes, the most significant first.
    pub const fn from_be_bytes(bytes: [u8; 32]) -> Self {
        Self(U256::from_be_bytes(bytes))
    }

    /// As 32 bytes, the most significant first: they sort as the amounts do.
    pub const fn to_be_bytes(self) -> [u8; 32] {
        self.0.to_be_bytes()
    }

    /// Reads a whole number of base units: digits only.
    pub fn from_base_units(text: &str) -> Result<Self, AmountError> {
        let (digits, _) = DecimalText::read_whole(text)?.scaled(Decimals::ZERO);
        from_digits(digits)
    }

    /// Reads decimal text in whole units of an asset, such as `0`, `12.5` or `0.010000000000000000`.
    ///
    /// One or more ASCII digits, then optionally a point and one or more digits; no sign, exponent, blank,
    /// separator, or needless leading zero. More decimals than the asset has are an error unless they are
    /// zeros: what would be dropped is money.
    pub fn parse(text: &str, decimals: Decimals) -> Result<Self, AmountError> {
        let (digits, beyond) = DecimalText::read(text)?.scaled(decimals);
        match beyond.trim_end_matches('0').len() {
            0 => from_digits(digits),
            excess => Err(AmountError::TooManyDecimals {
                given: usize::from(decimals.get()).saturating_add(excess),
                allowed: decimals.get(),
            }),
        }
    }

    /// As [`Amount::parse`], but what is finer than a base unit counts as one more base unit.
    pub fn parse_rounding_up(text: &str, decimals: Decimals) -> Result<Self, AmountError> {
        let (digits, beyond) = DecimalText::read(text)?.scaled(decimals);
        let down = from_digits(digits)?;
        if beyond.trim_end_matches('0').is_empty() {
            return Ok(down);
        }
        down.checked_add(Self::from_u64(1)).ok_or(AmountError::Overflow)
    }

    /// The sum; `None` where it does not fit in 256 bits.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The sum of all; zero for none; `None` where it does not fit in 256 bits.
    #[must_use]
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// The difference; `None` where it would be negative.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// The difference; zero where it would be negative.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This times `times` divided by `by`, rounded up; `None` for a division by nothing, and where it does not fit
    /// in 256 bits.
    #[must_use]
    pub fn in_proportion(self, times: Self, by: Self) -> Option<Self> {
        let product: U512 = self.0.widening_mul(times.0);
        let quotient = (!by.is_zero()).then(|| product.div_ceil(U512::from(by.0)))?;
        U256::checked_from_limbs_slice(quotient.as_limbs()).map(Self)
    }

    /// This times `times`, divided by ten to the power of `places`, rounded up; `None` where it does not fit in 256
    /// bits.
    #[must_use]
    pub fn times_over_power_of_ten(self, times: Self, places: u8) -> Option<Self> {
        let product: U512 = self.0.widening_mul(times.0);
        let divisor = U512::from(10).checked_pow(U512::from(places))?;
        U256::checked_from_limbs_slice(product.div_ceil(divisor).as_limbs()).map(Self)
    }

    /// As many whole units in base units of other decimals: rounded up, and the largest amount there is where it does
    /// not fit, so that nothing that is counted becomes less.
    #[must_use]
    pub fn in_decimals(self, from: Decimals, to: Decimals) -> Self {
        let finer = U256::from(to.get().saturating_sub(from.get()));
        let coarser = from.get().saturating_sub(to.get());
        let times = U256::from(10).checked_pow(finer).map(Self);
        times.and_then(|times| self.times_over_power_of_ten(times, coarser)).unwrap_or(Self::MAX)
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Decimal text in whole units of an asset, without trailing zeros: `0`, `12.5`.
    pub fn to_decimal(self, decimals: Decimals) -> String {
        let (whole, fraction) = self.around_point(decimals);
        match fraction.trim_end_matches('0') {
            "" => whole,
            fraction => format!("{whole}.{fraction}"),
        }
    }

    /// The digits before and after the point; those after it are exactly `decimals`.
    pub(crate) fn around_point(self, decimals: Decimals) -> (String, String) {
        let decimals = usize::from(decimals.get());
        let mut whole = format!("{:0>width$}", self.0.to_string(), width = decimals.saturating_add(1));
        let fraction = whole.split_off(whole.len().saturating_sub(decimals));
        (whole, fraction)
    }
}

/// Base units.
impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl TryFrom<String> for Amount {
    type Error = AmountError;

    fn try_from(text: String) -> Result<Self, AmountError> {
        Self::from_base_units(&text)
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.to_string()
    }
}

/// The digits were checked before; the one thing that can still be wrong is their number. A word full of them is taken at
/// once: to multiply 256 bits for each digit was a twelfth of an evaluation.
fn from_digits(mut digits: impl Iterator<Item = u64>) -> Result<Amount, AmountError> {
    let mut units = U256::ZERO;
    loop {
        let (word, scale) = next_word(&mut digits).ok_or(AmountError::Overflow)?;
        if scale == 1 {
            return Ok(Amount(units));
        }
        let scaled = units.checked_mul(U256::from(scale));
        units = scaled.and_then(|units| units.checked_add(U256::from(word))).ok_or(AmountError::Overflow)?;
    }
}

/// The next digits as one number, and ten to the power of how many they are.
fn next_word(digits: &mut impl Iterator<Item = u64>) -> Option<(u64, u64)> {
    digits.take(DIGITS_A_WORD).try_fold((0_u64, 1_u64), |(word, scale), digit| {
        Some((word.checked_mul(10)?.checked_add(digit)?, scale.checked_mul(10)?))
    })
}
