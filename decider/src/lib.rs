//! The decider: a gRPC service that decides, reserves and records. Modules stand in the order of a request's
//! path; each imports only what is listed after it.

#![cfg_attr(
    not(test),
    deny(
        clippy::print_stdout,
        clippy::print_stderr,
        reason = "they panic where nobody reads: `app/say.rs` does not"
    )
)]

pub mod app;
pub mod config;
pub mod upkeep;
pub mod admin;
pub mod grpc;
pub mod reload;
pub mod decide;
pub mod policy_file;
pub mod grants;
pub mod yaml;
pub mod store;
pub mod prices;
pub mod document;
mod instant;
pub mod private;
pub mod telemetry;
pub mod shown;
pub mod clock;
