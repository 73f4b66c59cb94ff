//! The HTTPS listener: TLS, limits on everything a caller can make us wait for or hold, and an orderly end.

mod config;

mod routes;

mod caller;

mod body;

mod wire;

mod conversation;

mod protocol;

mod seats;

mod origin;

mod supply;

mod rate;

mod descriptors;

mod fence;
mod proxied;
mod sources;

mod tls;

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use hyper::service::service_fn;
use hyper_util::{rt::TokioIo, server::graceful::GracefulConnection};
use tokio::{
    io::AsyncBufReadExt as _,
    net::{TcpListener, TcpStream},
    sync::oneshot::Receiver,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use body::{ReceiveError, Whole, receive};
pub use caller::{Caller, shed_response};
pub use config::{Config, Limits};
use conversation::{Conversation, Look};
pub use fence::{Fence, LetIn, Refused};
pub use protocol::{MAX_HEADER_BYTES, MIN_HEADER_BYTES};
pub use rate::Meter;
pub use routes::Routes;
use seats::{Order, Seats};
pub use sources::{NetworkError, Networks, network};
pub use supply::ADDRESS_SHARE;
use supply::Supply;
pub use tls::{ServerTls, TlsError, certified_key, root_store};
use wire::Wire;

use crate::telemetry::{Seldom, metrics::Metrics};

/// Pause when the machine cannot accept (out of descriptors): trying at once would only burn a core.
const ACCEPT_ERROR_PAUSE: Duration = Duration::from_millis(100);

/// A bound socket that does not serve yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    server: Server,
}

impl Listener {
    /// Binds the address.
    pub async fn bind(config: &Config, metrics: Arc<Metrics>) -> io::Result<Self> {
        descriptors::suffice_for(config.limits.max_connections);
        let house = Arc::new(House::new(config, metrics));
        let server = Server { tls: config.tls.acceptor(), house };
        Ok(Self { socket: TcpListener::bind(config.address).await?, server })
    }

    /// The address that was bound.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop`, then lets what is in flight end, for `drain_timeout` at most. Whether it all did.
    pub async fn serve(self, routes: Routes, stop: CancellationToken) -> bool {
        let connections = TaskTracker::new();
        while let Some((stream, peer)) = stop.run_until_cancelled(self.next()).await {
            connections.spawn(self.server.clone().connection(stream, peer, routes.clone()));
        }
        // Nobody may connect to a service that is leaving.
        drop(self.socket);
        self.server.house.seats.drain();
        connections.close();
        timeout(self.server.house.limits.drain_timeout, connections.wait()).await.is_ok()
    }

    /// The next connection. All are accepted, and have a seat or are closed: one that waits to be accepted cannot be
    /// told from others, so those that only take up room would keep out those in earnest.
    async fn next(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.socket.accept().await {
                Ok(accepted) => return accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_ERROR_PAUSE).await;
                }
            }
        }
    }
}

/// What all connections of a listener share.
#[derive(Debug)]
struct House {
    limits: Limits,
    /// `None`: callers prove who they are.
    fence: Option<Arc<Fence>>,
    refusals: Seldom,
    metrics: Arc<Metrics>,
    seats: Arc<Seats>,
    requests: Supply,
    body_memory: Supply,
}

impl House {
    fn new(config: &Config, metrics: Arc<Metrics>) -> Self {
        let limits = config.limits;
        Self {
            fence: config.fence.clone(),
            refusals: Seldom::default(),
            seats: Seats::new(limits, Arc::clone(&metrics)),
            requests: Supply::new(limits.max_requests),
            body_memory: Supply::new(limits.max_body_memory),
            limits,
            metrics,
        }
    }

    fn refused(&self, refused: Refused) {
        self.metrics.refused_connection(refused.reason());
        if let Some(left_out) = self.refusals.now() {
            tracing::warn!(reason = %refused, left_out, "a connection was refused");
        }
    }
}

/// Where a caller is, behind the proxy where there is one, and that a fence has let him in, where there is one.
#[derive(Clone, Copy, Debug)]
struct From {
    address: IpAddr,
    let_in: Option<LetIn>,
}

/// What every connection needs.
#[derive(Clone)]
struct Server {
    tls: TlsAcceptor,
    house: Arc<House>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("limits", &self.house.limits).finish_non_exhaustive()
    }
}

