//! The connections that are open, and who has to go when there is no room for one more.
//!
//! A connection is *proven* once an authentic request came over it. One that is not makes room for a newer one, the
//! oldest first: a caller in earnest proves itself within milliseconds, and whoever only takes up seats loses them.

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
    config::Limits,
    origin::{Origins, Tally},
};
use crate::telemetry::{Shed, metrics::Metrics};

/// What an open connection is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// End at once: the seat is taken.
    Leave,
    /// End when what is in flight has ended.
    Drain,
}

/// All seats of a listener.
#[derive(Debug)]
pub(super) struct Seats {
    table: Mutex<Table>,
    limits: Limits,
    metrics: Arc<Metrics>,
}

/// The seat of one connection, free again when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    number: u64,
    seats: Arc<Seats>,
    pub(super) tally: Arc<Tally>,
    proven: AtomicBool,
}

impl Seats {
    pub(super) fn new(limits: Limits, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { table: Mutex::default(), limits, metrics })
    }

    /// A seat for a connection from `peer`, and where it hears what to do. `None`: turned away.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<(Seat, oneshot::Receiver<Order>)> {
        let mut table = self.table();
        let tally = table.origins.tally(peer.into(), &self.limits);
        if table.closed || !self.make_room(&mut table, &tally, peer) {
            return None;
        }
        let (order, told) = oneshot::channel();
        let number = table.add(Row { tally: Arc::clone(&tally), order });
        Some((Seat { number, seats: Arc::clone(self), tally, proven: AtomicBool::new(false) }, told))
    }

    /// Whether there is room for one more of this origin, with what had to be done for it.
    fn make_room(&self, table: &mut Table, tally: &Arc<Tally>, peer: IpAddr) -> bool {
        if !tally.connection_rate.try_take() {
            self.metrics.count_shed(Shed::ConnectionRate, peer);
            return false;
        }
        if tally.connections.load(Ordering::Relaxed) >= self.limits.max_connections_per_address {
            self.metrics.count_shed(Shed::ConnectionsOfAddress, peer);
            if !table.end_oldest(|row| Arc::ptr_eq(&row.tally, tally)) {
                return false;
            }
        }
        if table.handshaking.len() >= self.limits.max_handshakes {
            self.metrics.count_shed(Shed::Handshakes, peer);
            table.end_oldest_handshake();
        }
        if table.len() >= self.limits.max_connections {
            self.metrics.count_shed(Shed::Connections, peer);
            return table.end_oldest(|_| true);
        }
        true
    }

    /// Tells every connection to end when what is in flight on it has ended, and takes no more.
    pub(super) fn drain(&self) {
        self.table().close();
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The TLS handshake is done.
    pub(super) fn finish_handshake(&self) {
        let table = &mut *self.seats.table();
        if let Some(row) = table.finish_handshake(self.number) {
            table.unproven.insert(self.number, row);
        }
    }

    /// An authentic request came.
    pub(super) fn mark_proven(&self) {
        if self.is_proven() {
            return;
        }
        let table = &mut *self.seats.table();
        self.proven.store(true, Ordering::Relaxed);
        self.tally.known.store(true, Ordering::Relaxed);
        if let Some(row) = table.unproven.remove(&self.number) {
            table.proven.insert(self.number, row);
        }
    }

    /// A request came that is not authentic: what the connection has proven before no longer counts.
    pub(super) fn mark_unproven(&self) {
        if !self.is_proven() {
            return;
        }
        let table = &mut *self.seats.table();
        self.proven.store(false, Ordering::Relaxed);
        if let Some(row) = table.proven.remove(&self.number) {
            table.unproven.insert(self.number, row);
        }
    }

    pub(super) fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Relaxed)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.table().remove(self.number);
    }
}

/// Who sits, by the number of the seat, which only grows.
#[derive(Debug, Default)]
struct Table {
    next: u64,
    closed: bool,
    origins: Origins,
    handshaking: BTreeMap<u64, Row>,
    unproven: BTreeMap<u64, Row>,
    proven: BTreeMap<u64, Row>,
}

#[derive(Debug)]
struct Row {
    tally: Arc<Tally>,
    order: oneshot::Sender<Order>,
}

impl Row {
    /// It may have ended meanwhile, and then hears nothing.
    fn tell(self, order: Order) {
        let _ = self.order.send(order);
    }
}

impl Table {
    fn len(&self) -> usize {
        self.handshaking.len() + self.unproven.len() + self.proven.len()
    }

    fn add(&mut self, row: Row) -> u64 {
        row.tally.connections.fetch_add(1, Ordering::Relaxed);
        row.tally.handshakes.fetch_add(1, Ordering::Relaxed);
        self.next += 1;
        self.handshaking.insert(self.next, row);
        self.next
    }

    fn finish_handshake(&mut self, number: u64) -> Option<Row> {
        let row = self.handshaking.remove(&number)?;
        row.tally.handshakes.fetch_sub(1, Ordering::Relaxed);
        Some(row)
    }

    fn remove(&mut self, number: u64) -> Option<Row> {
        let row = match self.finish_handshake(number) {
            Some(row) => row,
            None => self.unproven.remove(&number).or_else(|| self.proven.remove(&number))?,
        };
        row.tally.connections.fetch_sub(1, Ordering::Relaxed);
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

    /// Of the origin that has the most: whoever opens many at once ends his own, and nobody else's.
    fn end_oldest_handshake(&mut self) {
        let many = |row: &Row| row.tally.handshakes.load(Ordering::Relaxed);
        let most = self.handshaking.values().map(many).max();
        let oldest = self.handshaking.iter().find(|(_, row)| Some(many(row)) == most);
        if let Some(number) = oldest.map(|(number, _)| *number) {
            self.end(number);
        }
    }

    fn end(&mut self, number: u64) {
        if let Some(row) = self.remove(number) {
            row.tell(Order::Leave);
        }
    }

    fn close(&mut self) {
        self.closed = true;
        while let Some(number) = [&self.handshaking, &self.unproven, &self.proven]
            .iter()
            .find_map(|rows| rows.keys().next().copied())
        {
            if let Some(row) = self.remove(number) {
                row.tell(Order::Drain);
            }
        }
    }
}

#[cfg(test)]
mod tests;
