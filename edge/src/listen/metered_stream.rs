//! The bytes of a connection: incoming ones are counted, outgoing ones must be taken in time.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::connection_state::ConnectionState;
use crate::telemetry::metrics::ConnectionEnd;

/// A stream that fails when the caller sends too much beside requests, or does not take what is sent to it.
pub(super) struct MeteredStream<S> {
    stream: S,
    connection: Arc<ConnectionState>,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> MeteredStream<S> {
    pub(super) fn new(stream: S, connection: Arc<ConnectionState>) -> Self {
        Self { stream, connection, stalled: None }
    }

    /// The outcome of sending something; an error once it has been pending for too long.
    fn timely<T>(&mut self, cx: &mut Context<'_>, sent: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if sent.is_ready() {
            self.stalled = None;
            return sent;
        }
        let listener = &self.connection.listener;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(listener.limits.write_timeout)));
        ready!(stalled.as_mut().poll(cx));
        listener.metrics.count_connection_end(ConnectionEnd::WriteTimeout);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for MeteredStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        self.connection.note_read();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if self.connection.count_bytes(buf.filled().len().saturating_sub(before)) {
            return Poll::Ready(Ok(()));
        }
        self.connection.listener.metrics.count_connection_end(ConnectionEnd::Overhead);
        Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for MeteredStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.timely(cx, sent)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.stream).poll_flush(cx);
        self.timely(cx, sent)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.timely(cx, sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.timely(cx, sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
