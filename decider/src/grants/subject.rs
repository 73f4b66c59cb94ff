//! Subjects of certificates as RFC 4514 writes them. Compared part by part, byte by byte: another order, another case
//! or one part more is somebody else.

use std::collections::BTreeSet;
use std::fmt::{self, Display};

use super::error::IdentityError;
use crate::yaml::names::{shown, unknown};

/// A subject, the most specific part first: the other way round than in the certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(Vec<SubjectPart>);

/// Mostly one attribute; with `+` between them, several that have no order.
pub type SubjectPart = BTreeSet<Attribute>;

/// The object identifier of its type, in dots, and its value.
pub type Attribute = (String, String);

/// The short names of RFC 4514, section 3, and two more that certificates have.
const TYPES: [(&str, &str); 11] = [
    ("CN", "2.5.4.3"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("C", "2.5.4.6"),
    ("STREET", "2.5.4.9"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("serialNumber", "2.5.4.5"),
    ("emailAddress", "1.2.840.113549.1.9.1"),
];
/// What a value must escape (RFC 4514, section 2.4), beside a blank at either end and "#" at the start.
const SPECIAL: &str = "\"+,;<>\\";

impl Subject {
    /// Of a certificate's parts, in its own order. `None` where there are none: an empty subject is nobody's.
    pub fn of_certificate(mut parts: Vec<SubjectPart>) -> Option<Self> {
        parts.reverse();
        (!parts.is_empty()).then_some(Self(parts))
    }

    /// Reads `CN=edge,OU=Payments+UID=7,O=Example\, Inc.`
    ///
    /// # Errors
    /// It is not written so.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        let mut parts = vec![SubjectPart::new()];
        for (attribute, end) in split(text)? {
            let repeated = parts.last_mut().is_some_and(|part| !part.insert(attribute));
            if repeated {
                return refused("the same attribute is there twice between two commas");
            }
            if end == ',' {
                parts.push(SubjectPart::new());
            }
        }
        Ok(Self(parts))
    }
}

/// The attributes, each with what stands after it: `,` or `+`, or the end, which reads as `+`.
fn split(text: &str) -> Result<Vec<(Attribute, char)>, IdentityError> {
    let mut read = Vec::new();
    let mut rest = Some(text);
    while let Some(text) = rest {
        let Some((name, value)) = text.split_once('=') else {
            return refused(&format!("expected TYPE=VALUE, found {}", shown(text)));
        };
        let (value, end, after) = read_value(value)?;
        read.push(((type_of(name)?, value), end.unwrap_or('+')));
        rest = end.map(|_| after);
    }
    Ok(read)
}

fn type_of(name: &str) -> Result<String, IdentityError> {
    if name.trim() != name {
        return refused("there are no blanks around commas, \"+\" and \"=\"");
    }
    let dotted = name.contains('.') && name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if dotted {
        return Ok(name.to_owned());
    }
    let known = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known
        .map(|(_, id)| (*id).to_owned())
        .ok_or_else(|| IdentityError(unknown("attribute type", name, TYPES.iter().map(|(known, _)| *known))))
}

/// A value without its escapes, the separator after it, and what follows that.
fn read_value(text: &str) -> Result<(String, Option<char>, &str), IdentityError> {
    let mut value = Vec::new();
    let mut rest = text.chars();
    let end = loop {
        match rest.next() {
            None => break None,
            Some(end @ (',' | '+')) => break Some(end),
            Some('\\') => read_escape(&mut rest, &mut value)?,
            Some(special) if SPECIAL.contains(special) => {
                return refused(&format!("write \\{special} for {special} inside a value"));
            }
            Some(plain) => value.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    };
    let written = text.get(..text.len().saturating_sub(rest.as_str().len())).unwrap_or_default();
    let written = written.strip_suffix([',', '+']).filter(|_| end.is_some()).unwrap_or(written);
    if written.is_empty() {
        return refused("an attribute has no value");
    }
    let blank_at_end = written.ends_with(' ') && !written.ends_with("\\ ");
    if written.starts_with([' ', '#']) || blank_at_end {
        return refused("a blank at either end of a value, or # at its start, is written with \\ before it");
    }
    let value = String::from_utf8(value);
    Ok((value.map_err(|_| IdentityError("the escaped bytes are not UTF-8".into()))?, end, rest.as_str()))
}

/// After a backslash: a special character, or the two hexadecimal digits of a byte.
fn read_escape(rest: &mut std::str::Chars<'_>, value: &mut Vec<u8>) -> Result<(), IdentityError> {
    let odd = || IdentityError("after \\ comes a special character or two hexadecimal digits".into());
    let first = rest.next().ok_or_else(odd)?;
    if SPECIAL.contains(first) || " #=".contains(first) {
        value.extend_from_slice(first.encode_utf8(&mut [0; 4]).as_bytes());
        return Ok(());
    }
    let digits = first.to_digit(16).zip(rest.next().and_then(|second| second.to_digit(16)));
    let (high, low) = digits.ok_or_else(odd)?;
    value.push(u8::try_from(high.saturating_mul(16).saturating_add(low)).map_err(|_| odd())?);
    Ok(())
}

fn refused<T>(why: &str) -> Result<T, IdentityError> {
    Err(IdentityError(format!("{why}; a subject is written like \"CN=edge,O=Example\"")))
}

impl Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(shown_part).collect();
        formatter.write_str(&parts.join(","))
    }
}

fn shown_part(part: &SubjectPart) -> String {
    let attributes: Vec<String> = part.iter().map(|(id, value)| shown_attribute(id, value)).collect();
    attributes.join("+")
}

fn shown_attribute(id: &str, value: &str) -> String {
    let name = TYPES.iter().find(|(_, known)| *known == id).map_or(id, |(name, _)| name);
    let last = value.chars().count().saturating_sub(1);
    let escaped = value.chars().enumerate().map(|(at, each)| match each {
        control if control.is_control() => {
            control.to_string().bytes().map(|byte| format!("\\{byte:02X}")).collect()
        }
        special if SPECIAL.contains(special) => format!("\\{special}"),
        '#' if at == 0 => "\\#".to_owned(),
        ' ' if at == 0 || at == last => "\\ ".to_owned(),
        plain => plain.to_string(),
    });
    format!("{name}={}", escaped.collect::<String>())
}
