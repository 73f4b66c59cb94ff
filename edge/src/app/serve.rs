//! Starting and ending: nothing is bound before the configuration is whole, and nothing is cut off at the end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use thiserror::Error;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::{
    admin::{Admin, Readiness},
    callback_handler::{Shared, router},
    clock::SystemClock,
    config::{Config, Fleet},
    decider::{Decider, Health, SystemResolver},
    listen::{self, Limits, Listener},
    respond::Signers,
    telemetry::metrics::Metrics,
};

/// Time between "not ready" and the end of accepting, for balancers to notice.
const DRAIN_NOTICE: Duration = Duration::from_millis(500);

/// A start that failed.
#[derive(Debug, Error)]
pub enum StartError {
    /// An address cannot be bound.
    #[error("cannot listen on {address} ({what}): {error}. Is something else running there?")]
    Bind {
        /// Which listener.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// No threads for signing.
    #[error("the threads that sign replies cannot be started: {0}")]
    Threads(io::Error),
}

/// A running service.
#[derive(Debug)]
pub struct Started {
    /// Where callbacks are taken.
    pub address: SocketAddr,
    /// Where those of JSON mode are taken, if it is on.
    pub json_address: Option<SocketAddr>,
    /// Where the admin port is.
    pub admin_address: SocketAddr,
    readiness: Arc<Readiness>,
    stop: CancellationToken,
    stop_admin: CancellationToken,
    serving: Vec<JoinHandle<bool>>,
}

/// Binds all ports and serves.
///
/// # Errors
/// A port cannot be bound, or threads cannot be started.
pub async fn start(config: Config) -> Result<Started, StartError> {
    let metrics = Arc::new(Metrics::new());
    let fleets: Vec<_> = config.fleets.into_iter().map(|fleet| (fleet, Arc::<Health>::default())).collect();
    let healths = fleets.iter().map(|(fleet, health)| (fleet.decider.fleet.clone(), Arc::clone(health)));
    let readiness = Arc::new(Readiness::new(healths.collect()));
    let (listener, address) = bind("listen", &config.listen, &metrics).await?;
    let json = match &config.json {
        Some(json) => Some(bind("json.listen", json, &metrics).await?),
        None => None,
    };
    let (json, json_address) = json.unzip();
    let admin = config.admin.address;
    let admin_port = Admin::bind(config.admin, Arc::clone(&readiness), Arc::clone(&metrics))
        .await
        .map_err(|error| StartError::Bind { what: "admin", address: admin, error })?;
    let admin_address = admin_port.address().unwrap_or(admin);
    let signers = Signers::start().map_err(StartError::Threads)?;
    let (stop, stop_admin) = (CancellationToken::new(), CancellationToken::new());
    let limits = (config.listen.limits, config.json.map_or_else(Limits::default, |json| json.limits));
    let (routes, json_routes) = routes(fleets, limits, &signers, &metrics, &stop_admin);
    let mut serving = vec![tokio::spawn(listener.serve(routes, stop.clone()))];
    serving.extend(json.map(|json| tokio::spawn(json.serve(json_routes, stop.clone()))));
    tokio::spawn(admin_port.serve(stop_admin.clone()));
    readiness.set_serving(true);
    let json_told = json_address.map(tracing::field::display);
    tracing::info!(%address, json_address = json_told, %admin_address, version = env!("CARGO_PKG_VERSION"), "serving");
    Ok(Started { address, json_address, admin_address, readiness, stop, stop_admin, serving })
}

/// The routes of the listener, and those of JSON mode. Both ask each fleet by one client.
fn routes(
    fleets: Vec<(Fleet, Arc<Health>)>,
    (limits, json_limits): (Limits, Limits),
    signers: &Signers,
    metrics: &Arc<Metrics>,
    stop: &CancellationToken,
) -> (Router, Router) {
    let (mut routes, mut json_routes) = (Router::new(), Router::new());
    for (Fleet { decider, paths, json_paths }, health) in fleets {
        let decider = Decider::new(decider, Arc::new(SystemResolver), metrics);
        watch(decider.clone(), health, stop.clone());
        let (signers, clock) = (signers.clone(), Arc::new(SystemClock));
        let shared = Shared { decider, limits, signers, clock, metrics: Arc::clone(metrics) };
        let json_shared = Shared { limits: json_limits, ..shared.clone() };
        routes = routes.merge(router(paths, &Arc::new(shared)));
        json_routes = json_routes.merge(router(json_paths, &Arc::new(json_shared)));
    }
    (routes, json_routes)
}

async fn bind(
    what: &'static str,
    config: &listen::Config,
    metrics: &Arc<Metrics>,
) -> Result<(Listener, SocketAddr), StartError> {
    let listener = Listener::bind(config, Arc::clone(metrics)).await;
    let listener = listener.map_err(|error| StartError::Bind { what, address: config.address, error })?;
    let address = listener.address().unwrap_or(config.address);
    Ok((listener, address))
}

fn watch(decider: Decider, health: Arc<Health>, stop: CancellationToken) {
    tokio::spawn(async move { stop.run_until_cancelled(decider.watch(&health)).await });
}

impl Started {
    /// Ends the service: not ready first, then no new connections, then what is in flight, then the admin port.
    pub async fn end(self) {
        tracing::info!("draining");
        self.readiness.set_serving(false);
        sleep(DRAIN_NOTICE).await;
        self.stop.cancel();
        for serving in self.serving {
            match serving.await {
                Ok(true) => tracing::info!("all requests ended"),
                Ok(false) => tracing::warn!("drain_timeout passed; requests in flight were cut off"),
                Err(error) => tracing::error!(%error, "the listener failed"),
            }
        }
        self.stop_admin.cancel();
    }
}

/// Returns when the process is told to end: SIGTERM, or Ctrl-C.
pub async fn told_to_end() -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
