//! The admin port, plain HTTP: liveness, readiness and metrics.

mod connections;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use http::StatusCode;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    decider::{FleetName, Health},
    telemetry::metrics::Metrics,
};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Address and port. Nothing here is authenticated: keep it inside.
    pub address: SocketAddr,
}

/// Whether requests should be sent here.
#[derive(Debug)]
pub struct Readiness {
    serving: AtomicBool,
    fleets: Vec<(FleetName, Arc<Health>)>,
}

impl Readiness {
    /// Of an edge that does not take callbacks yet, and what is known of each of its fleets.
    #[must_use]
    pub fn new(fleets: Vec<(FleetName, Arc<Health>)>) -> Self {
        Self { serving: AtomicBool::default(), fleets }
    }

    /// Sets whether callbacks are taken.
    pub fn set_serving(&self, serving: bool) {
        self.serving.store(serving, Ordering::Relaxed);
    }

    /// One ready fleet is enough: its tenants must not be cut off because another fleet is down.
    fn is_ready(&self) -> bool {
        self.is_serving() && self.fleets.iter().any(|(_, health)| health.is_ready())
    }

    /// What is not ready, a line each.
    fn missing(&self) -> String {
        let listener = if self.is_serving() { "" } else { "listener: not serving\n" };
        let lost = self.fleets.iter().filter(|(_, health)| !health.is_ready());
        let lost = lost.map(|(fleet, _)| format!("{}: not ready\n", fleet.field()));
        std::iter::once(listener.to_owned()).chain(lost).collect()
    }

    fn is_serving(&self) -> bool {
        self.serving.load(Ordering::Relaxed)
    }
}

/// A bound admin port.
#[derive(Debug)]
pub struct Admin {
    socket: TcpListener,
    router: Router,
}

impl Admin {
    /// Binds the address.
    pub async fn bind(config: Config, readiness: Arc<Readiness>, metrics: Arc<Metrics>) -> io::Result<Self> {
        let router = Router::new()
            .route("/livez", get(|| async { "ok\n" }))
            .route("/servez", get(servez).with_state(Arc::clone(&readiness)))
            .route("/readyz", get(readyz).with_state(readiness))
            .route("/metrics", get(numbers).with_state(metrics));
        Ok(Self { socket: TcpListener::bind(config.address).await?, router })
    }

    /// The address that was bound.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop`.
    pub async fn serve(self, stop: CancellationToken) {
        stop.run_until_cancelled(connections::serve(self.socket, self.router)).await;
    }
}

/// Independent of deciders: without one a callback is answered with RETRY, which only an edge can do.
async fn servez(State(readiness): State<Arc<Readiness>>) -> impl IntoResponse {
    match readiness.is_serving() {
        true => (StatusCode::OK, "serving\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not serving\n"),
    }
}

async fn readyz(State(readiness): State<Arc<Readiness>>) -> impl IntoResponse {
    match readiness.is_ready() {
        true => (StatusCode::OK, format!("ready\n{}", readiness.missing())),
        false => (StatusCode::SERVICE_UNAVAILABLE, readiness.missing()),
    }
}

async fn numbers(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, OPEN_METRICS)], metrics.encode())
}
