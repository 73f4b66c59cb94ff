//! The admin port, plain HTTP: is it alive, is it ready, what has it counted.

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

use crate::{decider::Health, telemetry::metrics::Metrics};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Address and port. Nothing here is authenticated: keep it inside.
    pub address: SocketAddr,
}

/// Whether requests should be sent here.
#[derive(Debug, Default)]
pub struct Readiness {
    serving: AtomicBool,
    /// What is known of the decider.
    pub decider: Health,
}

impl Readiness {
    /// Says whether callbacks are taken.
    pub fn set_serving(&self, serving: bool) {
        self.serving.store(serving, Ordering::Relaxed);
    }

    /// What is not ready; empty where all is.
    fn missing(&self) -> Vec<&'static str> {
        let serving = self.serving.load(Ordering::Relaxed);
        let parts = [(serving, "listener: not serving"), (self.decider.is_ready(), "decider: not ready")];
        parts.into_iter().filter(|(ready, _)| !ready).map(|(_, line)| line).collect()
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
            .route("/readyz", get(readyz).with_state(readiness))
            .route("/metrics", get(numbers).with_state(metrics));
        Ok(Self { socket: TcpListener::bind(config.address).await?, router })
    }

    /// The address that was bound.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop`.
    pub async fn serve(self, stop: CancellationToken) -> io::Result<()> {
        axum::serve(self.socket, self.router).with_graceful_shutdown(stop.cancelled_owned()).await
    }
}

async fn readyz(State(readiness): State<Arc<Readiness>>) -> impl IntoResponse {
    let missing = readiness.missing();
    match missing.is_empty() {
        true => (StatusCode::OK, "ready\n".to_owned()),
        false => (StatusCode::SERVICE_UNAVAILABLE, missing.join("\n") + "\n"),
    }
}

async fn numbers(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, OPEN_METRICS)], metrics.encode())
}
