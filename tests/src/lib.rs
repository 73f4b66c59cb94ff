//! Everything around the two services that is not the services: the simulated Co-signer, the demo of `make run`,
//! and what the tests of the whole system start and ask.
#![warn(missing_docs)]

pub mod demo;
pub mod harness;
pub mod services;
pub mod local;
pub mod cosigner;
pub mod output;
pub mod linearizable;
pub mod requests;
pub mod vectors;
