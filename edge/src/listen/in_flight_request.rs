//! A request from its headers to its answer, and its share of the budgets of all requests.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use super::{
    connection_state::{BegunRequest, ConnectionState},
    shared_budget::{SharedBudget, UnprovenCaller},
};
use crate::telemetry::Shed;

/// A request that is being handled. When dropped it gives back all that it has taken.
#[derive(Debug)]
pub(super) struct InFlightRequest {
    pub(super) connection: Arc<BegunRequest>,
    /// Whether what it takes is charged to unproven callers.
    unproven: AtomicBool,
    requests: AtomicUsize,
    body_bytes: AtomicUsize,
}

impl InFlightRequest {
    /// Admits a request whose headers are in, if there is room for it.
    pub(super) fn admit(begun: &Arc<BegunRequest>) -> Result<Arc<Self>, Shed> {
        let slot = &begun.slot;
        let in_flight = Self {
            connection: Arc::clone(begun),
            unproven: AtomicBool::new(!slot.is_proven()),
            requests: AtomicUsize::default(),
            body_bytes: AtomicUsize::default(),
        };
        if in_flight.is_unproven() && !slot.counters.request_rate.try_take() {
            return Err(Shed::RequestRate);
        }
        match in_flight.take(1, in_flight.of_requests()) {
            true => Ok(Arc::new(in_flight)),
            false => Err(Shed::Requests),
        }
    }

    /// Takes memory for so many more bytes of its body, if there is some left.
    pub(super) fn grow(&self, bytes: usize) -> Result<(), Shed> {
        self.connection.count_body_bytes(bytes);
        if self.take(bytes, self.of_body_memory()) {
            return Ok(());
        }
        self.connection.count_shed(Shed::BodyMemory);
        Err(Shed::BodyMemory)
    }

    /// The request is authentic, and its connection proven. However long the answer takes, it takes nothing from
    /// unproven callers: from here on the rate of its key and the permits of its fleet bound it.
    pub(super) fn mark_proven(&self) {
        self.connection.slot.mark_proven();
        if self.unproven.swap(false, Ordering::Relaxed) {
            for Account { budget, of_address, mine } in [self.of_requests(), self.of_body_memory()] {
                budget.mark_proven(mine.load(Ordering::Relaxed), of_address);
            }
        }
    }

    /// The request is not authentic, and its connection no longer proven.
    pub(super) fn mark_unproven(&self) {
        self.connection.slot.mark_unproven();
    }

    fn is_unproven(&self) -> bool {
        self.unproven.load(Ordering::Relaxed)
    }

    fn of_requests(&self) -> Account<'_> {
        let ConnectionState { listener, slot, .. } = &**self.connection;
        Account { budget: &listener.requests, of_address: &slot.counters.requests, mine: &self.requests }
    }

    fn of_body_memory(&self) -> Account<'_> {
        let ConnectionState { listener, slot, .. } = &**self.connection;
        Account {
            budget: &listener.body_memory,
            of_address: &slot.counters.body_bytes,
            mine: &self.body_bytes,
        }
    }

    fn take(&self, amount: usize, Account { budget, of_address, mine }: Account<'_>) -> bool {
        let known_address = self.connection.slot.counters.known.load(Ordering::Relaxed);
        let unproven = self.is_unproven().then_some(UnprovenCaller { of_address, known_address });
        let taken = budget.take(amount, unproven);
        if taken {
            mine.fetch_add(amount, Ordering::Relaxed);
        }
        taken
    }
}

impl Drop for InFlightRequest {
    fn drop(&mut self) {
        for Account { budget, of_address, mine } in [self.of_requests(), self.of_body_memory()] {
            budget.give_back(mine.load(Ordering::Relaxed), self.is_unproven().then_some(of_address));
        }
    }
}

/// One budget, how much of it this request has taken, and how much all unproven requests of its address have.
struct Account<'a> {
    budget: &'a SharedBudget,
    of_address: &'a AtomicUsize,
    mine: &'a AtomicUsize,
}
