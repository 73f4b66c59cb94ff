//! The edge as a whole: the real listener over real TLS, with deciders that are named for what they do.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: a helper that fails must fail the test"
)]

mod answers;
mod balance;
mod binary;
mod ends;
mod fence;
mod fleets;
mod json;
mod levels;
mod limits;
mod odd_files;
mod output;
mod proxies;
mod reload;
mod renewal;
mod support;
mod tls;
mod told;
mod tracing;
mod trouble;
mod unready;
