//! The gRPC service: `countersign.decider.v1`, health and reflection, with mTLS.

pub mod server;

mod health;
mod service;

pub mod tls;

pub mod convert;
mod record;

mod deadline;
mod status;

mod answer;
mod breaches;
mod violations;

mod bounds;

pub use server::{Config, ServeError, Server};
pub use tls::Tls;
