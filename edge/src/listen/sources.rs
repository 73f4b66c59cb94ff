//! Networks that callers may come from, and whether they are too many to be a fence.
//!
//! An IPv4 address inside an IPv6 one (`::ffff:10.1.2.3`) is treated as the IPv4 address, in lists and of connections:
//! on a socket for both a list could otherwise be bypassed, or would match nothing.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use thiserror::Error;

/// Bits before the IPv4 address in an IPv6 one.
const MAPPED_PREFIX: u8 = 96;
/// Most public addresses of a fence: those of an IPv4 /8.
const MAX_PUBLIC_IPV4: u64 = 1 << 24;
/// Most public addresses of a fence: those of an IPv6 /16.
const MAX_PUBLIC_IPV6: u128 = 1 << 112;
/// Networks of IPv6 whose addresses are those of IPv4, from this bit on: of a translator (RFC 6052), and of 6to4 (RFC
/// 3056).
const IPV4_WITHIN: [(&str, u8); 2] = [("64:ff9b::/96", 96), ("2002::/16", 16)];
/// Networks that cannot be reached from the internet.
const PRIVATE: [&str; 6] =
    ["10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"];

/// Text that is not a network.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// An address by itself.
    #[error("must be a network; for this one address: {0}")]
    Address(IpNet),
    /// Neither.
    #[error("must be a network, such as 10.1.2.0/24 or fd00::/8")]
    Form,
    /// Bits are set behind the prefix, so another network may be meant.
    #[error("has bits set behind its prefix: write {0}, if that is the network you mean")]
    HostBits(IpNet),
}

/// A network from text such as `10.1.2.0/24`.
///
/// # Errors
/// The text is none, or not its one form.
pub fn network(text: &str) -> Result<IpNet, NetworkError> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Err(NetworkError::Address(address.to_canonical().into()));
    }
    let network: IpNet = text.parse().map_err(|_| NetworkError::Form)?;
    match network.trunc() {
        whole if whole == network => Ok(unmapped(network)),
        whole => Err(NetworkError::HostBits(unmapped(whole))),
    }
}

fn unmapped(network: IpNet) -> IpNet {
    let unmapped = || {
        let address = network.addr().to_canonical();
        let prefix = network.prefix_len().checked_sub(MAPPED_PREFIX)?;
        IpNet::new(address, prefix).ok().filter(|_| address.is_ipv4())
    };
    if network.addr().is_ipv4() { network } else { unmapped().unwrap_or(network) }
}

/// Some networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// These.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether an address is in one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether they hold so many public addresses that they are no restriction.
    #[must_use]
    pub fn are_open(&self) -> bool {
        let within = self.0.iter().filter_map(ipv4_within);
        let all = self.0.iter().copied().chain(within);
        // Of those that overlap each address counts once.
        let public: Vec<IpNet> = all.filter(|network| !is_private(network)).collect();
        let (mut ipv4, mut ipv6) = (0_u64, 0_u128);
        for network in &IpNet::aggregate(&public) {
            match network {
                IpNet::V4(network) => ipv4 = ipv4.saturating_add(addresses_ipv4(network)),
                IpNet::V6(network) => ipv6 = ipv6.saturating_add(addresses_ipv6(network)),
            }
        }
        ipv4 > MAX_PUBLIC_IPV4 || ipv6 > MAX_PUBLIC_IPV6
    }
}

/// The IPv4 network that an IPv6 one stands for, or holds the whole of.
fn ipv4_within(network: &IpNet) -> Option<IpNet> {
    let IpNet::V6(network) = network else { return None };
    IPV4_WITHIN.iter().find_map(|(text, from)| {
        let carrier: Ipv6Net = text.parse().ok()?;
        if network.contains(&carrier) {
            return Some(Ipv4Net::default().into());
        }
        let bits = network.addr().to_bits() >> (96_u8.checked_sub(*from)?);
        let bits = u32::try_from(bits & u128::from(u32::MAX)).ok()?;
        let prefix = network.prefix_len().saturating_sub(*from).min(32);
        carrier.contains(network).then(|| Ipv4Net::new(bits.into(), prefix).ok().map(Into::into))?
    })
}

fn is_private(network: &IpNet) -> bool {
    PRIVATE.iter().filter_map(|text| text.parse::<IpNet>().ok()).any(|private| private.contains(network))
}

fn addresses_ipv4(network: &Ipv4Net) -> u64 {
    1 << (32 - u32::from(network.prefix_len()))
}

