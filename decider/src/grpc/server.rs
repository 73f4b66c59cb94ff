//! The listener, its limits, and its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use proto::decider::v1::decision_service_server::DecisionServiceServer;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::{Router, TcpIncoming};
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

use super::bounds::MAX_REQUEST_BYTES;
use super::health;
use super::service::Service;
use super::tls::Tls;
use crate::decide::Decider;

/// The longest a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Calls at once over one connection. Beyond it clients wait; beyond the store's queue they are shed.
const MAX_CONCURRENT_STREAMS: u32 = 1024;
/// The largest set of headers of a call, in bytes.
const MAX_HEADER_BYTES: u32 = 16 * 1024;
/// After so long without a frame the peer is asked whether it is there…
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// …and after so long without an answer it is not.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Where to listen, and how to stop.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where.
    pub address: SocketAddr,
    /// From the word that it stops until it takes no more calls: for balancers to notice.
    pub drain_notice: Duration,
    /// How long the calls that are left may take.
    pub drain_timeout: Duration,
}

impl Config {
    /// With the usual times.
    pub const fn at(address: SocketAddr) -> Self {
        Self { address, drain_notice: Duration::from_millis(250), drain_timeout: Duration::from_secs(20) }
    }
}

/// Why it does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is taken, or not ours to take.
    #[error("cannot listen on {0}: {1}")]
    Bind(SocketAddr, std::io::Error),
    /// The certificates were refused.
    #[error("TLS cannot be set up: {0}")]
    Tls(tonic::transport::Error),
    /// The published descriptors cannot be served.
    #[error("reflection cannot be set up: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The listener broke.
    #[error("the gRPC server failed: {0}")]
    Serve(tonic::transport::Error),
}

/// A bound listener.
pub struct Server {
    config: Config,
    incoming: TcpIncoming,
    builder: tonic::transport::Server,
}

impl Server {
    /// Binds the port. Nothing is answered before [`Server::serve`].
    ///
    /// # Errors
    /// The port or the certificates cannot be used.
    pub fn bind(config: Config, tls: &Tls) -> Result<Self, ServeError> {
        let builder =
            builder().tls_config(tls.server().timeout(HANDSHAKE_TIMEOUT)).map_err(ServeError::Tls)?;
        let bound =
            TcpIncoming::bind(config.address).map_err(|error| ServeError::Bind(config.address, error))?;
        // The server's own settings for these do nothing where the incoming is given.
        let incoming = bound.with_nodelay(Some(true)).with_keepalive(Some(KEEPALIVE_INTERVAL));
        Ok(Self { config, incoming, builder })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.incoming.local_addr().unwrap_or(self.config.address)
    }

    /// Serves until `drain` is cancelled and the calls that are left have ended, or had their time.
    ///
    /// # Errors
    /// The listener broke.
    pub async fn serve(self, decider: Arc<Decider>, drain: CancellationToken) -> Result<(), ServeError> {
        let Self { config, incoming, mut builder } = self;
        let reporter = health::start().await;
        let router = services(&mut builder, Arc::clone(&decider), &reporter)?;
        let watch = tokio::spawn(health::watch(reporter, decider, drain.clone()));
        let told = async {
            drain.cancelled().await;
            tokio::time::sleep(config.drain_notice).await;
        };
        let deadline = async {
            drain.cancelled().await;
            tokio::time::sleep(config.drain_notice.saturating_add(config.drain_timeout)).await;
        };
        let served = tokio::select! {
            served = router.serve_with_incoming_shutdown(incoming, told) => served.map_err(ServeError::Serve),
            () = deadline => {
                tracing::warn!("calls were still open at the end of the drain");
                Ok(())
            }
        };
        watch.abort();
        served
    }
}

/// A limit on the age of connections, so that new replicas get their share of load, belongs here.
fn builder() -> tonic::transport::Server {
    tonic::transport::Server::builder()
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
}

/// Decisions, health, and reflection in both its versions: tools still ask for the older one.
fn services(
    builder: &mut tonic::transport::Server,
    decider: Arc<Decider>,
    reporter: &HealthReporter,
) -> Result<Router, ServeError> {
    let decisions =
        DecisionServiceServer::new(Service::new(decider)).max_decoding_message_size(MAX_REQUEST_BYTES);
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    Ok(builder
        .add_service(decisions)
        .add_service(HealthServer::new(HealthService::from_health_reporter(reporter.clone())))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?))
}
