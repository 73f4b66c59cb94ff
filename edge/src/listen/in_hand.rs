//! A request from its headers to its answer, and what it takes meanwhile of what all requests share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use super::{
    conversation::Conversation,
    supply::{Supply, Unproven},
};
use crate::telemetry::Shed;

/// A request that is being handled; no longer when dropped, and then all that it has taken is given back.
#[derive(Debug)]
pub(super) struct InHand {
    pub(super) conversation: Arc<Conversation>,
    /// Whether what it takes is charged to those that have proven nothing.
    unproven: AtomicBool,
    requests: AtomicUsize,
    body_bytes: AtomicUsize,
}

impl InHand {
    /// A request that has come as far as its headers, if there is room for it.
    pub(super) fn begin(conversation: &Arc<Conversation>) -> Result<Arc<Self>, Shed> {
        let seat = &conversation.seat;
        conversation.begin_request();
        // From here on its drop gives back.
        let in_hand = Self {
            conversation: Arc::clone(conversation),
            unproven: AtomicBool::new(!seat.is_proven()),
            requests: AtomicUsize::default(),
            body_bytes: AtomicUsize::default(),
        };
        if in_hand.is_unproven() && !seat.tally.request_rate.try_take() {
            return Err(Shed::RequestRate);
        }
        match in_hand.take(1, in_hand.of_requests()) {
            true => Ok(Arc::new(in_hand)),
            false => Err(Shed::Requests),
        }
    }

    /// Makes room for so much more of its body, if that is there.
    pub(super) fn grow(&self, bytes: usize) -> Result<(), Shed> {
        self.conversation.count_body_bytes(bytes);
        if self.take(bytes, self.of_body_memory()) {
            return Ok(());
        }
        self.conversation.count_shed(Shed::BodyMemory);
        Err(Shed::BodyMemory)
    }

    /// The request is authentic, and its connection proven. However long the answer takes, it takes nothing from unproven
    /// callers: from here on the rate of its key and the permits of its fleet bound it.
    pub(super) fn mark_proven(&self) {
        self.conversation.seat.mark_proven();
        if self.unproven.swap(false, Ordering::Relaxed) {
            for Account { supply, of_address, mine } in [self.of_requests(), self.of_body_memory()] {
                supply.mark_proven(mine.load(Ordering::Relaxed), of_address);
            }
        }
    }

    /// The request is not authentic, and its connection no longer proven.
    pub(super) fn mark_unproven(&self) {
        self.conversation.seat.mark_unproven();
    }

    fn is_unproven(&self) -> bool {
        self.unproven.load(Ordering::Relaxed)
    }

    fn of_requests(&self) -> Account<'_> {
        let Conversation { house, seat, .. } = &*self.conversation;
        Account { supply: &house.requests, of_address: &seat.tally.requests, mine: &self.requests }
    }

    fn of_body_memory(&self) -> Account<'_> {
        let Conversation { house, seat, .. } = &*self.conversation;
        Account { supply: &house.body_memory, of_address: &seat.tally.body_bytes, mine: &self.body_bytes }
    }

    fn take(&self, amount: usize, Account { supply, of_address, mine }: Account<'_>) -> bool {
        let known_address = self.conversation.seat.tally.known.load(Ordering::Relaxed);
        let unproven = self.is_unproven().then_some(Unproven { of_address, known_address });
        let taken = supply.take(amount, unproven);
        if taken {
            mine.fetch_add(amount, Ordering::Relaxed);
        }
        taken
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        for Account { supply, of_address, mine } in [self.of_requests(), self.of_body_memory()] {
            supply.give_back(mine.load(Ordering::Relaxed), self.is_unproven().then_some(of_address));
        }
        self.conversation.end_request();
    }
}

/// What a request has taken of one supply, and what all of its address have that have proven nothing.
struct Account<'a> {
    supply: &'a Supply,
    of_address: &'a AtomicUsize,
    mine: &'a AtomicUsize,
}
