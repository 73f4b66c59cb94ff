//! A connection from its first byte to its last: slot, handshake, requests.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
};

use hyper::service::service_fn;
use hyper_util::{rt::TokioIo, server::graceful::GracefulConnection};
use tokio::{
    io::AsyncBufReadExt as _,
    net::TcpStream,
    sync::oneshot::Receiver,
    time::{Instant, sleep_until, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    caller,
    connection_state::{BegunRequest, ConnectionState, TimerAction},
    connection_table::CloseOrder,
    listener_state::ListenerState,
    metered_stream::MeteredStream,
    protocol,
    routes::Routes,
};

use crate::telemetry::metrics::{ConnectionEnd, Unserved};

/// What every connection needs.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) tls: TlsAcceptor,
    pub(super) listener: Arc<ListenerState>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("limits", &self.listener.limits).finish_non_exhaustive()
    }
}

impl Server {
    /// A connection from its first byte to its last.
    pub(super) async fn connection(self, mut stream: TcpStream, peer: SocketAddr, routes: Routes) {
        // A caller that is not let in gets no byte of TLS.
        let Some(peer) = self.listener.let_in(&mut stream, peer).await else { return };
        let Some((slot, mut orders)) = self.listener.connections.take(peer.address) else { return };
        let _counted = self.listener.metrics.track_connection();
        // Small answers would otherwise wait 40 ms for an acknowledgement.
        let _ = stream.set_nodelay(true);
        // Boxed step by step: a flood consists of callers that never get to the next step, and must not cost its
        // memory.
        let handshake = self.handshake(stream, peer.address, &mut orders);
        let Some(mut stream) = Box::pin(handshake).await else {
            self.listener.metrics.count_failed_handshake();
            return;
        };
        slot.finish_handshake();
        if self.first_byte_came(&mut stream, &mut orders).await {
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let state = ConnectionState::begin(self.listener, peer, http2, slot);
            Box::pin(requests(stream, state, routes, orders)).await;
        }
    }

    async fn handshake(
        &self,
        stream: TcpStream,
        address: IpAddr,
        orders: &mut Receiver<CloseOrder>,
    ) -> Option<TlsStream<TcpStream>> {
        let handshake = async {
            // A probe for an open port ends the connection without a byte: that is counted, and not logged.
            let begun = stream.peek(&mut [0]).await.is_ok_and(|bytes| bytes > 0);
            let shaken = if begun { self.tls.accept(stream).await } else { return None };
            shaken.inspect_err(|error| self.listener.report_failed_handshake(address, error)).ok()
        };
        tokio::select! {
            shaken = timeout(self.listener.limits.handshake_timeout, handshake) => shaken.ok()?,
            _ = orders => None,
        }
    }

    async fn first_byte_came(
        &self,
        stream: &mut TlsStream<TcpStream>,
        orders: &mut Receiver<CloseOrder>,
    ) -> bool {
        tokio::select! {
            said = timeout(self.listener.limits.header_timeout, stream.fill_buf()) => match said {
                Ok(said) => said.is_ok_and(|bytes| !bytes.is_empty()),
                Err(_) => {
                    self.listener.metrics.count_connection_end(ConnectionEnd::HeaderTimeout);
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
    state: Arc<ConnectionState>,
    routes: Routes,
    orders: Receiver<CloseOrder>,
) {
    let limits = state.listener.limits;
    let stream = TokioIo::new(MeteredStream::new(stream, Arc::clone(&state)));
    let answering = Arc::clone(&state);
    let service = service_fn(move |request| {
        // Right here, and not when the answer is first polled: before that the library reads on.
        let begun = BegunRequest::begin(&answering);
        // For each request: a key that was withdrawn must not be believed on an open connection either.
        let answer = caller::answer(begun, request, routes.current());
        async move { Ok::<_, Infallible>(answer.await) }
    });
    if state.http2 {
        serve(protocol::http2(&limits).serve_connection(stream, service), &state, orders).await;
    } else {
        serve(protocol::http1(&limits).serve_connection(stream, service), &state, orders).await;
    }
}

/// Reports a head that the library has refused over HTTP/1.1, with 400, 414 or 431.
fn report_refused_head(state: &ConnectionState, error: &hyper::Error) {
    if error.is_parse() {
        let why = if error.is_parse_too_large() { Unserved::HeadTooLarge } else { Unserved::BadHead };
        state.report_refused_head(why, error);
    }
}

/// Serves a connection until it ends, is told to end, or its time is up. Of its failures only heads that cannot be read
/// are logged: the others concern the caller alone.
async fn serve(
    connection: impl GracefulConnection<Error = hyper::Error>,
    state: &ConnectionState,
    mut orders: Receiver<CloseOrder>,
) {
    let (mut connection, mut timer) = (pin!(connection), pin!(sleep_until(Instant::now())));
    let (mut draining, mut retired) = (false, false);
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return ended.unwrap_or_else(|error| report_refused_head(state, &error)),
            told = &mut orders, if !draining => {
                if told != Ok(CloseOrder::Drain) {
                    return;
                }
                draining = true;
                connection.as_mut().graceful_shutdown();
            }
            () = timer.as_mut() => match state.timer_action(retired) {
                TimerAction::WaitUntil(at) => timer.as_mut().reset(at),
                TimerAction::Retire => {
                    retired = true;
                    connection.as_mut().graceful_shutdown();
                }
                TimerAction::End(reason) => return state.listener.metrics.count_connection_end(reason),
            },
        }
    }
}
