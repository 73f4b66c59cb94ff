//! Tests of the programs as people start them, and of the whole system. One binary, because linking takes longer
//! than running.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail, loudly and at the place"
)]

mod bad_start;
mod balance;
mod contract;
mod cosigner;
mod demo;
mod docs;
mod faults;
mod flood;
mod grants;
mod hostile;
mod in_time;
mod json_mode;
mod kills;
mod on_record;
mod packages;
mod races;
mod reflected;
mod reload;
mod rolls;
mod scripted_edge;
mod secrets;
mod shared_ledger;
mod smoke;
mod stages;
mod table;
mod tls_scan;
mod traces;
mod two_fleets;
mod under_load;
mod vectors;
mod wire;