/// Of all there are, one less than that.
fn addresses_ipv6(network: &Ipv6Net) -> u128 {
    1_u128.checked_shl(128 - u32::from(network.prefix_len())).unwrap_or(u128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(list: &[&str]) -> Networks {
        Networks::new(list.iter().map(|text| network(text).expect(text)).collect())
    }

    #[test]
    fn networks_have_one_form() {
        let read = |text: &str| network(text).map_or_else(|error| error.to_string(), |net| net.to_string());
        for text in ["10.1.2.0/24", "10.1.2.3/32", "0.0.0.0/0", "fd00::/8", "::/0", "::1/128"] {
            assert_eq!(read(text), text);
        }
        assert_eq!(read("::ffff:10.1.2.0/120"), "10.1.2.0/24");
        assert_eq!(read("::ffff:0:0/96"), "0.0.0.0/0");
        insta::assert_snapshot!(read("10.1.2.3/24"), @"has bits set behind its prefix: write 10.1.2.0/24, if that is the network you mean");
        insta::assert_snapshot!(read("::ffff:10.1.2.3/120"), @"has bits set behind its prefix: write 10.1.2.0/24, if that is the network you mean");
        insta::assert_snapshot!(read("10.1.2.3"), @"must be a network; for this one address: 10.1.2.3/32");
        insta::assert_snapshot!(read("::ffff:10.1.2.3"), @"must be a network; for this one address: 10.1.2.3/32");
        insta::assert_snapshot!(read("fd00::7"), @"must be a network; for this one address: fd00::7/128");
        for text in ["", "10.1.2.0/33", "10.1.2/24", "fd00::/129", "internal", "10.1.2.0 /24", "10.1.2.0/-1"]
        {
            assert_eq!(network(text), Err(NetworkError::Form), "{text}");
        }
    }

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let fence = networks(&["10.1.2.0/24", "fd00::/8"]);
        for (address, inside) in [
            ("10.1.2.0", true),
            ("10.1.2.255", true),
            ("10.1.1.255", false),
            ("10.1.3.0", false),
            ("::ffff:10.1.2.9", true),
            ("::ffff:10.1.3.9", false),
            ("::10.1.2.9", false),
            ("fd12::1", true),
            ("fe80::1", false),
            ("::1", false),
        ] {
            assert_eq!(fence.contains(address.parse().expect(address)), inside, "{address}");
        }
        assert!(networks(&["::ffff:10.1.2.0/120"]).contains("10.1.2.7".parse().expect("an address")));
        // All of IPv6 is not IPv4.
        assert!(!networks(&["::/0"]).contains("::ffff:10.1.2.9".parse().expect("an address")));
        assert!(!Networks::default().contains("10.1.2.9".parse().expect("an address")));
    }

    #[test]
    fn a_fence_around_the_world_is_none() {
        let halves: Vec<String> = (0..=255).step_by(2).map(|number| format!("{number}.0.0.0/8")).collect();
        let halves: Vec<&str> = halves.iter().map(String::as_str).collect();
        for open in [
            &["0.0.0.0/0"][..],
            &["::/0"],
            &["10.1.2.0/24", "::/0"],
            &["::ffff:0:0/96"],
            &["0.0.0.0/1", "128.0.0.0/1"],
            &["::/1", "8000::/1"],
            &["52.0.0.0/7"],
            &["52.0.0.0/8", "54.0.0.0/32"],
            &["8.0.0.0/6"],
            &["2000::/3"],
            &["2002::/15"],
            &["f000::/4"],
            // IPv4 by way of a translator, or of a relay.
            &["64:ff9b::/96"],
            &["64:ff9b::/32"],
            &["64:ff9b::3400:0/103"],
            &["2002::/16"],
            &["2002:3400::/23"],
            &["52.0.0.0/8", "2002:3600::/48"],
            &halves,
        ] {
            assert!(networks(open).are_open(), "{open:?}");
        }
        for fence in [
            &["10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"][..],
            &["52.0.0.0/8"],
            &["10.0.0.0/8", "11.0.0.0/8"],
            &["52.0.0.0/9", "52.0.0.0/8", "52.128.0.0/9"],
            &["2001::/16"],
            &["203.0.113.7/32", "2001:db8::/32"],
            &["127.0.0.0/8", "::1/128"],
            &["64:ff9b::3400:0/104"],
            &["64:ff9b::a00:0/104", "2002:ac10::/28"],
            &["2002:3400::/24"],
            &["64:ff9c::/96"],
            &[],
        ] {
            assert!(!networks(fence).are_open(), "{fence:?}");
        }
    }
}
