<<<<<<< Updated upstream
//! Hexadecimal text to bytes and back.

use std::fmt;
=======
//! Hexadecimal text to bytes, with the place of what is wrong in it.
>>>>>>> Stashed changes

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
<<<<<<< Updated upstream
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, NotHex> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    // A list may have a million addresses: the bytes are allocated once.
    let mut bytes = Vec::with_capacity(pairs.len());
    for ([high, low], place) in pairs.iter().zip((1_usize..).step_by(2)) {
        bytes.push(digit_at(*high, place)? << 4 | digit_at(*low, place.saturating_add(1))?);
    }
    match rest {
        [] => Ok(bytes),
        [last, ..] => digit_at(*last, text.len()).and(Err(NotHex::OddLength)),
    }
}

/// Two lower-case digits for each byte.
pub(super) fn write(bytes: &[u8], formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
}

fn digit_at(byte: u8, place: usize) -> Result<u8, NotHex> {
    let digit = char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digit.ok_or(NotHex::Digit { place })
=======
pub(super) fn decode(text: &str) -> Result<Vec<u8>, NotHex> {
    hex::decode(text).map_err(|_| NotHex::of(text))
}

impl NotHex {
    /// A wrong character is named before an odd number of them: it says where to look.
    fn of(text: &str) -> Self {
        let place = text.bytes().zip(1..).find(|(byte, _)| !byte.is_ascii_hexdigit());
        place.map_or(Self::OddLength, |(_, place)| Self::Digit { place })
    }
>>>>>>> Stashed changes
}
