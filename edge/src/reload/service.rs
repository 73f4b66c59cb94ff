//! What serves, and how a configuration is put in force on it.

use std::{collections::HashMap, sync::Arc};

use axum::Router;

use crate::{
    callback_handler::{CallbackPath, DecisionPermits, Shared, report_unserved, router},
    clock::Clock,
    config::{Config, Fleet},
    decider::{Decider, FleetName},
    listen::{self, Routes, ServerTls},
    respond::SigningThreads,
    telemetry::{LogThrottle, metrics::Metrics},
};

/// What serves: all of it stays while configurations come and go.
#[derive(Debug)]
pub struct Service {
    /// The clients of the fleets, with their connections.
    pub deciders: Vec<(FleetName, Decider)>,
    /// The listener of JWT mode.
    pub listen: ListenerHandle,
    /// That of JSON mode, if it is on.
    pub json: Option<ListenerHandle>,
    /// Where keys from files sign.
    pub threads: SigningThreads,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// By which a running listener is changed. Its permits and rates stay.
#[derive(Clone, Debug)]
pub struct ListenerHandle {
    /// What answers the next request.
    pub routes: Routes,
    /// What the next handshake serves.
    pub tls: ServerTls,
    permits: HashMap<FleetName, Arc<DecisionPermits>>,
    unproven_log: Arc<LogThrottle>,
}

impl ListenerHandle {
    /// For a listener with this configuration, with no routes yet.
    #[must_use]
    pub fn new(config: &listen::Config, fleets: &[Fleet]) -> Self {
        let permits =
            |fleet: &Fleet| (fleet.decider.fleet.clone(), Arc::new(DecisionPermits::new(&config.limits)));
        Self {
            routes: Routes::default(),
            tls: config.tls.clone(),
            permits: fleets.iter().map(permits).collect(),
            unproven_log: Arc::default(),
        }
    }

    fn apply(&self, config: &listen::Config, router: Router) {
        self.routes.replace(router);
        self.tls.serve_certificate_of(&config.tls);
    }
}

impl Service {
    /// Puts `config` in force for the next requests and handshakes. A request that is in flight is answered by the
    /// configuration that it began with.
    pub fn apply(&self, config: &Config) {
        let router = self.router(config, &self.listen, &config.listen, |fleet| &fleet.paths);
        self.listen.apply(&config.listen, router);
        if let (Some(handle), Some(json)) = (&self.json, &config.json) {
            handle.apply(json, self.router(config, handle, json, |fleet| &fleet.json_paths));
        }
    }

    fn router(
        &self,
        config: &Config,
        handle: &ListenerHandle,
        listen: &listen::Config,
        paths: impl Fn(&Fleet) -> &[CallbackPath],
    ) -> Router {
        let routers = config.fleets.iter().map(|fleet| self.routes_to(fleet, paths(fleet), handle, listen));
        report_unserved(routers.fold(Router::new(), Router::merge), &self.metrics, &handle.unproven_log)
    }

    fn routes_to(
        &self,
        fleet: &Fleet,
        paths: &[CallbackPath],
        handle: &ListenerHandle,
        listen: &listen::Config,
    ) -> Router {
        let known = self.deciders.iter().find(|(name, _)| *name == fleet.decider.fleet);
        // Every fleet is here: one that comes or goes needs a restart.
        let permits = handle.permits.get(&fleet.decider.fleet);
        let Some(((_, decider), permits)) = known.zip(permits) else { return Router::new() };
        let shared = Shared {
            decider: decider.clone(),
            limits: listen.limits,
            permits: Arc::clone(permits),
            threads: self.threads.clone(),
            clock: Arc::clone(&self.clock),
            metrics: Arc::clone(&self.metrics),
            unproven_log: Arc::clone(&handle.unproven_log),
        };
        router(paths.to_vec(), &Arc::new(shared))
    }
}
