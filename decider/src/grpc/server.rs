//! The server: its services, and its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use proto::decider::v1::decision_service_server::DecisionServiceServer;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

use super::access::CurrentAccess;
use super::bounds::MAX_REQUEST_BYTES;
use super::calls::Calls;
use super::connection::Connections;
use super::health;
use super::listener::Listener;
use super::metrics::Metrics;
use super::service::Service;
use crate::decide::Decider;
use crate::grants::Tenants;

/// Where to listen, and how to stop.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address and port that the gRPC listener binds.
    pub address: SocketAddr,
    /// Those whose ledger this is. Nothing is done for any other.
    pub tenants: Tenants,
    /// How old a connection gets, give or take a tenth, before its client is asked to make another one: so that new
    /// replicas get their share of load.
    pub connection_age: Duration,
    /// From the word that it stops until it takes no more calls: for balancers to notice.
    pub drain_notice: Duration,
    /// How long the calls that are left may take.
    pub drain_timeout: Duration,
}

impl Config {
    /// For every tenant, with the usual times.
    pub const fn at(address: SocketAddr) -> Self {
        Self {
            address,
            tenants: Tenants::All,
            connection_age: Duration::from_secs(30 * 60),
            drain_notice: Duration::from_millis(250),
            drain_timeout: Duration::from_secs(20),
        }
    }
}

/// Why it does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is taken, or not ours to take.
    #[error("cannot listen on {0}: {1}")]
    Bind(SocketAddr, std::io::Error),
    /// The published descriptors cannot be served.
    #[error("reflection cannot be set up: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// A bound listener.
pub struct Server {
    config: Config,
    listener: Listener,
    access: CurrentAccess,
    metrics: Arc<Metrics>,
}

impl Server {
    /// Binds the port. Nothing is answered before [`Server::serve`].
    ///
    /// # Errors
    /// The port cannot be used.
    pub async fn bind(
        config: Config,
        access: CurrentAccess,
        metrics: Arc<Metrics>,
    ) -> Result<Self, ServeError> {
        let bound = Listener::bind(config.address).await;
        let listener = bound.map_err(|error| ServeError::Bind(config.address, error))?;
        Ok(Self { config, listener, access, metrics })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address().unwrap_or(self.config.address)
    }

    /// Serves until `drain` is cancelled: says so by its health, goes on for `drain_notice`, then takes no more calls
    /// and waits for those that are left, for `drain_timeout` at most.
    ///
    /// # Errors
    /// The services cannot be set up.
    pub async fn serve(self, decider: Arc<Decider>, drain: CancellationToken) -> Result<(), ServeError> {
        let Self { config, listener, access, metrics } = self;
        let reporter = health::start().await;
        let service = Service::new(Arc::clone(&decider), Arc::clone(&metrics), config.tenants);
        let calls = Calls::to(services(service, &reporter)?, Arc::clone(&metrics));
        let connections = Connections::to(calls, access, metrics, config.connection_age);
        let watch = tokio::spawn(health::watch(reporter.clone(), decider, drain.clone()));
        let (no_more, open) = (CancellationToken::new(), TaskTracker::new());
        let noticed = async {
            drain.cancelled().await;
            tokio::time::sleep(config.drain_notice).await;
        };
        tokio::select! {
            () = accept(&listener, &connections, &open, &no_more) => {}
            () = noticed => {}
        }
        // Nobody may connect to a service that is leaving.
        drop(listener);
        drain.cancel();
        let _ = watch.await;
        health::end(reporter).await;
        no_more.cancel();
        open.close();
        if tokio::time::timeout(config.drain_timeout, open.wait()).await.is_err() {
            tracing::warn!("calls were still open at the end of the drain");
        }
        Ok(())
    }
}

async fn accept(
    listener: &Listener,
    connections: &Connections,
    open: &TaskTracker,
    no_more: &CancellationToken,
) {
    while let Some((stream, slot)) = listener.next().await {
        let connection = connections.clone().serve(stream, no_more.clone());
        open.spawn(async move {
            connection.await;
            drop(slot);
        });
    }
}

/// Decisions, health, and reflection in both its versions: tools still ask for the older one.
fn services(decisions: Service, reporter: &HealthReporter) -> Result<Router, ServeError> {
    let decisions = DecisionServiceServer::new(decisions).max_decoding_message_size(MAX_REQUEST_BYTES);
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let routes = Routes::new(decisions)
        .add_service(HealthServer::new(HealthService::from_health_reporter(reporter.clone())))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?);
    Ok(routes.prepare().into_axum_router())
}
