//! One connection: handshake ▸ who is it ▸ calls ▸ an end that loses none.

use std::convert::Infallible;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls_pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::access::{Caller, CurrentAccess};
use super::calls::Calls;
use super::deadline::MAX_DEADLINE;
use super::metrics::Metrics;
use crate::telemetry::seldom::Seldom;

/// The longest a TLS handshake may take, with the wait for its turn.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two lines about failed handshakes: anybody can cause one.
const FAILURE_PAUSE: Duration = Duration::from_secs(30);
/// Handshakes at once: they cost a millisecond of computing each, and anybody can begin one.
const MAX_HANDSHAKES: usize = 128;
/// Calls at once over one connection; a client keeps what is more to itself. More than may be worked on at once
/// ([`super::shares::MAX_CALLS`]), so that one channel that has all of those still learns that it is shed.
const MAX_CONCURRENT_STREAMS: u32 = 2048;
/// Calls that a client cancels before we have looked at them. A burst whose deadline passes is cancelled in one go, and the
/// next one may be on its way before we have looked at the first; at the usual 20 the connection, and every other call
/// on it, would go with them. What is kept of a cancelled call is its headers.
const MAX_CANCELLED_UNSEEN: usize = 8 * MAX_CONCURRENT_STREAMS as usize;
/// Streams of its life that a connection may have ended in a way that HTTP/2 calls an error. What is still on its way of a
/// call that was cancelled is one; at the usual 1024 a connection went after some bursts. A client that shows a
/// certificate of ours may make so many: each costs us a frame.
const MAX_STREAM_ERRORS: usize = 1 << 20;
/// What a client may have sent over a connection that nobody has read yet, in bytes: the longest request. Half of it is
/// what may go with short frames that are not read, at 256 bytes each (h2, `data_frame_budget`): those of calls that were
/// cancelled by the thousand are no attack.
const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// The largest set of headers of a call, in bytes.
const MAX_HEADER_BYTES: u32 = 16 * 1024;
/// After so long without a frame the peer is asked whether it is there…
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// …and after so long without an answer it is not.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// From the word that no more calls are taken until those that are left are cut off: longer than any call may take,
/// so that only streams without an end, such as a watch of the health, are.
const GRACE: Duration = MAX_DEADLINE.saturating_add(Duration::from_secs(5));
/// Into how many parts an age is divided to vary it, and how many of them it may be more or less.
const AGE_PARTS: u32 = 10_000;
const JITTER_PARTS: u32 = 1_000;

/// What every connection needs.
#[derive(Clone)]
pub struct Connections {
    calls: Calls,
    access: CurrentAccess,
    metrics: Arc<Metrics>,
    handshakes: Arc<Semaphore>,
    /// When a failed handshake is told.
    failures: Arc<Seldom>,
    age: Duration,
}

impl Connections {
    /// To these services. Each is asked to end at about this age.
    pub fn to(calls: Calls, access: CurrentAccess, metrics: Arc<Metrics>, age: Duration) -> Self {
        let handshakes = Arc::new(Semaphore::new(MAX_HANDSHAKES));
        Self { calls, access, metrics, handshakes, failures: Arc::new(Seldom::every(FAILURE_PAUSE)), age }
    }

    /// Serves one until it ends; asks it to end when `drain` is cancelled.
    pub async fn serve(self, stream: TcpStream, drain: CancellationToken) {
        self.metrics.accepted.inc();
        self.metrics.open.inc();
        // Small answers would otherwise wait 40 ms for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let peer = stream.peer_addr().ok();
        match timeout(HANDSHAKE_TIMEOUT, self.handshake(stream)).await {
            Ok(Ok(stream)) => self.calls(stream, peer, drain).await,
            Ok(Err(error)) => self.failed(peer, &error),
            Err(_) => self.failed(peer, &io::ErrorKind::TimedOut.into()),
        }
        self.metrics.open.dec();
    }

    /// A permit goes to who begins: connections that say nothing must not hold up those that do.
    async fn handshake(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        stream.peek(&mut [0]).await?;
        let _permit = self.handshakes.acquire().await.map_err(io::Error::other)?;
        let acceptor = TlsAcceptor::from(Arc::clone(&self.access.load().tls.server));
        acceptor.accept(stream).await
    }

