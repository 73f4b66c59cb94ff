//! The HTTPS listener: TLS, limits on everything a caller can make us wait for or hold, and an orderly end.

mod body;

mod config;
mod routes;

mod fence;
mod proxied;
mod sources;

mod tls;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
    service::TowerToHyperService,
};
use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;
use tower::{ServiceExt as _, service_fn};

pub use body::{ReceiveError, receive};
pub use config::{Config, Limits};
pub use fence::{Fence, LetIn, Refused};
pub use routes::Routes;
pub use sources::{NetworkError, Networks, network};
pub use tls::{ServerTls, TlsError, certified_key, root_store};

use crate::telemetry::{Seldom, metrics::Metrics};

/// All headers of one request.
const MAX_HEADER_BYTES: usize = 16 << 10;
/// Headers of one HTTP/1 request.
const MAX_HEADERS: usize = 64;
/// Requests at a time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 64;
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(20);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause when the machine cannot accept (out of descriptors): trying at once would only burn a core.
const ACCEPT_ERROR_PAUSE: Duration = Duration::from_millis(100);

/// A bound socket that does not serve yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    server: Server,
    slots: Arc<Semaphore>,
}

impl Listener {
    /// Binds the address.
    pub async fn bind(config: &Config, metrics: Arc<Metrics>) -> io::Result<Self> {
        Ok(Self {
            socket: TcpListener::bind(config.address).await?,
            server: Server {
                tls: config.tls.acceptor(),
                fence: config.fence.clone(),
                limits: config.limits,
                metrics,
                refusals: Arc::default(),
            },
            slots: Arc::new(Semaphore::new(config.limits.max_connections)),
        })
    }

    /// The address that was bound.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop`, then lets what is in flight end, for `drain_timeout` at most. Whether it all did.
    pub async fn serve(self, routes: Routes, stop: CancellationToken) -> bool {
        let graceful = GracefulShutdown::new();
        while let Some((stream, peer, slot)) = self.next(&stop).await {
            let (server, routes) = (self.server.clone(), routes.clone());
            let connection = server.connection(stream, peer, routes, graceful.watcher(), slot);
            tokio::spawn(connection);
        }
        // Nobody may connect to a service that is leaving.
        drop(self.socket);
        timeout(self.server.limits.drain_timeout, graceful.shutdown()).await.is_ok()
    }

    /// The next connection. The slot comes first: a connection that is accepted and not served would look alive.
    async fn next(&self, stop: &CancellationToken) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        stop.run_until_cancelled(async {
            let slot = Arc::clone(&self.slots).acquire_owned().await.ok()?;
            loop {
                match self.socket.accept().await {
                    Ok((stream, peer)) => return Some((stream, peer, slot)),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        sleep(ACCEPT_ERROR_PAUSE).await;
                    }
                }
            }
        })
        .await
        .flatten()
    }
}

/// Why a connection has no requests.
#[derive(Debug, Error)]
enum Closed {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Tls(#[from] io::Error),
}

/// What every connection needs.
#[derive(Clone)]
struct Server {
    tls: TlsAcceptor,
    fence: Option<Arc<Fence>>,
    limits: Limits,
    metrics: Arc<Metrics>,
    refusals: Arc<Seldom>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Server {
    async fn connection(
        self,
        stream: TcpStream,
        peer: SocketAddr,
        routes: Routes,
        watcher: Watcher,
        slot: OwnedSemaphorePermit,
    ) {
        let _counted = self.metrics.connection();
        // Small answers would otherwise wait 40 ms for an acknowledgement.
        let _ = stream.set_nodelay(true);
        match timeout(self.limits.handshake_timeout, self.handshake(stream, peer)).await {
            Ok(Ok((stream, let_in))) => self.requests(TokioIo::new(stream), let_in, routes, watcher).await,
            Ok(Err(Closed::Refused(refused))) => self.refused(refused),
            Ok(Err(Closed::Tls(_))) | Err(_) => _ = self.metrics.failed_handshakes.inc(),
        }
        drop(slot);
    }

    /// Whoever is not let in gets no byte of TLS.
    async fn handshake(
        &self,
        mut stream: TcpStream,
        peer: SocketAddr,
    ) -> Result<(TlsStream<TcpStream>, Option<LetIn>), Closed> {
        let let_in = match &self.fence {
            Some(fence) => Some(fence.admit(&mut stream, peer).await?),
            None => None,
        };
        Ok((self.tls.accept(stream).await?, let_in))
    }

    fn refused(&self, refused: Refused) {
        self.metrics.refused_connection(refused.reason());
        if let Some(left_out) = self.refusals.now() {
            tracing::warn!(reason = %refused, left_out, "a connection was refused");
        }
    }

    async fn requests<S>(&self, stream: TokioIo<S>, let_in: Option<LetIn>, routes: Routes, watcher: Watcher)
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let asked = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&asked);
        let service = service_fn(move |request: Request<Incoming>| {
            seen.store(true, Ordering::Relaxed);
            let mut request = request.map(Body::new);
            if let Some(let_in) = let_in {
                request.extensions_mut().insert(let_in);
            }
            // Looked up anew: a key that is no longer believed is not believed on a connection from before either.
            routes.current().oneshot(request)
        });
        let protocol = self.protocol();
        let connection = protocol.serve_connection(stream, TowerToHyperService::new(service));
        let mut connection = std::pin::pin!(watcher.watch(connection));
        // The header timeout of HTTP/1 starts once the protocol is known; this one also ends a connection that
        // never says a word.
        if timeout(self.limits.header_timeout, &mut connection).await.is_err()
            && asked.load(Ordering::Relaxed)
        {
            // What a connection fails of is the caller's to know.
            let _ = connection.await;
        }
    }

    fn protocol(&self) -> auto::Builder<TokioExecutor> {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_timeout)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEADER_BYTES);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADER_BYTES as u32)
            .keep_alive_interval(HTTP2_PING_INTERVAL)
            .keep_alive_timeout(HTTP2_PING_TIMEOUT);
        builder
    }
}
