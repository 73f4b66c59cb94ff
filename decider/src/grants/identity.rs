//! The three kinds of names that a certificate can show, each told by its kind: the same text in another place of a
//! certificate is another identity.

use std::fmt::{self, Display};

use super::error::IdentityError;
use super::subject::Subject;

/// The longest SPIFFE ID, in bytes (SPIFFE-ID, section 2.3).
const MAX_SPIFFE_BYTES: usize = 2048;
/// The longest trust domain, in bytes (the same).
const MAX_TRUST_DOMAIN_BYTES: usize = 255;
/// The longest host name, in bytes (RFC 1035).
const MAX_DNS_BYTES: usize = 253;
/// The longest part of one (the same).
const MAX_LABEL_BYTES: usize = 63;

/// Who somebody is, by a certificate of the authority. Made by the parsers only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// The SPIFFE ID in the one URI of its subject alternative names.
    Spiffe(String),
    /// A host name of its subject alternative names, in lower case. The common name is not one.
    Dns(String),
    /// Its whole subject.
    Subject(Subject),
}

impl Identity {
    /// A SPIFFE ID of a workload: `spiffe://TRUST-DOMAIN/PATH`, as the standard has it, without forgiveness.
    ///
    /// # Errors
    /// It is none.
    pub fn spiffe(text: &str) -> Result<Self, IdentityError> {
        let refused = |why: &str| Err(IdentityError(format!("{why}, such as spiffe://example.org/edge")));
        let Some((domain, path)) = text.strip_prefix("spiffe://").and_then(|rest| rest.split_once('/'))
        else {
            return refused("expected spiffe://, a trust domain, and a path");
        };
        let of_domain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
        let of_path = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if domain.is_empty() || domain.len() > MAX_TRUST_DOMAIN_BYTES || !domain.bytes().all(of_domain) {
            return refused("the trust domain of a SPIFFE ID has a-z, 0-9, \"-\", \".\" and \"_\" only");
        }
        let well_formed = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(of_path);
        if text.len() > MAX_SPIFFE_BYTES || !path.split('/').all(well_formed) {
            return refused("the path of a SPIFFE ID has parts of a-z, A-Z, 0-9, \"-\", \".\" and \"_\"");
        }
        Ok(Self::Spiffe(text.to_owned()))
    }

    /// A host name. Upper case is lower case; a wildcard names nobody.
    ///
    /// # Errors
    /// It is none.
    pub fn dns(text: &str) -> Result<Self, IdentityError> {
        let refused = |why: &str| Err(IdentityError(format!("{why}, such as edge.internal")));
        if text.contains('*') {
            return refused("a wildcard names nobody: write the whole host name");
        }
        let name = text.to_ascii_lowercase();
        let numeric = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
        if name.len() > MAX_DNS_BYTES || !name.split('.').all(is_label) {
            return refused("expected a host name of letters, digits, \"-\" and \".\"");
        }
        if name.rsplit('.').next().is_some_and(numeric) {
            return refused("an IP address is no host name: write one");
        }
        Ok(Self::Dns(name))
    }

    /// A subject as RFC 4514 writes it, the most specific part first: `CN=edge,O=Example`.
    ///
    /// # Errors
    /// It is none.
    pub fn subject(text: &str) -> Result<Self, IdentityError> {
        Subject::parse(text).map(Self::Subject)
    }
}

fn is_label(label: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edged = label.starts_with('-') || label.ends_with('-');
    !label.is_empty() && label.len() <= MAX_LABEL_BYTES && label.bytes().all(plain) && !edged
}

impl Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spiffe(id) => formatter.write_str(id),
            Self::Dns(name) => write!(formatter, "dns:{name}"),
            Self::Subject(subject) => write!(formatter, "subject:{subject}"),
        }
    }
}
