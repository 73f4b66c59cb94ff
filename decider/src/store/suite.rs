//! What every store must do, run over each of them: with time moved by hand, faults, and callers that ask at once.

mod adoption;
mod faults;
mod freeze;
mod idempotency;
mod limits;
mod model;
mod policies;
mod races;
mod replay;
mod restart;
mod retention;
mod time;
mod transactions;
mod windows;
pub mod fixture;
pub mod hand_moved;
