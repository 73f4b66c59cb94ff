//! What a certificate says of itself.

use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use thiserror::Error;
use x509_parser::{
    certificate::X509Certificate,
    extensions::GeneralName,
    prelude::{FromDer as _, ParsedExtension},
};

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// A certificate is warned of from so many days before its end on.
const WARNING_DAYS: i64 = 30;

/// Not an X.509 certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("cannot be read as an X.509 certificate")]
pub struct CertificateError;

/// What a certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its subject, such as `CN=edge.example.com`.
    pub subject: String,
    /// The names, addresses and URIs that it is for.
    pub names: Vec<String>,
    /// Valid from, in seconds since 1970.
    pub not_before_seconds: i64,
    /// Valid until, in seconds since 1970.
    pub not_after_seconds: i64,
    /// Whether it is an authority's, or its own authority.
    pub is_authority: bool,
    /// Its public key (SubjectPublicKeyInfo, DER): what a pin is on (callback protocol, section 1).
    pub public_key: Vec<u8>,
    /// What it is for, where it says so (extended key usage).
    pub purposes: Option<Purposes>,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purposes {
    /// To be a server (serverAuth).
    pub server: bool,
    /// To be a client (clientAuth).
    pub client: bool,
}

impl Purposes {
    /// For a listener's certificate. Callers that check the purpose reject one that is not for servers.
    #[must_use]
    pub const fn concern_of_server(self) -> Option<&'static str> {
        match self.server {
            true => None,
            false => Some(
                "is not for servers (extended key usage without serverAuth): most callers will not connect",
            ),
        }
    }

    /// For a client's certificate. Deciders reject one that is not for clients.
    #[must_use]
    pub const fn concern_of_client(self) -> Option<&'static str> {
        match self.client {
            true => None,
            false => Some("is not for clients (extended key usage without clientAuth): deciders refuse it"),
        }
    }
}

impl Certificate {
    /// Reads one, without checking whether it is to be trusted.
    ///
    /// # Errors
    /// It is damaged.
    pub fn read(der: &CertificateDer<'_>) -> Result<Self, CertificateError> {
        let (_, read) = X509Certificate::from_der(der).map_err(|_| CertificateError)?;
        Ok(Self {
            subject: read.subject().to_string(),
            names: names(&read),
            not_before_seconds: read.validity().not_before.timestamp(),
            not_after_seconds: read.validity().not_after.timestamp(),
            is_authority: read.is_ca() || read.subject() == read.issuer(),
            public_key: read.public_key().raw.to_vec(),
            purposes: purposes(&read),
        })
    }

    /// Whole days until its end; below zero after it.
    #[must_use]
    pub const fn days_left(&self, now_seconds: i64) -> i64 {
        self.not_after_seconds.saturating_sub(now_seconds).div_euclid(DAY_SECONDS)
    }

    /// Whether it is valid at this time.
    #[must_use]
    pub const fn holds(&self, now_seconds: i64) -> bool {
        self.not_before_seconds <= now_seconds && now_seconds <= self.not_after_seconds
    }

    /// What to warn of about the time that it is valid for. `None`: nothing.
    #[must_use]
    pub fn concern(&self, now_seconds: i64) -> Option<String> {
        let expired = "callers that check its dates will not connect. Renew it, with the same key";
        self.concern_of_time(now_seconds, expired, "renew it, with the same key")
    }

    /// What to warn of about it as an authority's certificate. `None`: nothing.
    #[must_use]
    pub fn concern_of_authority(&self, now_seconds: i64) -> Option<String> {
        if !self.is_authority {
            let concern = "is not an authority's certificate: no peer is trusted by it. Give the certificate of the authority that issued it";
            return Some(concern.to_owned());
        }
        self.concern_of_time(
            now_seconds,
            "give the authority that is there now",
            "have its successor beside it",
        )
    }

    /// The warning; `expired` and `expiring` say what to do then.
    fn concern_of_time(&self, now_seconds: i64, expired: &str, expiring: &str) -> Option<String> {
        let (from, to) = (day(self.not_before_seconds), day(self.not_after_seconds));
        match self.days_left(now_seconds) {
            ..0 => Some(format!("has expired ({to}): {expired}")),
            _ if now_seconds < self.not_before_seconds => {
                Some(format!("is not valid before {from}: is the machine's clock right?"))
            }
            left @ ..=WARNING_DAYS => Some(format!("expires in {left} days ({to}): {expiring}")),
            _ => None,
        }
    }
}

