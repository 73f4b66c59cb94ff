//! Who may connect at all, where nothing later proves who asks (callback protocol, section 1).

use std::net::{IpAddr, SocketAddr};

use thiserror::Error;
use tokio::io::AsyncRead;

use super::{
    proxied::{self, ProxyHeaderError},
    sources::Networks,
};

/// The networks that callers may come from, and the proxies that say for whom they connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// Where callers are, those behind a proxy included.
    pub sources: Networks,
    /// Who has to begin each connection with a PROXY header. From nobody else one is believed: he would choose his own
    /// address.
    pub proxies: Networks,
}

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

impl Refused {
    /// A stable word for metrics.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Source(_) => "source",
            Self::Proxy(..) => "proxy_header",
        }
    }
}

impl Fence {
    /// Lets a connection from `from` in, or not. Reads the PROXY header of those that have to send one, and nothing of
    /// others: their TLS handshake fails at one. A proxy that connects for itself counts like any caller.
    pub async fn admit(
        &self,
        stream: &mut (impl AsyncRead + Unpin),
        from: SocketAddr,
    ) -> Result<LetIn, Refused> {
        let behind = match self.proxies.contain(from.ip()) {
            true => {
                proxied::behind(stream).await.map_err(|error| Refused::Proxy(canonical(from).ip(), error))?
            }
            false => None,
        };
        let peer = canonical(behind.unwrap_or(from));
        match self.sources.contain(peer.ip()) {
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
        let networks =
            |list: &[&str]| Networks::new(list.iter().map(|text| network(text).expect(text)).collect());
        Fence {
            sources: networks(&["10.1.0.0/16", "fd00::/8"]),
            proxies: networks(&["10.1.9.9/32", "192.0.2.1/32"]),
        }
    }

    /// The peer that was let in, or why nobody was, and how many bytes were left unread.
    async fn admit(from: &str, sent: &[u8]) -> (String, usize) {
        let mut stream = sent;
        let admitted = fence().admit(&mut stream, from.parse().expect(from)).await;
        let told = admitted.map_or_else(|refused| refused.to_string(), |let_in| let_in.peer().to_string());
        (told, stream.len())
    }

    #[tokio::test]
    async fn by_address_alone_and_nothing_is_read() {
        let header = b"PROXY TCP4 10.1.2.3 10.9.9.9 4000 8444\r\n";
        for (from, told) in [
            ("10.1.2.3:5", "10.1.2.3:5"),
            ("[::ffff:10.1.2.3]:5", "10.1.2.3:5"),
            ("[fd00::1]:5", "[fd00::1]:5"),
            ("10.2.0.0:5", "10.2.0.0 is in none of json.listen.source_networks"),
            ("[::ffff:10.2.0.0]:5", "10.2.0.0 is in none of json.listen.source_networks"),
            // Next to a proxy is no proxy.
            ("192.0.2.2:5", "192.0.2.2 is in none of json.listen.source_networks"),
        ] {
            assert_eq!(admit(from, header).await, (told.to_owned(), header.len()), "{from}");
        }
    }

    #[tokio::test]
    async fn a_proxy_has_to_say_for_whom_and_is_believed() {
        let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
        for (from, sent, told) in [
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
            assert_eq!(admit(from, sent).await, (told.to_owned(), 0), "{from}");
        }
    }
}
