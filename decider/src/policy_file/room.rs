//! How much the rules of a policy may take together.

use std::cell::Cell;

use crate::yaml::{Place, Reader};

/// What all rules share, and what they have taken of it so far.
#[derive(Debug)]
pub struct Room {
    most: usize,
    taken: Cell<usize>,
}

impl Room {
    /// For so much.
    pub const fn of(most: usize) -> Self {
        Self { most, taken: Cell::new(0) }
    }

    /// Takes so much of it. The first that there is no room for is a mistake; those after it are not looked at.
    pub fn take(
        &self,
        reader: &mut Reader<'_>,
        at: Place,
        amount: usize,
        message: impl FnOnce() -> String,
    ) -> Option<()> {
        if self.is_full() {
            return None;
        }
        self.taken.set(self.taken.get().saturating_add(amount));
        if self.is_full() {
            reader.mistake(at, message());
        }
        (!self.is_full()).then_some(())
    }

    /// Whether more than all of it was asked for.
    pub fn is_full(&self) -> bool {
        self.taken.get() > self.most
    }
}
