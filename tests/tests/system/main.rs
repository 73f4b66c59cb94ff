//! Tests of the programs as people start them, and of the whole system. One binary, because linking takes longer
//! than running.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail, loudly and at the place"
)]

mod cosigner;
mod demo;
mod scripted_edge;
mod smoke;
