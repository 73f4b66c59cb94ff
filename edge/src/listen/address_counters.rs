//! What is counted for each address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use super::{config::Limits, rate::Meter};

/// Addresses that are remembered. Beyond it those without a connection are forgotten, with their used-up rates; those
/// where nobody was ever proven go first, or a caller with many addresses could have the Co-signers' forgotten.
const MAX_ADDRESSES: usize = 65_536;
/// The part of an IPv6 address that tells callers apart: one usually has the whole /64 network.
const IPV6_NETWORK: u128 = u128::MAX << 64;

/// An IPv4 address, or the /64 network of an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct AddressKey(IpAddr);

impl From<IpAddr> for AddressKey {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() & IPV6_NETWORK).into()),
            v4 @ IpAddr::V4(_) => Self(v4),
        }
    }
}

/// What is counted for one address.
#[derive(Debug)]
pub(super) struct AddressCounters {
    /// Open connections.
    pub(super) connections: AtomicUsize,
    /// Those of them whose TLS handshake is not done yet.
    pub(super) handshakes: AtomicUsize,
    /// The rate of new connections.
    pub(super) connection_rate: Meter,
    /// The rate of requests over unproven connections.
    pub(super) request_rate: Meter,
    /// Requests in flight over unproven connections.
    pub(super) requests: AtomicUsize,
    /// The bytes of their bodies.
    pub(super) body_bytes: AtomicUsize,
    /// Whether one of its connections was ever proven. Another caller of the address cannot undo that.
    pub(super) known: AtomicBool,
}

impl AddressCounters {
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

/// The addresses that have connections, and some that had.
#[derive(Debug, Default)]
pub(super) struct AddressTable(HashMap<AddressKey, Arc<AddressCounters>>);

impl AddressTable {
    pub(super) fn counters_of(&mut self, key: AddressKey, limits: &Limits) -> Arc<AddressCounters> {
        if self.0.len() >= MAX_ADDRESSES {
            self.0.retain(|_, counters| counters.is_connected() || counters.known.load(Ordering::Relaxed));
        }
        if self.0.len() >= MAX_ADDRESSES {
            self.0.retain(|_, counters| counters.is_connected());
        }
        Arc::clone(self.0.entry(key).or_insert_with(|| Arc::new(AddressCounters::new(limits))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_counts_by_its_network_and_mapped_addresses_are_ipv4() {
        let key = |text: &str| AddressKey::from(text.parse::<IpAddr>().expect("an address"));
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    #[test]
    fn no_more_addresses_are_remembered_than_there_is_room_for() {
        let (mut addresses, limits) = (AddressTable::default(), Limits::default());
        let held = addresses.counters_of(AddressKey(IpAddr::from([10, 0, 0, 1])), &limits);
        held.connections.store(1, Ordering::Relaxed);
        let known = addresses.counters_of(AddressKey(IpAddr::from([10, 0, 0, 2])), &limits);
        known.known.store(true, Ordering::Relaxed);
        for number in 0..MAX_ADDRESSES {
            let address = Ipv6Addr::from_bits((number as u128) << 64);
            addresses.counters_of(AddressKey::from(IpAddr::V6(address)), &limits);
            assert!(addresses.0.len() <= MAX_ADDRESSES);
        }
        let again = addresses.counters_of(AddressKey(IpAddr::from([10, 0, 0, 1])), &limits);
        assert!(Arc::ptr_eq(&held, &again), "one with connections is not forgotten");
        let again = addresses.counters_of(AddressKey(IpAddr::from([10, 0, 0, 2])), &limits);
        assert!(Arc::ptr_eq(&known, &again), "nor is one where somebody was proven");
        addresses.0.values().for_each(|counters| counters.known.store(true, Ordering::Relaxed));
        for number in 0..MAX_ADDRESSES {
            let address = Ipv6Addr::from_bits((number as u128 + 1) << 80);
            addresses.counters_of(AddressKey::from(IpAddr::V6(address)), &limits);
        }
        assert!(addresses.0.len() <= MAX_ADDRESSES, "however many are");
    }
}
