//! Which URL leads to which path of a Co-signer, and what they share.

use std::sync::Arc;

use axum::{Router, routing::post};
use tower_http::catch_panic::CatchPanicLayer;

use super::{CallbackEndpoint, CallbackPath, DecisionPermits, callback};
use crate::{
    clock::Clock,
    decider::Decider,
    listen::Limits,
    respond::SigningThreads,
    telemetry::{
        LogThrottle,
        metrics::{CallbackKind, Metrics},
    },
};

/// What all paths of one listener and one fleet share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The client of the fleet.
    pub decider: Decider,
    /// Bounds on a request.
    pub limits: Limits,
    /// Permits to ask the fleet.
    pub permits: Arc<DecisionPermits>,
    /// Where keys from files sign.
    pub threads: SigningThreads,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Bounds how often requests are logged that prove nothing.
    pub unproven_log: Arc<LogThrottle>,
}

/// The routes of these paths, and of no other.
pub fn router(paths: Vec<CallbackPath>, shared: &Arc<Shared>) -> Router {
    let mut router = Router::new();
    let rates = shared.permits.rates_of(&paths);
    for (path, rates) in paths.into_iter().zip(rates) {
        let signer = path.mode.keys().map(|keys| shared.threads.signer(&keys.reply_key));
        let (rates, path) = (Arc::new(rates), Arc::new(path));
        for kind in CallbackKind::ALL.iter().copied() {
            let (path, rates, shared) = (Arc::clone(&path), Arc::clone(&rates), Arc::clone(shared));
            let endpoint = CallbackEndpoint { kind, path, signer: signer.clone(), rates, shared };
            router = router.route(&endpoint.route(), post(callback).with_state(endpoint));
        }
    }
    router.layer(CatchPanicLayer::new())
}
