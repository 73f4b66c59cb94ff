//! The HTTPS service that a Fireblocks API Co-signer calls.
//!
//! It proves who is asking and speaks the Co-signer's language; a decider says yes or no. The modules are
//! listed in the order of a request's way, and each imports only what is listed after it.

#![warn(missing_docs)]

pub mod app;
pub mod reload;
pub mod config;
pub mod admin;
pub mod callback_handler;
pub mod respond;
pub mod listen;
pub mod authenticate;
pub mod decider;
pub mod telemetry;
pub mod certificate;
pub mod fingerprint;
mod file;
pub mod clock;
