//! What serves, and how a configuration is put in force on it.

use std::sync::Arc;

use axum::Router;

use crate::{
    callback_handler::{Shared, router},
    clock::Clock,
    config::{Config, Fleet},
    decider::{Decider, FleetName},
    listen::{Routes, ServerTls},
    respond::SigningThreads,
    telemetry::metrics::Metrics,
};

/// What serves: all of it stays while configurations come and go.
#[derive(Debug)]
pub struct Service {
    /// The clients of the fleets, with their connections.
    pub deciders: Vec<(FleetName, Decider)>,
    /// What the listener asks for each request.
    pub routes: Routes,
    /// What the listener asks for each handshake.
    pub tls: ServerTls,
    /// Where keys from files sign.
    pub threads: SigningThreads,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl Service {
    /// From here on requests and handshakes are met with what `config` says. A request that came before is answered, whole,
    /// by what there was.
    pub fn put(&self, config: &Config) {
        let routers = config.fleets.iter().map(|fleet| self.router(fleet, config));
        self.routes.replace(routers.fold(Router::new(), Router::merge));
        self.tls.serve_that_of(&config.listen.tls);
    }

    fn router(&self, Fleet { decider, paths }: &Fleet, config: &Config) -> Router {
        let known = self.deciders.iter().find(|(name, _)| *name == decider.fleet);
        // Every fleet is here: one that comes or goes needs a restart.
        let Some((_, decider)) = known else { return Router::new() };
        let shared = Shared {
            decider: decider.clone(),
            limits: config.listen.limits,
            threads: self.threads.clone(),
            clock: Arc::clone(&self.clock),
            metrics: Arc::clone(&self.metrics),
        };
        router(paths.clone(), &Arc::new(shared))
    }
}
