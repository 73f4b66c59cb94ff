//! The open connections, and which of them is closed when there is no room for one more.
//!
//! A connection is *proven* once an authentic request came over it. Unproven ones make room for newer ones, the oldest
//! first: a real caller proves itself within milliseconds, so a flood of idle connections only closes its own.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::oneshot;

use super::{
    address_counters::{AddressCounters, AddressTable},
    config::Limits,
};
use crate::telemetry::{Shed, metrics::Metrics};

/// How an open connection is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CloseOrder {
    /// At once: its slot goes to another connection.
    AtOnce,
    /// When its requests in flight have ended.
    Drain,
}

/// The connections of one listener.
#[derive(Debug)]
pub(super) struct ConnectionTable {
    slots: Mutex<Slots>,
    limits: Limits,
    metrics: Arc<Metrics>,
}

/// The place of one connection in the table, free again when dropped.
#[derive(Debug)]
pub(super) struct ConnectionSlot {
    number: u64,
    table: Arc<ConnectionTable>,
    pub(super) counters: Arc<AddressCounters>,
    proven: AtomicBool,
}

impl ConnectionTable {
    pub(super) fn new(limits: Limits, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { slots: Mutex::default(), limits, metrics })
    }

    /// A slot for a connection from `peer`, and the channel that tells it to end. `None`: there is no room, close it.
    pub(super) fn take(
        self: &Arc<Self>,
        peer: IpAddr,
    ) -> Option<(ConnectionSlot, oneshot::Receiver<CloseOrder>)> {
        let mut slots = self.slots();
        let counters = slots.addresses.counters_of(peer.into(), &self.limits);
        if slots.closed || !self.make_room(&mut slots, &counters, peer) {
            return None;
        }
        let (order, told) = oneshot::channel();
        let number = slots.add(Row { counters: Arc::clone(&counters), order });
        Some((
            ConnectionSlot { number, table: Arc::clone(self), counters, proven: AtomicBool::new(false) },
            told,
        ))
    }

    /// Makes room for one more connection of this address by closing older ones. Whether there is room.
    fn make_room(&self, slots: &mut Slots, counters: &Arc<AddressCounters>, peer: IpAddr) -> bool {
        if !counters.connection_rate.try_take() {
            self.metrics.count_shed(Shed::ConnectionRate, peer);
            return false;
        }
        if counters.connections.load(Ordering::Relaxed) >= self.limits.max_connections_per_address {
            self.metrics.count_shed(Shed::ConnectionsOfAddress, peer);
            if !slots.end_oldest(|row| Arc::ptr_eq(&row.counters, counters)) {
                return false;
            }
        }
        if slots.handshaking.len() >= self.limits.max_handshakes {
            self.metrics.count_shed(Shed::Handshakes, peer);
            slots.end_oldest_handshake();
        }
        if slots.len() >= self.limits.max_connections {
            self.metrics.count_shed(Shed::Connections, peer);
            return slots.end_oldest(|_| true);
        }
        true
    }

    /// Tells every connection to end when its requests in flight have ended; takes no more connections.
    pub(super) fn drain(&self) {
        self.slots().close();
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionSlot {
    /// The TLS handshake is done.
    pub(super) fn finish_handshake(&self) {
        let slots = &mut *self.table.slots();
        if let Some(row) = slots.finish_handshake(self.number) {
            slots.unproven.insert(self.number, row);
        }
    }

    /// An authentic request came.
    pub(super) fn mark_proven(&self) {
        if self.is_proven() {
            return;
        }
        let slots = &mut *self.table.slots();
        self.proven.store(true, Ordering::Relaxed);
        self.counters.known.store(true, Ordering::Relaxed);
        if let Some(row) = slots.unproven.remove(&self.number) {
            slots.proven.insert(self.number, row);
        }
    }

    /// A request came that is not authentic: what the connection has proven before no longer counts.
    pub(super) fn mark_unproven(&self) {
        if !self.is_proven() {
            return;
        }
        let slots = &mut *self.table.slots();
        self.proven.store(false, Ordering::Relaxed);
        if let Some(row) = slots.proven.remove(&self.number) {
            slots.unproven.insert(self.number, row);
        }
    }

    pub(super) fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Relaxed)
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.table.slots().remove(self.number);
    }
}

/// The connections by number, which only grows: the first of each map is its oldest.
#[derive(Debug, Default)]
struct Slots {
    next: u64,
    closed: bool,
    addresses: AddressTable,
    handshaking: BTreeMap<u64, Row>,
    unproven: BTreeMap<u64, Row>,
    proven: BTreeMap<u64, Row>,
}

#[derive(Debug)]
struct Row {
    counters: Arc<AddressCounters>,
    order: oneshot::Sender<CloseOrder>,
}

impl Row {
    /// A connection that has ended in the meantime is not there to be told.
    fn tell(self, order: CloseOrder) {
        let _ = self.order.send(order);
    }
}

impl Slots {
    fn len(&self) -> usize {
        self.handshaking.len() + self.unproven.len() + self.proven.len()
    }

    fn add(&mut self, row: Row) -> u64 {
        row.counters.connections.fetch_add(1, Ordering::Relaxed);
        row.counters.handshakes.fetch_add(1, Ordering::Relaxed);
        self.next += 1;
        self.handshaking.insert(self.next, row);
        self.next
    }

    fn finish_handshake(&mut self, number: u64) -> Option<Row> {
        let row = self.handshaking.remove(&number)?;
        row.counters.handshakes.fetch_sub(1, Ordering::Relaxed);
        Some(row)
    }

    fn remove(&mut self, number: u64) -> Option<Row> {
        let row = match self.finish_handshake(number) {
            Some(row) => row,
            None => self.unproven.remove(&number).or_else(|| self.proven.remove(&number))?,
        };
        row.counters.connections.fetch_sub(1, Ordering::Relaxed);
        Some(row)
    }

    fn end_oldest(&mut self, of: impl Fn(&Row) -> bool) -> bool {
        let oldest =
            |rows: &BTreeMap<u64, Row>| rows.iter().find(|(_, row)| of(row)).map(|(number, _)| *number);
        match [oldest(&self.handshaking), oldest(&self.unproven)].into_iter().flatten().min() {
            Some(number) => self.end(number),
            None => return false,
        }
        true
    }

    /// Of the address that has the most: a caller that opens many at once closes its own, and nobody else's.
    fn end_oldest_handshake(&mut self) {
        let many = |row: &Row| row.counters.handshakes.load(Ordering::Relaxed);
        let most = self.handshaking.values().map(many).max();
        let oldest = self.handshaking.iter().find(|(_, row)| Some(many(row)) == most);
        if let Some(number) = oldest.map(|(number, _)| *number) {
            self.end(number);
        }
    }

    fn end(&mut self, number: u64) {
        if let Some(row) = self.remove(number) {
            row.tell(CloseOrder::AtOnce);
        }
    }

    fn close(&mut self) {
        self.closed = true;
        while let Some(number) = [&self.handshaking, &self.unproven, &self.proven]
            .iter()
            .find_map(|rows| rows.keys().next().copied())
        {
            if let Some(row) = self.remove(number) {
                row.tell(CloseOrder::Drain);
            }
        }
    }
}

#[cfg(test)]
mod tests;
