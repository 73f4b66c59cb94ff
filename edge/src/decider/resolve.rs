//! From the name of a decider to its addresses.

use std::{fmt::Debug, io, net::SocketAddr, pin::Pin};

/// The addresses of one name, or why there are none.
pub type Resolved = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Looks up names.
pub trait Resolve: Debug + Send + Sync {
    /// All addresses of `host`, each with `port`.
    fn resolve(&self, host: &str, port: u16) -> Resolved;
}

/// As the machine does it: `/etc/hosts`, `/etc/resolv.conf`, and what else its `nsswitch.conf` says.
#[derive(Clone, Copy, Debug)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str, port: u16) -> Resolved {
        let host = host.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn literals_and_the_names_of_the_machine_are_resolved() {
        for (host, expected) in
            [("127.0.0.1", "127.0.0.1:7"), ("::1", "[::1]:7"), ("localhost", "127.0.0.1:7")]
        {
            let found = SystemResolver.resolve(host, 7).await.expect(host);
            assert!(found.contains(&expected.parse().expect("an address")), "{host}: {found:?}");
        }
        assert!(SystemResolver.resolve("no-such-name.invalid", 7).await.is_err());
    }
}
