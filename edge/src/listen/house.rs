//! What all connections of a listener share, and what they share out.

use std::sync::Arc;

use super::{config::Limits, seats::Seats, supply::Supply};
use crate::telemetry::metrics::Metrics;

/// What all connections of a listener share.
#[derive(Debug)]
pub(super) struct House {
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) seats: Arc<Seats>,
    pub(super) requests: Supply,
    pub(super) body_memory: Supply,
}

impl House {
    pub(super) fn new(limits: Limits, metrics: Arc<Metrics>) -> Self {
        Self {
            seats: Seats::new(limits, Arc::clone(&metrics)),
            requests: Supply::new(limits.max_requests),
            body_memory: Supply::new(limits.max_body_memory),
            limits,
            metrics,
        }
    }
}