    /// A client that only checks whether the port is open hangs up: that is counted, and not logged.
    fn failed(&self, peer: Option<SocketAddr>, error: &io::Error) {
        self.metrics.failed_handshakes.inc();
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return;
        }
        if let Some(left_out) = self.failures.now() {
            let peer = peer.map(|peer| peer.to_string()).unwrap_or_default();
            let advice = advice(error);
            tracing::warn!(peer, %error, left_out, advice, "a TLS handshake failed");
        }
    }

    async fn calls(&self, stream: TlsStream<TcpStream>, peer: Option<SocketAddr>, drain: CancellationToken) {
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default().to_vec();
        let own = chain.first().map(|own| own.as_ref()).unwrap_or_default();
        let (access, metrics) = (self.access.clone(), Arc::clone(&self.metrics));
        let caller = Arc::new(Caller::of(own, peer, self.calls.shares(), access, metrics));
        let service = service_fn(|request| {
            let (calls, caller) = (self.calls.clone(), Arc::clone(&caller));
            async move { Ok::<_, Infallible>(calls.answer(caller, request).await) }
        });
        let connection = protocol().serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let mut cut = std::pin::pin!(self.cut(&chain, &caller));
        // What a connection fails of is the caller's to know.
        tokio::select! {
            _ = connection.as_mut() => return,
            () = &mut cut => return,
            () = drain.cancelled() => {}
            () = sleep(jittered(self.age, RandomState::new().hash_one(()))) => {}
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            _ = connection => {}
            () = cut => {}
            () = sleep(GRACE) => {}
        }
    }

    /// Ends when the connection is to be cut, calls and all, and says why, and whose it is.
    async fn cut(&self, chain: &[CertificateDer<'_>], caller: &Caller) {
        let why = tokio::select! {
            error = self.disowned(chain, caller) => {
                self.metrics.disowned.inc();
                format!("its certificate is not good for listen.client_ca any more: {error}")
            }
            left = stalled(caller) => {
                self.metrics.stalled.inc();
                format!("{left} calls over it did not end, for their answers were not taken")
            }
        };
        let (caller, peer) = (&*caller.name, caller.peer());
        tracing::warn!(caller, peer, why, "a connection is cut");
    }

    /// Why nobody vouches for the caller any more, once it is so. Whoever takes an authority away believes nothing that
    /// it has signed. Looked at whenever certificates or grants change.
    async fn disowned(&self, chain: &[CertificateDer<'_>], caller: &Caller) -> rustls::Error {
        let mut changes = self.access.changes();
        loop {
            // Looked at first: it may have gone between the handshake and now.
            if let Err(error) = changes.borrow_and_update().tls.trusts(chain) {
                return error;
            }
            caller.look_again();
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

/// How many calls did not end for longer than any may take: their answers are kept for a client that takes none.
async fn stalled(caller: &Caller) -> usize {
    loop {
        sleep(GRACE).await;
        let left = caller.generations.rotate();
        if left > 0 {
            return left;
        }
    }
}

fn protocol() -> http2::Builder<TokioExecutor> {
    let mut protocol = http2::Builder::new(TokioExecutor::new());
    protocol
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .max_pending_accept_reset_streams(MAX_CANCELLED_UNSEEN)
        .max_local_error_reset_streams(MAX_STREAM_ERRORS)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_header_list_size(MAX_HEADER_BYTES)
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT);
    protocol
}

/// What to look at. An alert is what the client thinks of us.
fn advice(error: &io::Error) -> &'static str {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::AlertReceived(_)) => {
            "the client refuses our certificate (listen.certificate): look at its names, its authority and its time, \
             and at the authority that the client trusts"
        }
        _ => {
            "the client's certificate must be of listen.client_ca, valid now, and be for clients (clientAuth)"
        }
    }
}

/// A tenth less to a tenth more, by chance: clients that connected together must not come back together.
fn jittered(age: Duration, chance: u64) -> Duration {
    let jitter = u32::try_from(chance % u64::from(2 * JITTER_PARTS + 1)).unwrap_or_default();
    (age / AGE_PARTS).saturating_mul(AGE_PARTS - JITTER_PARTS + jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_certificate_is_refused_is_told() {
        let ours = rustls::Error::AlertReceived(rustls::AlertDescription::BadCertificate);
        assert!(advice(&io::Error::other(ours)).contains("listen.certificate"));
        let theirs = rustls::Error::NoCertificatesPresented;
        assert!(advice(&io::Error::other(theirs)).contains("listen.client_ca"));
        assert!(advice(&io::ErrorKind::TimedOut.into()).contains("listen.client_ca"));
    }

    #[test]
    fn the_age_is_within_a_tenth() {
        let age = Duration::from_secs(1000);
        assert_eq!(jittered(age, 0), Duration::from_secs(900));
        assert_eq!(jittered(age, 1000), age);
        assert_eq!(jittered(age, 2000), Duration::from_secs(1100));
        assert_eq!(jittered(Duration::MAX, 2000), Duration::MAX);
        for chance in [1, u64::MAX, u64::MAX / 3] {
            assert!((Duration::from_secs(900)..=Duration::from_secs(1100)).contains(&jittered(age, chance)));
        }
    }
}