impl Server {
    /// A connection from its first byte to its last.
    async fn connection(self, mut stream: TcpStream, peer: SocketAddr, routes: Routes) {
        let Some(from) = self.admit(&mut stream, peer).await else { return };
        let Some((seat, mut orders)) = self.house.seats.take(from.address) else { return };
        let _counted = self.house.metrics.connection();
        // Small answers would otherwise wait 40 ms for an acknowledgement.
        let _ = stream.set_nodelay(true);
        // What a caller has not got to yet takes no memory: a flood is of those that never get there.
        let Some(mut stream) = Box::pin(self.handshake(stream, &mut orders)).await else {
            _ = self.house.metrics.failed_handshakes.inc();
            return;
        };
        seat.shaken();
        if self.says_something(&mut stream, &mut orders).await {
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let conversation = Conversation::begin(self.house, from, http2, seat);
            Box::pin(requests(stream, conversation, routes, orders)).await;
        }
    }

    /// Whoever the fence does not let in gets no byte of TLS. It comes before the seats, which are by address: only a
    /// proxy of the list is listened to here.
    async fn admit(&self, stream: &mut TcpStream, peer: SocketAddr) -> Option<From> {
        let House { fence, limits, metrics, .. } = &*self.house;
        let Some(fence) = fence else {
            return Some(From { address: peer.ip().to_canonical(), let_in: None });
        };
        match timeout(limits.handshake_timeout, fence.admit(stream, peer)).await {
            Ok(Ok(let_in)) => Some(From { address: let_in.peer().ip(), let_in: Some(let_in) }),
            Ok(Err(refused)) => {
                self.house.refused(refused);
                None
            }
            Err(_) => {
                metrics.failed_handshakes.inc();
                None
            }
        }
    }

    async fn handshake(
        &self,
        stream: TcpStream,
        orders: &mut Receiver<Order>,
    ) -> Option<TlsStream<TcpStream>> {
        let handshake = async {
            stream.readable().await.ok()?;
            self.tls.accept(stream).await.ok()
        };
        tokio::select! {
            shaken = timeout(self.house.limits.handshake_timeout, handshake) => shaken.ok()?,
            _ = orders => None,
        }
    }

    async fn says_something(&self, stream: &mut TlsStream<TcpStream>, orders: &mut Receiver<Order>) -> bool {
        tokio::select! {
            said = timeout(self.house.limits.header_timeout, stream.fill_buf()) => match said {
                Ok(said) => said.is_ok_and(|bytes| !bytes.is_empty()),
                Err(_) => {
                    self.house.metrics.connection_ended("header_timeout");
                    false
                }
            },
            _ = orders => false,
        }
    }
}

/// The requests of a connection, by the protocol that was agreed on; HTTP/1.1 where none was.
async fn requests(
    stream: TlsStream<TcpStream>,
    conversation: Arc<Conversation>,
    routes: Routes,
    orders: Receiver<Order>,
) {
    let limits = conversation.house.limits;
    let stream = TokioIo::new(Wire::new(stream, Arc::clone(&conversation)));
    let caller = Caller(Arc::clone(&conversation));
    let service = service_fn(move |request| {
        // Looked up anew: a key that is no longer believed is not believed on a connection from before either.
        let answer = caller.clone().answer(request, routes.current());
        async move { Ok::<_, Infallible>(answer.await) }
    });
    if conversation.http2 {
        watched(protocol::http2(&limits).serve_connection(stream, service), &conversation, orders).await;
    } else {
        watched(protocol::http1(&limits).serve_connection(stream, service), &conversation, orders).await;
    }
}

/// Serves a connection until it ends, is told to, or has had its time. What it fails of is the caller's to know.
async fn watched(
    connection: impl GracefulConnection,
    conversation: &Conversation,
    mut orders: Receiver<Order>,
) {
    let (mut connection, mut timer) = (pin!(connection), pin!(sleep_until(Instant::now())));
    let (mut draining, mut retired) = (false, false);
    loop {
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            told = &mut orders, if !draining => {
                if told != Ok(Order::Drain) {
                    return;
                }
                draining = true;
                connection.as_mut().graceful_shutdown();
            }
            () = timer.as_mut() => match conversation.look(retired) {
                Look::Again(at) => timer.as_mut().reset(at),
                Look::Retire => {
                    retired = true;
                    connection.as_mut().graceful_shutdown();
                }
                Look::End(reason) => return conversation.house.metrics.connection_ended(reason),
            },
        }
    }
}
