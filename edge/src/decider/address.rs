//! The addresses of deciders in the configuration.

use http::Uri;
use rustls_pki_types::ServerName;
use thiserror::Error;

const HTTPS_PORT: u16 = 443;

/// An address that is not an https URL with a host.
#[derive(Debug, Error)]
#[error("must be an https:// address with host and port, such as https://localhost:50051, and no user")]
pub struct AddressError;

/// An https URL that names one decider or several: all that its host resolves to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address(Uri);

impl Address {
    /// Only https: over plain text anybody on the network path could answer APPROVE.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let uri: Uri = url.parse().map_err(|_| AddressError)?;
        let usable = uri.scheme_str() == Some("https") && uri.path() == "/" && uri.query().is_none();
        let address = Self(uri);
        // The host is what a certificate must be for: no certificate is for an empty name, or one with a character too
        // many.
        let certifiable = ServerName::try_from(address.host()).is_ok();
        let named = address.0.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        if usable && certifiable && named && address.port() != 0 { Ok(address) } else { Err(AddressError) }
    }

    /// What is looked up, and what the decider's certificate must be for.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.0.host().unwrap_or_default();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// The port of all of them.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_u16().unwrap_or(HTTPS_PORT)
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.0
    }

    /// Whether both name the same, however they are written.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.host().eq_ignore_ascii_case(other.host()) && self.port() == other.port()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_https_url_with_a_host_and_nothing_else() {
        for (url, host, port) in [
            ("https://decider.internal:50051", "decider.internal", 50051),
            ("https://10.0.0.7:50051/", "10.0.0.7", 50051),
            ("https://[::1]:50051", "::1", 50051),
            ("https://decider", "decider", 443),
        ] {
            let address = Address::parse(url).expect(url);
            assert_eq!((address.host(), address.port()), (host, port));
        }
        for url in [
            "http://decider:1",
            "decider:1",
            "https://",
            "https://decider:1/path",
            "https://decider:1/?q",
            "",
            "https://a b",
            "https://decider!:50051",
            "https://-decider:50051",
            "https://user@decider:50051",
            "https://user:word@decider:50051",
            "https://decider:0",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_same_address_is_the_same_however_it_is_written() {
        let same = |one, other| Address::parse(one).expect(one).is_same(&Address::parse(other).expect(other));
        assert!(same("https://decider:443", "https://DECIDER/"));
        assert!(!same("https://decider:443", "https://decider:444"));
        assert!(!same("https://decider", "https://decider.internal"));
    }
}
