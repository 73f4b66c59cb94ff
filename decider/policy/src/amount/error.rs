//! What can be wrong with the text of an amount.

/// Longest amount text that is read, in bytes. The largest amount has 78 digits; the rest is room for zeros.
pub const MAX_AMOUNT_TEXT_BYTES: usize = 128;

/// Why text is not an amount. No message repeats the text: it may be long, or made to look like something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// No text at all.
    #[error("the amount is empty: expected decimal digits, such as 0 or 12.5")]
    Empty,
    /// Longer than [`MAX_AMOUNT_TEXT_BYTES`].
    #[error("the amount has {bytes} bytes: at most {MAX_AMOUNT_TEXT_BYTES} are read")]
    TooLong {
        /// Length in bytes.
        bytes: usize,
    },
    /// Something other than digits around at most one point.
    #[error(
        "the amount is not decimal text at character {place}: expected digits and at most one point between \
         them, such as 0 or 12.5"
    )]
    NotDecimal {
        /// The first character that does not fit, counted from 1; one past the end where a digit is missing.
        place: usize,
    },
    /// `007`: no program writes an amount like this, so something went wrong before.
    #[error("the amount starts with a needless zero: expected 0, or a number that starts with 1 to 9")]
    LeadingZero,
    /// A point where only a number of base units is read.
    #[error("the amount has a decimal point: expected a whole number of base units")]
    NotWhole,
    /// Finer than a base unit of the asset.
    #[error("the amount has {given} decimals: it may have at most {allowed}, and nothing is rounded")]
    TooManyDecimals {
        /// Decimals in the text, trailing zeros left out.
        given: usize,
        /// Decimals of the asset.
        allowed: u8,
    },
    /// 2²⁵⁶ base units or more.
    #[error("the amount is too large: at most 2^256 - 1 base units can be represented")]
    Overflow,
}
