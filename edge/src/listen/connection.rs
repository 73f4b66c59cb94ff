//! A connection from its first byte to its last: seat, handshake, requests.

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
    conversation::{Conversation, Look},
    house::House,
    protocol,
    routes::Routes,
    seats::Order,
    wire::Wire,
};

/// What every connection needs.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) tls: TlsAcceptor,
    pub(super) house: Arc<House>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("limits", &self.house.limits).finish_non_exhaustive()
    }
}

impl Server {
    /// A connection from its first byte to its last.
    pub(super) async fn connection(self, mut stream: TcpStream, peer: SocketAddr, routes: Routes) {
        // Whoever is not let in gets no byte of TLS.
        let Some(entered) = self.house.let_in(&mut stream, peer).await else { return };
        let Some((seat, mut orders)) = self.house.seats.take(entered.address) else { return };
        let _counted = self.house.metrics.track_connection();
        // Small answers would otherwise wait 40 ms for an acknowledgement.
        let _ = stream.set_nodelay(true);
        // What a caller has not got to yet takes no memory: a flood is of those that never get there.
        let handshake = self.handshake(stream, entered.address, &mut orders);
        let Some(mut stream) = Box::pin(handshake).await else {
            _ = self.house.metrics.failed_handshakes.inc();
            return;
        };
        seat.finish_handshake();
        if self.says_something(&mut stream, &mut orders).await {
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let conversation = Conversation::begin(self.house, entered, http2, seat);
            Box::pin(requests(stream, conversation, routes, orders)).await;
        }
    }

    async fn handshake(
        &self,
        stream: TcpStream,
        address: IpAddr,
        orders: &mut Receiver<Order>,
    ) -> Option<TlsStream<TcpStream>> {
        let handshake = async {
            // Whoever only looks whether the port is open ends it without a byte: that is counted, and not told.
            let begun = stream.peek(&mut [0]).await.is_ok_and(|bytes| bytes > 0);
            let shaken = if begun { self.tls.accept(stream).await } else { return None };
            shaken.inspect_err(|error| self.house.report_failed_handshake(address, error)).ok()
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
                    self.house.metrics.count_connection_end("header_timeout");
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
    let answering = Arc::clone(&conversation);
    let service = service_fn(move |request| {
        // Looked up anew: a key that is no longer believed is not believed on a connection from before either.
        let answer = caller::answer(Arc::clone(&answering), request, routes.current());
        async move { Ok::<_, Infallible>(answer.await) }
    });
    if conversation.http2 {
        watched(protocol::http2(&limits).serve_connection(stream, service), &conversation, orders).await;
    } else {
        watched(protocol::http1(&limits).serve_connection(stream, service), &conversation, orders).await;
    }
}

/// Over HTTP/1.1 the library has refused a head, with 400, 414 or 431.
fn unread(conversation: &Conversation, error: &hyper::Error) {
    if error.is_parse() {
        let outcome = if error.is_parse_too_large() { "head_too_large" } else { "bad_head" };
        conversation.report_refused_head(outcome, error);
    }
}

/// Serves a connection until it ends, is told to, or has had its time. Of what it fails of only heads that cannot be read
/// are told: the rest is the caller's to know.
async fn watched(
    connection: impl GracefulConnection<Error = hyper::Error>,
    conversation: &Conversation,
    mut orders: Receiver<Order>,
) {
    let (mut connection, mut timer) = (pin!(connection), pin!(sleep_until(Instant::now())));
    let (mut draining, mut retired) = (false, false);
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return ended.unwrap_or_else(|error| unread(conversation, &error)),
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
                Look::End(reason) => return conversation.house.metrics.count_connection_end(reason),
            },
        }
    }
}
