//! The admin port's connections. Whoever reaches the port may open one, so that all together they must not take what
//! calls need: they are few, none is idle for long, and the newest replaces the oldest.

use std::collections::VecDeque;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

/// Connections at once. Probes and scrapers are a few.
pub const MAX_CONNECTIONS: usize = 64;
/// For the head of a request, from the connection or the answer before it.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection's whole life: an answer that nobody reads ends with it.
const MAX_AGE: Duration = Duration::from_secs(60);
/// Pause when the machine cannot accept (out of descriptors): trying at once would only burn a core.
const ACCEPT_ERROR_PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener, router: Router) {
    let mut open = VecDeque::<AbortOnDropHandle<()>>::with_capacity(MAX_CONNECTIONS);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                open.retain(|connection| !connection.is_finished());
                if open.len() >= MAX_CONNECTIONS {
                    open.pop_front();
                }
                open.push_back(AbortOnDropHandle::new(tokio::spawn(answer(stream, router.clone()))));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection to the admin port");
                sleep(ACCEPT_ERROR_PAUSE).await;
            }
        }
    }
}

async fn answer(stream: TcpStream, router: Router) {
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    let connection = protocol.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // What a connection fails of is the caller's to know.
    let _ = tokio::time::timeout(MAX_AGE, connection).await;
}
