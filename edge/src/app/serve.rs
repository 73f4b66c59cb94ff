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
    listen::Listener,
    respond::SigningThreads,
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
    /// Where the admin port is.
    pub admin_address: SocketAddr,
    readiness: Arc<Readiness>,
    stop: CancellationToken,
    stop_admin: CancellationToken,
    serving: JoinHandle<bool>,
}

/// Binds both ports and serves.
///
/// # Errors
/// A port cannot be bound, or threads cannot be started.
pub async fn start(config: Config) -> Result<Started, StartError> {
    let metrics = Arc::new(Metrics::new());
    let fleets: Vec<_> = config.fleets.into_iter().map(|fleet| (fleet, Arc::<Health>::default())).collect();
    let healths = fleets.iter().map(|(fleet, health)| (fleet.decider.fleet.clone(), Arc::clone(health)));
    let readiness = Arc::new(Readiness::new(healths.collect()));
    let bind_error = |what, address| move |error| StartError::Bind { what, address, error };
    let (listen, admin) = (config.listen.address, config.admin.address);
    let listener =
        Listener::bind(&config.listen, Arc::clone(&metrics)).await.map_err(bind_error("listen", listen))?;
    let admin_port = Admin::bind(config.admin, Arc::clone(&readiness), Arc::clone(&metrics))
        .await
        .map_err(bind_error("admin", admin))?;
    let address = listener.address().unwrap_or(listen);
    let admin_address = admin_port.address().unwrap_or(admin);
    let threads = SigningThreads::start().map_err(StartError::Threads)?;
    let (stop, stop_admin) = (CancellationToken::new(), CancellationToken::new());
    let mut routes = Router::new();
    for (Fleet { decider, paths }, health) in fleets {
        let decider = Decider::new(decider, Arc::new(SystemResolver), &metrics);
        watch(decider.clone(), health, stop_admin.clone());
        let (limits, threads, clock) = (config.listen.limits, threads.clone(), Arc::new(SystemClock));
        let shared = Shared { decider, limits, threads, clock, metrics: Arc::clone(&metrics) };
        routes = routes.merge(router(paths, &Arc::new(shared)));
    }
    let serving = tokio::spawn(listener.serve(routes, stop.clone()));
    tokio::spawn(admin_port.serve(stop_admin.clone()));
    readiness.set_serving(true);
    tracing::info!(%address, %admin_address, version = env!("CARGO_PKG_VERSION"), "serving");
    Ok(Started { address, admin_address, readiness, stop, stop_admin, serving })
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
        match self.serving.await {
            Ok(true) => tracing::info!("all requests ended"),
            Ok(false) => tracing::warn!("drain_timeout passed; requests in flight were cut off"),
            Err(error) => tracing::error!(%error, "the listener failed"),
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
