//! The port: takes connections, no more at once than there is room for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use super::descriptors::suffice_for;

/// Connections at once. Each is an edge or a service with some channels: thousands are a fault or an attack.
const MAX_CONNECTIONS: usize = 2048;
/// Pause when the machine cannot accept (out of descriptors): trying at once would only burn a core.
const ACCEPT_ERROR_PAUSE: Duration = Duration::from_millis(100);

/// A bound port.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    slots: Arc<Semaphore>,
}

impl Listener {
    /// Binds it.
    ///
    /// # Errors
    /// It is taken, or not ours to take.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        suffice_for(MAX_CONNECTIONS);
        let socket = TcpListener::bind(address).await?;
        Ok(Self { socket, slots: Arc::new(Semaphore::new(MAX_CONNECTIONS)) })
    }

    /// Where it is.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The next connection. The slot comes first: a connection that is accepted and not served would look alive.
    pub async fn next(&self) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok()?;
        loop {
            match self.socket.accept().await {
                Ok((stream, _)) => return Some((stream, slot)),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_ERROR_PAUSE).await;
                }
            }
        }
    }
}
