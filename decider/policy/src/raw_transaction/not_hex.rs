//! Hexadecimal text to bytes, with the place of what is wrong in it.

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
pub(super) fn decode(text: &str) -> Result<Vec<u8>, NotHex> {
    hex::decode(text).map_err(|_| NotHex::of(text))
}

impl NotHex {
    /// A wrong character is named before an odd number of them: it says where to look.
    fn of(text: &str) -> Self {
        let place = text.bytes().zip(1..).find(|(byte, _)| !byte.is_ascii_hexdigit());
        place.map_or(Self::OddLength, |(_, place)| Self::Digit { place })
    }
}
