//! Where to listen, as whom, and within which limits.

use std::{net::SocketAddr, num::NonZeroU32, sync::Arc, time::Duration};

use callback::Bounds;

use super::{fence::Fence, sources::Networks, tls::ServerTls};

/// Where to listen, as whom, and within which limits.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address and port.
    pub address: SocketAddr,
    /// Certificate and key.
    pub tls: ServerTls,
    /// Peers that have to begin each connection with a PROXY header. Others must not send one: they could claim any
    /// address.
    pub proxies: Networks,
    /// Which addresses may connect at all. `None`: all of them, because each request proves who asks.
    pub fence: Option<Arc<Fence>>,
    /// Bounds on what a caller may take.
    pub limits: Limits,
}

/// Bounds on what a caller may take. An *address* is an IPv4 address or the /64 network of an IPv6 address; a
/// connection is *proven* once an authentic request came over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest TLS handshake.
    pub handshake_timeout: Duration,
    /// Longest from the first byte of a request to the end of its headers, and from the handshake to that byte of the
    /// first. Over HTTP/2 of the first only.
    pub header_timeout: Duration,
    /// Longest without a request.
    pub idle_timeout: Duration,
    /// Longest a whole body may take; and what comes of one after its answer, to be thrown away.
    pub body_timeout: Duration,
    /// Longest from the headers to the answer.
    pub request_timeout: Duration,
    /// Longest a caller may take to receive what is sent.
    pub write_timeout: Duration,
    /// Age at which a connection takes no more requests.
    pub max_connection_age: Duration,
    /// From SIGTERM until no more connections are accepted, so that balancers can notice that this edge is not ready.
    pub drain_notice: Duration,
    /// Longest wait for requests in flight after that.
    pub drain_timeout: Duration,
    /// Longest path and query.
    pub max_uri_bytes: usize,
    /// All headers of a request.
    pub max_header_bytes: usize,
    /// Headers of a request.
    pub max_headers: usize,
    /// Header part of a token, in base64.
    pub max_token_header_bytes: usize,
    /// What is decoded.
    pub payload: Bounds,
    /// Largest body. It bounds how many inputs a legacy UTXO transaction may have: each is sent with the whole of it.
    pub max_body_bytes: usize,
    /// All bodies at a time, shared like `max_requests`.
    pub max_body_memory: usize,
    /// Open connections.
    pub max_connections: usize,
    /// Open connections of one address.
    pub max_connections_per_address: usize,
    /// TLS handshakes at a time.
    pub max_handshakes: usize,
    /// Requests at a time on one HTTP/2 connection.
    pub max_streams: usize,
    /// Of these, requests that were cancelled before they were looked at.
    pub max_reset_streams: usize,
    /// Requests on one HTTP/2 connection that were refused for mistakes in its frames.
    pub max_refused_streams: usize,
    /// Requests at a time. Until they are authentic, those over unproven connections get half, a quarter more where
    /// their address was proven before, and one address a thirty-second part.
    pub max_requests: usize,
    /// Authentic requests at a time that wait for one fleet's decisions.
    pub max_decisions: usize,
    /// New connections of one address, a second.
    pub connection_rate_per_address: NonZeroU32,
    /// Requests of one address over connections that are not proven, a second.
    pub request_rate_per_address: NonZeroU32,
    /// Authentic requests of one Co-signer key on one path, a second.
    pub request_rate_per_key: NonZeroU32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake_timeout: Duration::from_secs(5),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(19),
            write_timeout: Duration::from_secs(10),
            max_connection_age: Duration::from_secs(60 * 60),
            drain_notice: Duration::from_millis(500),
            drain_timeout: Duration::from_secs(25),
            max_uri_bytes: 1 << 10,
            max_header_bytes: 16 << 10,
            max_headers: 64,
            max_token_header_bytes: 1 << 10,
            payload: Bounds::default(),
            max_body_bytes: 4 << 20,
            max_body_memory: 128 << 20,
            max_connections: 4096,
            max_connections_per_address: 512,
            max_handshakes: 1024,
            max_streams: 64,
            max_reset_streams: 20,
            max_refused_streams: 128,
            max_requests: 4096,
            max_decisions: 1024,
            connection_rate_per_address: per_second(500),
            request_rate_per_address: per_second(500),
            request_rate_per_key: per_second(1000),
        }
    }
}

/// So many, at least one.
const fn per_second(number: u32) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(number.saturating_sub(1))
}
