//! The caller at the other end of a connection, and the fence of JSON mode, where nothing later proves who asks
//! (callback protocol, section 1).

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

/// Proof that a fence has let a connection in. Only a fence makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LetIn(());

/// Why a connection is closed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// Its address is not listed.
    #[error("{0} is in none of json.listen.source_networks")]
    Source(IpAddr),
    /// A proxy without a usable PROXY header.
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

/// The caller that a proxy connects for, as its PROXY header says; the proxy itself where it connects for itself.
///
/// Headers of other peers are not read: TLS fails on a handshake that begins with one.
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
        match self.0.contains(peer.ip()) {
            true => Ok(LetIn(())),
            false => Err(Refused::Source(peer.ip().to_canonical())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sources::network, *};

    fn fence() -> Fence {
        Fence(Networks::new(["10.1.0.0/16", "fd00::/8"].map(|text| network(text).expect(text)).to_vec()))
    }

    /// The address of the peer where it is let in, or why it is not.
    fn told(peer: Result<SocketAddr, Refused>) -> String {
        let admitted = peer.and_then(|peer| fence().admit(peer).map(|_| peer.ip().to_canonical()));
        admitted.map_or_else(|refused| refused.to_string(), |address| address.to_string())
    }

    #[test]
    fn by_address() {
        for (from, expected) in [
            ("10.1.2.3:5", "10.1.2.3"),
            ("[::ffff:10.1.2.3]:5", "10.1.2.3"),
            ("[fd00::1]:5", "fd00::1"),
            ("10.2.0.0:5", "10.2.0.0 is in none of json.listen.source_networks"),
            ("[::ffff:10.2.0.0]:5", "10.2.0.0 is in none of json.listen.source_networks"),
        ] {
            assert_eq!(told(Ok(from.parse().expect(from))), expected, "{from}");
        }
    }

    #[tokio::test]
    async fn a_proxy_has_to_say_for_whom_and_is_believed() {
        let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
        for (from, sent, expected) in [
            ("192.0.2.1:5", &b"PROXY TCP4 10.1.2.3 10.9.9.9 4000 8444\r\n"[..], "10.1.2.3"),
            ("[::ffff:192.0.2.1]:5", b"PROXY TCP6 ::ffff:10.1.2.3 ::1 4000 8444\r\n", "10.1.2.3"),
            (
                "192.0.2.1:5",
                b"PROXY TCP4 10.2.2.3 10.9.9.9 4000 8444\r\n",
                "10.2.2.3 is in none of json.listen.source_networks",
            ),
            // That the proxy's own address is listed does not let in a caller behind it.
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
            ("10.1.9.9:5", local, "10.1.9.9"),
            ("192.0.2.1:5", local, "192.0.2.1 is in none of json.listen.source_networks"),
        ] {
            let mut stream = sent;
            let peer = behind(&mut stream, from.parse().expect(from)).await;
            assert_eq!(told(peer), expected, "{from}");
            assert_eq!(stream.len(), 0, "{from}");
        }
    }
}
