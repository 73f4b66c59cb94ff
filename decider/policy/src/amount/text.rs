//! The grammar of an amount: `digits [ "." digits ]`, ASCII, bounded.

use super::decimals::Decimals;
use super::error::{AmountError, MAX_AMOUNT_TEXT_BYTES};

/// Well-formed decimal text, taken apart at the point.
pub(super) struct DecimalText<'a> {
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> DecimalText<'a> {
    /// Takes decimal text apart.
    pub(super) fn read(text: &'a str) -> Result<Self, AmountError> {
        check_length(text)?;
        let (whole, rest) = leading_digits(text);
        if whole.is_empty() {
            return Err(AmountError::NotDecimal { place: 1 });
        }
        let after_point = rest.strip_prefix('.');
        let (fraction, rest) = leading_digits(after_point.unwrap_or(rest));
        if !rest.is_empty() || (after_point.is_some() && fraction.is_empty()) {
            return Err(AmountError::NotDecimal {
                place: text.len().saturating_sub(rest.len()).saturating_add(1),
            });
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(AmountError::LeadingZero);
        }
        Ok(Self { whole, fraction })
    }

    /// As [`DecimalText::read`], for a number that must not have a point.
    pub(super) fn read_whole(text: &'a str) -> Result<Self, AmountError> {
        let number = Self::read(text)?;
        if number.fraction.is_empty() { Ok(number) } else { Err(AmountError::NotWhole) }
    }

    /// The digits of the number of base units, and the digits that are finer than one.
    pub(super) fn scaled(&self, decimals: Decimals) -> (impl Iterator<Item = u64> + use<'a>, &'a str) {
        let decimals = usize::from(decimals.get());
        let (kept, beyond) = self.fraction.split_at_checked(decimals).unwrap_or((self.fraction, ""));
        let padding = std::iter::repeat_n(b'0', decimals.saturating_sub(kept.len()));
        let digits = self.whole.bytes().chain(kept.bytes()).chain(padding);
        (digits.map(|digit| u64::from(digit.wrapping_sub(b'0'))), beyond)
    }
}

fn check_length(text: &str) -> Result<(), AmountError> {
    match text.len() {
        0 => Err(AmountError::Empty),
        bytes if bytes > MAX_AMOUNT_TEXT_BYTES => Err(AmountError::TooLong { bytes }),
        _ => Ok(()),
    }
}

/// ASCII digits at the start, and the rest. Other scripts' digits are letters here.
fn leading_digits(text: &str) -> (&str, &str) {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}
