//! The gRPC service: `countersign.decider.v1`, health and reflection, with mTLS.

pub mod server;
mod listener;
mod connection;
mod descriptors;
mod calls;
mod shares;
mod body;
mod generations;
mod health;
mod service;
mod call;
pub mod access;
pub mod tls;
pub mod metrics;
pub mod convert;
pub mod record;
mod deadline;
mod status;
mod answer;
mod breaches;
mod violations;
pub mod bounds;

pub use access::{Access, CurrentAccess};
pub use metrics::{Metrics, WatchedCertificate};
pub use server::{Config, ServeError, Server};
pub use tls::{Tls, TlsFiles};
