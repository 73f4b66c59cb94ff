//! Who is at the other end of a connection, and who may connect at all where nothing later proves who asks (callback
//! protocol, section 1).

use std::net::{IpAddr, SocketAddr};

use thiserror::Error;
use tokio::io::AsyncRead;

use super::{
    proxied::{self, ProxyHeaderError},
    sources::Networks,
};
use crate::telemetry::metrics::RefusedConnection;

/// The networks that callers may come from, those behind a proxy included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence(pub Networks);

/// An address that a fence has let in. Only a fence makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LetIn(SocketAddr);

impl LetIn {
    /// The caller's, behind the proxy where there is one.
    #[must_use]
    pub const fn peer(self) -> SocketAddr {
        self.0
    }
}

/// A connection that is closed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// By where it comes from.
    #[error("{0} is in none of json.listen.source_networks")]
    Source(IpAddr),
    /// A proxy that does not say for whom it connects.
    #[error("the proxy {0} {1}")]
    Proxy(IpAddr, ProxyHeaderError),
}

impl From<Refused> for RefusedConnection {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Source(_) => Self::Source,
            Refused::Proxy(..) => Self::ProxyHeader,
        }
    }
}

/// For whom a proxy connects, as its PROXY header says. One that connects for itself counts like any caller.
///
/// Of others nothing is read: a TLS handshake that begins with such a header fails.
pub(super) async fn behind(
    stream: &mut (impl AsyncRead + Unpin),
    proxy: SocketAddr,
) -> Result<SocketAddr, Refused> {
    let behind = proxied::behind(stream).await;
    let behind = behind.map_err(|error| Refused::Proxy(proxy.ip().to_canonical(), error))?;
    Ok(behind.unwrap_or(proxy))
}

impl Fence {
    /// Lets a connection of `peer` in, or not.
    pub fn admit(&self, peer: SocketAddr) -> Result<LetIn, Refused> {
        let peer = canonical(peer);
        match self.0.contains(peer.ip()) {
            true => Ok(LetIn(peer)),
            false => Err(Refused::Source(peer.ip())),
        }
    }
}

/// An IPv4 address inside an IPv6 one is the IPv4 address.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::{super::sources::network, *};

    fn fence() -> Fence {
        Fence(Networks::new(["10.1.0.0/16", "fd00::/8"].map(|text| network(text).expect(text)).to_vec()))
    }

    /// The peer that was let in, or why nobody was.
    fn told(admitted: Result<LetIn, Refused>) -> String {
        admitted.map_or_else(|refused| refused.to_string(), |let_in| let_in.peer().to_string())
    }

    #[test]
    fn by_address() {
        for (from, expected) in [
            ("10.1.2.3:5", "10.1.2.3:5"),
            ("[::ffff:10.1.2.3]:5", "10.1.2.3:5"),
            ("[fd00::1]:5", "[fd00::1]:5"),
            ("10.2.0.0:5", "10.2.0.0 is in none of json.listen.source_networks"),
            ("[::ffff:10.2.0.0]:5", "10.2.0.0 is in none of json.listen.source_networks"),
        ] {
            assert_eq!(told(fence().admit(from.parse().expect(from))), expected, "{from}");
        }
    }

    #[tokio::test]
    async fn a_proxy_has_to_say_for_whom_and_is_believed() {
        let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
        for (from, sent, expected) in [
            ("192.0.2.1:5", &b"PROXY TCP4 10.1.2.3 10.9.9.9 4000 8444\r\n"[..], "10.1.2.3:4000"),
            ("[::ffff:192.0.2.1]:5", b"PROXY TCP6 ::ffff:10.1.2.3 ::1 4000 8444\r\n", "10.1.2.3:4000"),
            (
                "192.0.2.1:5",
                b"PROXY TCP4 10.2.2.3 10.9.9.9 4000 8444\r\n",
                "10.2.2.3 is in none of json.listen.source_networks",
            ),
            // What a proxy is does not help who is behind it.
            (
                "10.1.9.9:5",
                b"PROXY TCP4 10.2.2.3 10.9.9.9 4000 8444\r\n",
                "10.2.2.3 is in none of json.listen.source_networks",
            ),
            (
                "10.1.9.9:5",
                b"PROXY UNKNOWN\r\n",
                "the proxy 10.1.9.9 sent a PROXY header that does not say for whom (UNKNOWN, or no TCP)",
            ),
            (
                "10.1.9.9:5",
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00",
                "the proxy 10.1.9.9 sent no PROXY header: switch it on there (v1 or v2), or take the proxy out of proxies",
            ),
            // For itself: like any other caller.
            ("10.1.9.9:5", local, "10.1.9.9:5"),
            ("192.0.2.1:5", local, "192.0.2.1 is in none of json.listen.source_networks"),
        ] {
            let mut stream = sent;
            let peer = behind(&mut stream, from.parse().expect(from)).await;
            assert_eq!(told(peer.and_then(|peer| fence().admit(peer))), expected, "{from}");
            assert_eq!(stream.len(), 0, "{from}");
        }
    }
}