/// A point in time as people and programs read it, in UTC.
#[must_use]
pub fn day(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "no date".to_owned(), |time| time.to_string())
}

/// A file without certificates, or with a damaged one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("does not hold certificates (PEM, \"BEGIN CERTIFICATE\")")]
pub struct NoCertificates;

/// The certificates of a PEM file as roots. Each has to be usable: TLS skips what it cannot read, and with no root left
/// every peer would be rejected.
pub fn root_store(pem: &[u8]) -> Result<RootCertStore, NoCertificates> {
    let mut store = RootCertStore::empty();
    for certificate in chain(pem)? {
        store.add(certificate).map_err(|_| NoCertificates)?;
    }
    Ok(store)
}

/// The certificates of a PEM file, in its order; at least one.
pub fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, NoCertificates> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(NoCertificates),
    }
}

fn purposes(certificate: &X509Certificate<'_>) -> Option<Purposes> {
    let usage = certificate.extended_key_usage().ok()??.value;
    Some(Purposes { server: usage.server_auth, client: usage.client_auth })
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let extensions = certificate.extensions().iter().map(|extension| extension.parsed_extension());
    let alternatives = extensions.filter_map(|extension| match extension {
        ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
        _ => None,
    });
    alternatives.flatten().filter_map(name).collect()
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) | GeneralName::URI(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_was_made() {
        let names = ["edge.example.com", "127.0.0.1", "::1"].map(str::to_owned);
        let mut params = rcgen::CertificateParams::new(names.to_vec()).expect("parameters");
        params.distinguished_name.push(rcgen::DnType::CommonName, "edge");
        params.not_before = rcgen::date_time_ymd(2026, 1, 2);
        params.not_after = rcgen::date_time_ymd(2026, 4, 2);
        let spiffe = "spiffe://example.com/edge".to_owned();
        params.subject_alt_names.push(rcgen::SanType::URI(spiffe.clone().try_into().expect("ASCII")));
        let names = [&names[..], &[spiffe]].concat();
        let key = rcgen::KeyPair::generate().expect("a key");
        let made = params.self_signed(&key).expect("a certificate");
        let read = Certificate::read(made.der()).expect("a certificate");
        assert_eq!((read.subject.as_str(), read.names.as_slice()), ("CN=edge", &names[..]));
        assert_eq!((read.not_before_seconds, read.not_after_seconds), (1_767_312_000, 1_775_088_000));
        assert_eq!(read.public_key, rcgen::PublicKeyData::subject_public_key_info(&key));
        assert_eq!(read.purposes, None);
        assert_eq!(Certificate::read(&b"nothing".as_slice().into()), Err(CertificateError));
    }

    #[test]
    fn an_end_that_is_near_is_told() {
        let certificate = Certificate {
            subject: String::new(),
            names: Vec::new(),
            not_before_seconds: 1_767_312_000,
            not_after_seconds: 1_775_088_000,
            is_authority: false,
            public_key: Vec::new(),
            purposes: None,
        };
        let concern = |days: i64, seconds: i64| {
            certificate
                .concern(certificate.not_after_seconds - days * DAY_SECONDS - seconds)
                .unwrap_or_default()
        };
        assert_eq!((concern(89, 0), concern(31, 0)), (String::new(), String::new()));
        insta::assert_snapshot!(concern(31, -1), @"expires in 30 days (2026-04-02T00:00:00Z): renew it, with the same key");
        insta::assert_snapshot!(concern(0, 0), @"expires in 0 days (2026-04-02T00:00:00Z): renew it, with the same key");
        insta::assert_snapshot!(concern(0, -1), @"has expired (2026-04-02T00:00:00Z): callers that check its dates will not connect. Renew it, with the same key");
        insta::assert_snapshot!(concern(90, 1), @"is not valid before 2026-01-02T00:00:00Z: is the machine's clock right?");
        assert_eq!(concern(90, 0), "");
    }
}
