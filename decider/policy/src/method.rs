//! Methods of contracts: the four bytes that contract data begins with.

use std::fmt;

use sha3::{Digest as _, Keccak256};

/// How many bytes name a method.
const BYTES: usize = 4;
/// The longest signature, in bytes. It bounds how deep structs in structs go.
const MAX_SIGNATURE_BYTES: usize = 512;

/// A method, by its four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Method([u8; BYTES]);

/// Why text names no method. What is almost a signature would hash to a method that nobody calls.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MethodError {
    /// Neither form.
    #[error(
        "expected a signature such as transfer(address,uint256), without blanks and names, or 4 bytes such as 0xa9059cbb"
    )]
    Form,
    /// A type that no signature has.
    #[error(
        "{0} is not a type of a signature: write it out, such as uint256 for uint, and a struct as its types in brackets"
    )]
    Type(String),
}

impl Method {
    /// Reads a signature, or `0x` and eight hexadecimal digits.
    ///
    /// # Errors
    /// It is neither, or has a type that signatures do not have.
    pub fn parse(text: &str) -> Result<Self, MethodError> {
        if let Some(digits) = text.strip_prefix("0x") {
            let mut bytes = [0; BYTES];
            hex::decode_to_slice(digits, &mut bytes).map_err(|_| MethodError::Form)?;
            return Ok(Self(bytes));
        }
        check_signature(text)?;
        Self::of_bytes(Keccak256::digest(text).as_slice()).ok_or(MethodError::Form)
    }

    /// The method that contract data calls: `0x` and hexadecimal digits. `None`: less than four bytes, or not that.
    pub fn of_data(data: &str) -> Option<Self> {
        Self::of_bytes(&hex::decode(data.strip_prefix("0x")?).ok()?)
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().copied().map(Self)
    }
}

/// `0x` and eight hexadecimal digits: what its signature was, nobody can tell from them.
impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "0x{}", hex::encode(self.0))
    }
}

fn check_signature(text: &str) -> Result<(), MethodError> {
    if text.len() > MAX_SIGNATURE_BYTES || text.contains(char::is_whitespace) {
        return Err(MethodError::Form);
    }
    let (name, rest) = text.split_once('(').ok_or(MethodError::Form)?;
    let types = rest.strip_suffix(')').ok_or(MethodError::Form)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$';
    if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) || !name.bytes().all(plain) {
        return Err(MethodError::Form);
    }
    check_types(types)
}

/// Types between commas; a struct is a list of them in brackets.
fn check_types(types: &str) -> Result<(), MethodError> {
    if types.is_empty() {
        return Ok(());
    }
    split_at_commas(types)?.into_iter().try_for_each(|one| {
        let element = without_array(one);
        match element.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
            Some(inner) => check_types(inner),
            None if is_elementary(element) => Ok(()),
            None if one.is_empty() => Err(MethodError::Form),
            None => Err(MethodError::Type(one.chars().take(MAX_SHOWN_CHARS).collect())),
        }
    })
}

/// How much of an unknown type is repeated, in characters.
const MAX_SHOWN_CHARS: usize = 40;

/// At the commas that stand in no bracket.
fn split_at_commas(types: &str) -> Result<Vec<&str>, MethodError> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0_usize, 0_usize);
    for (place, character) in types.char_indices() {
        match character {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.checked_sub(1).ok_or(MethodError::Form)?,
            ',' if depth == 0 => {
                parts.extend(types.get(start..place));
                start = place.saturating_add(1);
            }
            _ => {}
        }
    }
    parts.extend(types.get(start..));
    if depth == 0 { Ok(parts) } else { Err(MethodError::Form) }
}

/// `uint256[2][]` is `uint256`.
fn without_array(mut text: &str) -> &str {
    while let Some((rest, length)) = text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
        if length.starts_with('0') || !length.bytes().all(|digit| digit.is_ascii_digit()) {
            break;
        }
        text = rest;
    }
    text
}

fn is_elementary(text: &str) -> bool {
    let sized = |prefix: &str, step: u16, most: u16| {
        let size = text.strip_prefix(prefix).filter(|digits| !digits.starts_with(['0', '+']));
        let size: Option<u16> = size.and_then(|digits| digits.parse().ok());
        size.is_some_and(|size| size <= most && size % step == 0)
    };
    ["address", "bool", "string", "bytes", "function"].contains(&text)
        || sized("uint", 8, 256)
        || sized("int", 8, 256)
        || sized("bytes", 1, 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex_of(text: &str) -> String {
        let Method([a, b, c, d]) = Method::parse(text).unwrap();
        format!("{a:02x}{b:02x}{c:02x}{d:02x}")
    }

    /// As published for the token standards and the most used contracts.
    #[test]
    fn signatures_hash_to_the_published_bytes() {
        for (signature, bytes) in [
            ("transfer(address,uint256)", "a9059cbb"),
            ("approve(address,uint256)", "095ea7b3"),
            ("transferFrom(address,address,uint256)", "23b872dd"),
            ("safeTransferFrom(address,address,uint256,bytes)", "b88d4fde"),
            ("multicall(bytes[])", "ac9650d8"),
            ("deposit()", "d0e30db0"),
            (
                "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))",
                "414bf389",
            ),
            ("0xA9059cbb", "a9059cbb"),
        ] {
            assert_eq!(hex_of(signature), bytes, "{signature}");
        }
    }

    #[test]
    fn what_would_hash_to_a_method_that_nobody_calls_is_refused() {
        for text in [
            "transfer(address, uint256)",
            "transfer(address to,uint256 value)",
            "transfer(address,uint)",
            "transfer(address,uint7)",
            "transfer(address,uint264)",
            "transfer(address,uint0256)",
            "f(bytes33)",
            "f(Token)",
            "f(address,)",
            "f(,)",
            "f(address[x])",
            "f(uint256[0])",
            "f(uint256[01][2])",
            "f((address)",
            "f(address))",
            "f",
            "(address)",
            "1f()",
            "f()()",
            "",
            "0xa9059c",
            "0xa9059cbbaa",
            "a9059cbb",
            "0xa9059cbg",
            " f()",
            &format!("f({}{})", "(".repeat(300), ")".repeat(300)),
        ] {
            assert!(Method::parse(text).is_err(), "{text:?}");
        }
        for text in ["transfer(address, uint256)", "f(address,)"] {
            assert_eq!(Method::parse(text), Err(MethodError::Form), "{text}");
        }
        insta::assert_snapshot!(Method::parse("f(uint)").unwrap_err(), @"uint is not a type of a signature: write it out, such as uint256 for uint, and a struct as its types in brackets");
        insta::assert_snapshot!(Method::parse("f").unwrap_err(), @"expected a signature such as transfer(address,uint256), without blanks and names, or 4 bytes such as 0xa9059cbb");
    }

    #[test]
    fn data_names_a_method_from_its_fourth_byte_on() {
        let transfer = Method::parse("transfer(address,uint256)").unwrap();
        assert_eq!(Method::of_data("0xa9059cbb"), Some(transfer));
        assert_eq!(Method::of_data("0xA9059CBB0000"), Some(transfer));
        for data in ["", "0x", "0xa9059c", "a9059cbb", "0xa9059cbb0", "0xa9059cbbzz", " 0xa9059cbb"] {
            assert_eq!(Method::of_data(data), None, "{data:?}");
        }
    }
}
