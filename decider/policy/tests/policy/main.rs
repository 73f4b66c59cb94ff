//! What the rules and limits mean, from outside the package: each room holds one part of the decision model.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod naive;
mod support;

mod agreement;
mod conditions;
mod corrections;
mod counting;
mod evaluation;
mod explained;
mod histories;
mod holds;
mod index;
mod order;
mod policy_test;
mod priced;
mod reach;
mod removal;
mod settlement;
mod stages;
mod windows;
