//! Where to listen, as whom, and within which limits.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::{fence::Fence, tls::ServerTls};

/// Where to listen, as whom, and within which limits.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address and port.
    pub address: SocketAddr,
    /// Certificate and key.
    pub tls: ServerTls,
    /// Who may connect at all. `None`: anybody, for each request proves who asks.
    pub fence: Option<Arc<Fence>>,
    /// Bounds on what a caller may take.
    pub limits: Limits,
}

/// Bounds on what a caller may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest TLS handshake.
    pub handshake_timeout: Duration,
    /// Longest wait for the headers of a request, idle time between requests included.
    pub header_timeout: Duration,
    /// Longest a whole body may take.
    pub body_timeout: Duration,
    /// Longest from the headers to the answer.
    pub request_timeout: Duration,
    /// Largest body.
    pub max_body_bytes: usize,
    /// Open connections; more wait to be accepted.
    pub max_connections: usize,
    /// Longest wait for requests in flight at the end.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake_timeout: Duration::from_secs(5),
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(19),
            max_body_bytes: 2 << 20,
            max_connections: 512,
            drain_timeout: Duration::from_secs(25),
        }
    }
}
