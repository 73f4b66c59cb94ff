//! Hexadecimal text to bytes and back.

use std::fmt;

/// Why text is not hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotHex {
    /// A character other than 0-9, a-f, A-F.
    #[error("character {place} is not a hexadecimal digit")]
    Digit {
        /// Counted from 1, in bytes.
        place: usize,
    },
    /// Half a byte is left over.
    #[error("the number of digits is odd")]
    OddLength,
}

/// Pairs of digits to bytes; both cases are read, nothing else is: no `0x`, no sign, no blank.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, NotHex> {
    let digits = text
        .bytes()
        .zip(1..)
        .map(|(byte, place)| digit(byte).ok_or(NotHex::Digit { place }))
        .collect::<Result<Vec<u8>, NotHex>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if rest.is_empty() {
        Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
    } else {
        Err(NotHex::OddLength)
    }
}

/// Two lower-case digits for each byte.
pub(super) fn write(bytes: &[u8], formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
