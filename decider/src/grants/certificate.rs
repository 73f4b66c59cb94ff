//! The identities of a certificate. What cannot be read names nobody: less is granted, never more.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use super::identity::Identity;
use super::subject::{Subject, SubjectPart};

/// Every identity of a certificate that was verified already, in DER.
pub fn identities(der: &[u8]) -> Vec<Identity> {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return Vec::new() };
    let mut found = alternative_names(&certificate);
    found.extend(subject(certificate.subject()).map(Identity::Subject));
    found
}

/// What a certificate says of itself beside its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// From when on it holds, in seconds since 1970.
    pub not_before: i64,
    /// Until when.
    pub not_after: i64,
    /// Whether it may sign others.
    pub is_authority: bool,
}

/// What it says of itself. `None`: it cannot be read.
pub fn facts(der: &[u8]) -> Option<Facts> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let (from, to) = (certificate.validity().not_before, certificate.validity().not_after);
    let is_authority = certificate.is_ca();
    Some(Facts { not_before: from.timestamp(), not_after: to.timestamp(), is_authority })
}

/// When it ends, in seconds since 1970. `None`: it cannot be read.
pub fn expiry(der: &[u8]) -> Option<i64> {
    facts(der).map(|facts| facts.not_after)
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<Identity> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = &names.value.general_names;
    let uris: Vec<&str> = names.iter().filter_map(uri).collect();
    let mut found = Vec::new();
    // A certificate with several URIs is no X.509-SVID: which of them is meant, nobody knows.
    if let [only] = uris.as_slice() {
        found.extend(Identity::spiffe(only).ok());
    }
    found.extend(names.iter().filter_map(dns).filter_map(|name| Identity::dns(name).ok()));
    found
}

fn uri<'n>(name: &'n GeneralName<'_>) -> Option<&'n str> {
    match name {
        GeneralName::URI(uri) => Some(uri),
        _ => None,
    }
}

/// Wildcards stand for names that nobody has proven to be one's own: [`Identity::dns`] refuses them.
fn dns<'n>(name: &'n GeneralName<'_>) -> Option<&'n str> {
    match name {
        GeneralName::DNSName(name) => Some(name),
        _ => None,
    }
}

/// `None` where it is empty, or has a value in an encoding that is not read.
fn subject(name: &X509Name<'_>) -> Option<Subject> {
    let parts: Option<Vec<SubjectPart>> = name
        .iter_rdn()
        .map(|part| {
            let attribute = |each: &x509_parser::x509::AttributeTypeAndValue<'_>| {
                Some((each.attr_type().to_id_string(), each.as_str().ok()?.to_owned()))
            };
            part.iter().map(attribute).collect()
        })
        .collect();
    Subject::of_certificate(parts?)
}
