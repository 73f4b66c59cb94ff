//! A wire that a test can spoil: between edge and decider, where it sees bytes of TLS, and what it changes neither side
//! believes; or between decider and database.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::local::Local;

const CHUNK_BYTES: usize = 16 * 1024;

/// What happens to bytes on the way back, from who was called. The other way is spoiled by `Held` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// They pass.
    Good,
    /// They pass later.
    Slow(Duration),
    /// Neither way they arrive before it is good again, as if each packet were lost and sent again.
    Held,
    /// They never arrive; the connection stays.
    Silent,
    /// One bit of each chunk is turned.
    Garbled,
    /// The first half of a chunk passes, then the connection ends.
    Cut,
}

/// A running wire; it ends when it is dropped. Connections that it has made stay.
pub struct Proxy {
    wire: watch::Sender<Wire>,
    server: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// Stands between the edge and the decider of `local`: changes edge.yaml, so the edge must not run yet.
    pub async fn before_decider(local: &Local) -> Self {
        let decider = local.addresses().unwrap().decider;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = std::fs::read_to_string(local.edge_config()).unwrap();
        let (to, by) = (format!("localhost:{}", decider.port()), listener.local_addr().unwrap().port());
        assert!(config.contains(&to), "edge.yaml does not name the decider {to}:\n{config}");
        std::fs::write(local.edge_config(), config.replace(&to, &format!("localhost:{by}"))).unwrap();
        Self::over(listener, decider)
    }

    /// Stands before an address of this machine: call it at the port that comes back.
    pub async fn before(address: SocketAddr) -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (Self::over(listener, address), port)
    }

    fn over(listener: TcpListener, to: SocketAddr) -> Self {
        let (wire, state) = watch::channel(Wire::Good);
        Self { wire, server: tokio::spawn(serve(listener, to, state)) }
    }

    /// From now on, on connections that are open as well.
    pub fn set(&self, wire: Wire) {
        self.wire.send_replace(wire);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, decider: SocketAddr, wire: watch::Receiver<Wire>) {
    let wire = Arc::new(wire);
    while let Ok((edge, _)) = listener.accept().await {
        let Ok(decider) = TcpStream::connect(decider).await else { continue };
        let ((from_edge, to_edge), (from_decider, to_decider)) = (edge.into_split(), decider.into_split());
        tokio::spawn(forward(from_edge, to_decider, Arc::clone(&wire)));
        tokio::spawn(spoil(from_decider, to_edge, Arc::clone(&wire)));
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, wire: Arc<watch::Receiver<Wire>>) {
    let mut buffer = vec![0; CHUNK_BYTES];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        released(&wire).await;
        let Some(chunk) = buffer.get(..length) else { return };
        if to.write_all(chunk).await.is_err() {
            return;
        }
    }
}

/// Waits while it is held.
async fn released(wire: &watch::Receiver<Wire>) {
    let _ = wire.clone().wait_for(|wire| *wire != Wire::Held).await;
}

async fn spoil(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, wire: Arc<watch::Receiver<Wire>>) {
    let mut buffer = vec![0; CHUNK_BYTES];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        released(&wire).await;
        let wire = *wire.borrow();
        let Some(chunk) = buffer.get_mut(..length) else { return };
        match wire {
            Wire::Good | Wire::Held => {}
            Wire::Slow(by) => tokio::time::sleep(by).await,
            Wire::Silent => continue,
            Wire::Garbled => chunk.iter_mut().skip(length / 2).take(1).for_each(|byte| *byte ^= 1),
            Wire::Cut => {
                let _ = to.write_all(chunk.get(..length / 2).unwrap_or_default()).await;
                return;
            }
        }
        if to.write_all(chunk).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(30);
    const A_MOMENT: Duration = Duration::from_millis(200);

    /// What comes out within a time.
    async fn pipe(wire: Wire, within: Duration) -> Vec<u8> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let decider = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, decider_at) = (listener.local_addr().unwrap(), decider.local_addr().unwrap());
        let (_state, state) = watch::channel(wire);
        let server = tokio::spawn(serve(listener, decider_at, state));
        let mut edge = TcpStream::connect(at).await.unwrap();
        let (mut answers, _) = decider.accept().await.unwrap();
        answers.write_all(b"answer").await.unwrap();
        drop(answers);
        let mut got = Vec::new();
        let _ = tokio::time::timeout(within, edge.read_to_end(&mut got)).await;
        server.abort();
        got
    }

    #[tokio::test]
    async fn it_does_to_the_bytes_what_it_is_told() {
        assert_eq!(pipe(Wire::Good, SOON).await, b"answer");
        assert_eq!(pipe(Wire::Slow(Duration::from_millis(20)), SOON).await, b"answer");
        assert_eq!(pipe(Wire::Slow(Duration::from_secs(9)), A_MOMENT).await, b"");
        assert_eq!(pipe(Wire::Silent, A_MOMENT).await, b"");
        assert_eq!(pipe(Wire::Held, A_MOMENT).await, b"");
        assert_eq!(pipe(Wire::Garbled, SOON).await, b"ansver");
        assert_eq!(pipe(Wire::Cut, SOON).await, b"ans");
    }

    #[tokio::test]
    async fn what_it_held_arrives_whole_when_it_is_good_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (proxy, port) = Proxy::before(listener.local_addr().unwrap()).await;
        let mut caller = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (mut called, _) = listener.accept().await.unwrap();
        proxy.set(Wire::Held);
        caller.write_all(b"ask").await.unwrap();
        called.write_all(b"answer").await.unwrap();
        let (mut asked, mut answered) = ([0; 3], [0; 6]);
        let early = tokio::time::timeout(Duration::from_millis(100), called.read_exact(&mut asked)).await;
        assert!(early.is_err());
        proxy.set(Wire::Good);
        called.read_exact(&mut asked).await.unwrap();
        caller.read_exact(&mut answered).await.unwrap();
        assert_eq!((&asked, &answered), (b"ask", b"answer"));
    }
}
