//! The admin port, plain HTTP for the machine it runs on: `/livez`, `/readyz`, `/metrics`.

mod connections;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::decide::Decider;

const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where to listen.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Address and port that the admin listener binds.
    pub address: SocketAddr,
}

/// Why it does not serve.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The port is taken, or not ours to take.
    #[error("cannot listen on {0}: {1}")]
    Bind(SocketAddr, std::io::Error),
}

/// What it tells.
#[derive(Clone, Default)]
pub struct Admin {
    /// Set once the store is open.
    pub opened: Arc<OnceLock<AdminState>>,
    /// Set: it is on its way out.
    pub drain: CancellationToken,
}

/// What there is to tell of a decider whose store is open.
pub struct AdminState {
    /// Whose readiness.
    pub decider: Arc<Decider>,
    /// Every metric.
    pub registry: Registry,
}

/// Binds the port.
///
/// # Errors
/// The port cannot be used.
pub async fn bind(config: Config) -> Result<TcpListener, AdminError> {
    TcpListener::bind(config.address).await.map_err(|error| AdminError::Bind(config.address, error))
}

/// Serves until the process ends: it tells to the last how the drain goes.
pub async fn serve(listener: TcpListener, admin: Admin) {
    let router = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(admin);
    connections::serve(listener, router).await;
}

async fn readyz(State(admin): State<Admin>) -> Response {
    if admin.drain.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response();
    }
    let Some(told) = admin.opened.get() else { return opening() };
    match told.decider.readiness() {
        Ok(()) => "ok\n".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// A store with a long past takes minutes to open: the supervisor has to see that the process lives.
fn opening() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "the store is being opened, and its sums are built from the ledger\n")
        .into_response()
}

async fn metrics(State(admin): State<Admin>) -> Response {
    let Some(told) = admin.opened.get() else { return opening() };
    let mut text = String::new();
    match encode(&mut text, &told.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
