//! Whom a connection counts for, and what counts for them.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use super::{config::Limits, rate::Meter};

/// Addresses that are remembered. Beyond it those without a connection are forgotten, and have their rates anew; those where
/// nobody is known first, or whoever connects from many would have the others forgotten.
const MAX_ORIGINS: usize = 65_536;
/// Of an IPv6 address, what one caller usually has all of.
const IPV6_NETWORK: u128 = u128::MAX << 64;

/// An IPv4 address, or the /64 network of an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin(IpAddr);

impl From<IpAddr> for Origin {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() & IPV6_NETWORK).into()),
            v4 @ IpAddr::V4(_) => Self(v4),
        }
    }
}

/// What counts for one origin.
#[derive(Debug)]
pub(super) struct Tally {
    /// Open connections.
    pub(super) connections: AtomicUsize,
    /// Those of them that have not shaken hands yet.
    pub(super) handshakes: AtomicUsize,
    /// New connections.
    pub(super) connection_rate: Meter,
    /// Requests over connections that have proven nothing.
    pub(super) request_rate: Meter,
    /// Such requests at a time.
    pub(super) requests: AtomicUsize,
    /// The bytes of their bodies.
    pub(super) body_bytes: AtomicUsize,
    /// Whether one of its connections was ever proven. Whoever else is there cannot make that undone.
    pub(super) known: AtomicBool,
}

impl Tally {
    fn new(limits: &Limits) -> Self {
        Self {
            connections: AtomicUsize::default(),
            handshakes: AtomicUsize::default(),
            connection_rate: Meter::new(limits.connection_rate_per_address),
            request_rate: Meter::new(limits.request_rate_per_address),
            requests: AtomicUsize::default(),
            body_bytes: AtomicUsize::default(),
            known: AtomicBool::default(),
        }
    }

    fn is_connected(&self) -> bool {
        self.connections.load(Ordering::Relaxed) > 0
    }
}

/// The origins that have connections, and some that had.
#[derive(Debug, Default)]
pub(super) struct Origins(HashMap<Origin, Arc<Tally>>);

impl Origins {
    pub(super) fn tally(&mut self, origin: Origin, limits: &Limits) -> Arc<Tally> {
        if self.0.len() >= MAX_ORIGINS {
            self.0.retain(|_, tally| tally.is_connected() || tally.known.load(Ordering::Relaxed));
        }
        if self.0.len() >= MAX_ORIGINS {
            self.0.retain(|_, tally| tally.is_connected());
        }
        Arc::clone(self.0.entry(origin).or_insert_with(|| Arc::new(Tally::new(limits))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_counts_by_its_network_and_mapped_addresses_are_ipv4() {
        let origin = |text: &str| Origin::from(text.parse::<IpAddr>().expect("an address"));
        assert_eq!(origin("2001:db8:1:2::1"), origin("2001:db8:1:2:ffff::9"));
        assert_ne!(origin("2001:db8:1:2::1"), origin("2001:db8:1:3::1"));
        assert_eq!(origin("::ffff:192.0.2.1"), origin("192.0.2.1"));
        assert_ne!(origin("192.0.2.1"), origin("192.0.2.2"));
    }

    #[test]
    fn no_more_origins_are_remembered_than_there_is_room_for() {
        let (mut origins, limits) = (Origins::default(), Limits::default());
        let held = origins.tally(Origin(IpAddr::from([10, 0, 0, 1])), &limits);
        held.connections.store(1, Ordering::Relaxed);
        let known = origins.tally(Origin(IpAddr::from([10, 0, 0, 2])), &limits);
        known.known.store(true, Ordering::Relaxed);
        for number in 0..MAX_ORIGINS {
            let address = Ipv6Addr::from_bits((number as u128) << 64);
            origins.tally(Origin::from(IpAddr::V6(address)), &limits);
            assert!(origins.0.len() <= MAX_ORIGINS);
        }
        let again = origins.tally(Origin(IpAddr::from([10, 0, 0, 1])), &limits);
        assert!(Arc::ptr_eq(&held, &again), "one with connections is not forgotten");
        let again = origins.tally(Origin(IpAddr::from([10, 0, 0, 2])), &limits);
        assert!(Arc::ptr_eq(&known, &again), "nor is one where somebody is known");
        origins.0.values().for_each(|tally| tally.known.store(true, Ordering::Relaxed));
        for number in 0..MAX_ORIGINS {
            let address = Ipv6Addr::from_bits((number as u128 + 1) << 80);
            origins.tally(Origin::from(IpAddr::V6(address)), &limits);
        }
        assert!(origins.0.len() <= MAX_ORIGINS, "however many are");
    }
}
