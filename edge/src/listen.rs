//! The HTTPS listener: TLS, limits on everything a caller can make us wait for or hold, and an orderly end.

mod connection;
mod protocol;
mod body;
mod request_body;
mod caller;
mod in_flight_request;
mod metered_stream;
mod connection_state;
mod listener_state;
mod connection_table;
mod address_counters;
mod shared_budget;
mod rate;
mod descriptors;
mod config;
mod fence;
mod proxied;
mod sources;
mod routes;
mod tls;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use body::{ReceiveError, receive};
pub use caller::{Caller, come_again, shed_response};
pub use config::{Config, Limits};
use connection::Server;
pub use descriptors::suffice_for;
pub use fence::{Fence, LetIn, Refused};
use listener_state::ListenerState;
pub use protocol::{MAX_HEADER_BYTES, MIN_HEADER_BYTES};
pub use rate::Meter;
pub use routes::Routes;
pub use shared_budget::ADDRESS_SHARE;
pub use sources::{NetworkError, Networks, network};
pub use tls::{ServerTls, TlsError, certified_key};

use crate::telemetry::metrics::Metrics;

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
        let listener = Arc::new(ListenerState::new(config, metrics));
        let server = Server { tls: config.tls.acceptor(), listener };
        Ok(Self { socket: TcpListener::bind(config.address).await?, server })
    }

    /// The address that was bound.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop` and for `drain_notice` after it; then lets requests in flight end, for `drain_timeout` at
    /// most. Whether all of them did.
    pub async fn serve(self, routes: Routes, stop: CancellationToken) -> bool {
        let connections = TaskTracker::new();
        tokio::select! {
            biased;
            () = self.until_noticed(&stop) => {}
            () = self.take_callers(&routes, &connections) => {}
        }
        // Closes the port.
        drop(self.socket);
        self.server.listener.connections.drain();
        connections.close();
        timeout(self.server.listener.limits.drain_timeout, connections.wait()).await.is_ok()
    }

    async fn take_callers(&self, routes: &Routes, connections: &TaskTracker) {
        loop {
            let (stream, peer) = self.next().await;
            connections.spawn(self.server.clone().connection(stream, peer, routes.clone()));
        }
    }

    /// Waits for `stop`, and until balancers have had the time to notice that this edge is not ready.
    async fn until_noticed(&self, stop: &CancellationToken) {
        stop.cancelled().await;
        self.server.listener.leave();
        sleep(self.server.listener.limits.drain_notice).await;
    }

    /// The next connection. All are accepted, and get a slot or are closed: in the queue of the socket nobody can tell
    /// connections apart, so a flood there would keep real callers out.
    async fn next(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.socket.accept().await {
                Ok(accepted) => return accepted,
                Err(error) => {
                    self.server.listener.report_failed_accept(&error);
                    sleep(ACCEPT_ERROR_PAUSE).await;
                }
            }
        }
    }
}
