//! The body of a request over HTTP/1.1: what the answer does not wait for is read all the same, and thrown away.
//!
//! Many callers send all of a body before they read the answer. A connection that is closed with some of it unread is
//! reset, and the answer is lost with it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::{Request, header::EXPECT};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::{runtime::Handle, time::timeout};

use super::connection_state::BegunRequest;

/// Most that is thrown away of one body: twice the largest that may be configured. A caller that sends more is cut off.
const MAX_DISCARDED_BYTES: usize = 8 << 20;

/// A body whose rest is thrown away when it is dropped, within [`MAX_DISCARDED_BYTES`] and `body_timeout`. Until then its
/// request counts as in flight on its connection.
pub(super) struct RequestBody {
    /// `None`: it came to its end, or broke off.
    incoming: Option<Incoming>,
    /// The caller waits for `100 Continue`, which goes out when the body is asked for: nothing is on its way.
    held_back: bool,
    begun: Arc<BegunRequest>,
}

impl RequestBody {
    /// The request with its body so. Over HTTP/2 a stream can end without its connection, so there the body is as it was.
    pub(super) fn of(request: Request<Incoming>, begun: &Arc<BegunRequest>) -> Request<Body> {
        if begun.http2 {
            return request.map(Body::new);
        }
        let held_back = request.headers().contains_key(EXPECT);
        request.map(|body| Body::new(Self { incoming: Some(body), held_back, begun: Arc::clone(begun) }))
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.held_back = false;
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(incoming).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.incoming = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if self.held_back || self.is_end_stream() {
            return;
        }
        // Without a runtime the process ends, and all connections with it.
        if let (Some(rest), Ok(runtime)) = (self.incoming.take(), Handle::try_current()) {
            runtime.spawn(discard(rest, Arc::clone(&self.begun)));
        }
    }
}

/// Frame by frame, so that nothing is kept. It ends with the connection, too.
async fn discard(mut rest: Incoming, begun: Arc<BegunRequest>) {
    let all = async {
        let mut left = MAX_DISCARDED_BYTES;
        while let Some(Ok(frame)) = rest.frame().await {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            begun.count_body_bytes(bytes);
            let Some(less) = left.checked_sub(bytes) else { return };
            left = less;
        }
    };
    // What still comes after that is not read: the connection is closed.
    let _ = timeout(begun.listener.limits.body_timeout, all).await;
}
