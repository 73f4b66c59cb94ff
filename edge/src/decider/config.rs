//! Where the decider is, and who we are to it.

use std::time::Duration;

use thiserror::Error;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

/// A decision's deadline where none is configured.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(15);
/// Longest deadline that leaves time to sign and send: the Co-signer gives up after 30 s.
pub const MAX_DEADLINE: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(3);

/// Where the decider is and who we are to it.
#[derive(Clone, Debug)]
pub struct Config {
    /// The channel's settings, TLS included.
    pub endpoint: Endpoint,
    /// Longest a decision may take.
    pub deadline: Duration,
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

impl Config {
    /// Settings for `address`, known by a certificate under `ca`, to which `certificate` and `key` prove us
    /// (all PEM).
    pub fn new(
        address: &str,
        ca: &[u8],
        certificate: &[u8],
        key: &[u8],
        deadline: Duration,
    ) -> Result<Self, ConfigError> {
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(ca))
            .identity(Identity::from_pem(certificate, key));
        let endpoint = check_address(address)?
            .tls_config(tls)
            .map_err(ConfigError::Tls)?
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true);
        Ok(Self { endpoint, deadline })
    }
}

/// An https address with a host. Plain text would let anybody on the way say APPROVE.
pub fn check_address(address: &str) -> Result<Endpoint, ConfigError> {
    let endpoint = Endpoint::from_shared(address.to_owned()).map_err(|_| ConfigError::Address)?;
    let usable = endpoint.uri().scheme_str() == Some("https")
        && endpoint.uri().host().is_some_and(|host| !host.is_empty())
        && endpoint.uri().path() == "/"
        && endpoint.uri().query().is_none();
    if usable { Ok(endpoint) } else { Err(ConfigError::Address) }
}
