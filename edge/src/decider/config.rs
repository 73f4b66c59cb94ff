//! Where the deciders are, and who we are to them.

use std::{fmt, net::SocketAddr, time::Duration};

use http::Uri;
use thiserror::Error;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

/// A decision's deadline where none is configured.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(15);
/// Longest deadline that leaves time to sign and send: the Co-signer gives up after 30 s.
pub const MAX_DEADLINE: Duration = Duration::from_secs(20);
/// For TCP, and again for TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(3);
const HTTPS_PORT: u16 = 443;

/// Where the deciders are and who we are to them.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where they are; at least one, none twice.
    pub addresses: Vec<Address>,
    /// Who we are.
    pub identity: Identity,
    /// Longest a decision may take.
    pub deadline: Duration,
    /// After so long without an answer a second decider is asked too. `None`: not before the first has been silent
    /// for long.
    pub hedge_after: Option<Duration>,
}

/// An address or a TLS identity that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The address is not an https URL with a host.
    #[error("must be an https:// address with host and port, such as https://localhost:50051")]
    Address,
    /// The TLS settings are refused.
    #[error("the TLS settings for the decider are refused: {0}")]
    Tls(tonic::transport::Error),
}

/// An https URL that names one decider or several: all that its host resolves to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address(Uri);

impl Address {
    /// Plain text would let anybody on the way say APPROVE, so it is https or nothing.
    pub fn parse(url: &str) -> Result<Self, ConfigError> {
        let uri: Uri = url.parse().map_err(|_| ConfigError::Address)?;
        let usable = uri.scheme_str() == Some("https")
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.path() == "/"
            && uri.query().is_none();
        if usable { Ok(Self(uri)) } else { Err(ConfigError::Address) }
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

    /// Whether both name the same, however they are written.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.host().eq_ignore_ascii_case(other.host()) && self.port() == other.port()
    }
}

/// Who we are to a decider, and whose deciders we believe.
#[derive(Clone)]
pub struct Identity(ClientTlsConfig);

impl Identity {
    /// Believes deciders under `ca`; to them `certificate` and `key` prove us (all PEM).
    #[must_use]
    pub fn new(ca: &[u8], certificate: &[u8], key: &[u8]) -> Self {
        let identity = tonic::transport::Identity::from_pem(certificate, key);
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca)).identity(identity);
        Self(tls.timeout(CONNECT_TIMEOUT))
    }

    /// Whether TLS takes it for this address.
    pub fn check(&self, address: &Address) -> Result<(), ConfigError> {
        self.endpoint(address, Endpoint::from(address.0.clone())).map(drop)
    }

    /// A channel to the decider of this address that is `at`; it connects when it is first used. Whichever machine
    /// that is, its certificate must be for the host of the URL.
    pub(super) fn channel(&self, address: &Address, at: SocketAddr) -> Result<Channel, ConfigError> {
        let endpoint = Endpoint::from_shared(format!("https://{at}")).map_err(|_| ConfigError::Address)?;
        Ok(self.endpoint(address, endpoint)?.connect_lazy())
    }

    fn endpoint(&self, address: &Address, endpoint: Endpoint) -> Result<Endpoint, ConfigError> {
        let tls = self.0.clone().domain_name(address.host());
        let endpoint = endpoint.origin(address.0.clone()).tls_config(tls).map_err(ConfigError::Tls)?;
        Ok(endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true))
    }
}

/// Never the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
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
