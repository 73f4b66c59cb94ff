//! The bodies of a call: a request that has to come, and an answer that holds its permits until it is sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use http::Response;
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Sleep, sleep, timeout};

use super::access::Caller;
use super::calls::{CallPermit, Calls};
use super::service::ReadPermit;

/// How long nothing of a request may come before it is given up.
const REQUEST_PAUSE: Duration = Duration::from_secs(5);
/// An answer is handed over in pieces of so many bytes: the connection takes the next one once the client has room for
/// it, so that no more than this of an answer lies there after its permit is free.
const PIECE_BYTES: usize = 16 * 1024;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A request that has to come. Mostly it is there at once, and no timer is made.
pub struct RequestBody {
    body: Incoming,
    pause: Option<Pin<Box<Sleep>>>,
    calls: Calls,
    caller: Arc<Caller>,
}

impl RequestBody {
    /// This one, of a caller.
    pub fn of(body: Incoming, calls: Calls, caller: Arc<Caller>) -> Self {
        Self { body, pause: None, calls, caller }
    }
}

impl hyper::body::Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.pause = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(REQUEST_PAUSE)));
        ready!(pause.as_mut().poll(context));
        Poll::Ready(Some(Err(self.calls.did_not_come(&self.caller).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Reads what still comes of a request and keeps none of it.
pub async fn read_off(mut body: Incoming) {
    let all = async { while let Some(Ok(_)) = body.frame().await {} };
    let _ = timeout(REQUEST_PAUSE, all).await;
}

/// An answer, with the permits that are free once it is sent.
pub struct AnswerBody {
    body: Body,
    /// What was not handed over of the last frame.
    rest: Bytes,
    _call_permit: Option<CallPermit>,
    _read_permit: Option<ReadPermit>,
}

impl AnswerBody {
    /// An answer that holds no permit.
    pub fn without_permit(body: Body) -> Self {
        Self { body, rest: Bytes::new(), _call_permit: None, _read_permit: None }
    }

    /// An answer that holds one.
    pub fn of(answer: Response<Body>, permit: CallPermit) -> Response<Self> {
        let (mut parts, body) = answer.into_parts();
        let read_permit = parts.extensions.remove();
        let body = Self { body, rest: Bytes::new(), _call_permit: Some(permit), _read_permit: read_permit };
        Response::from_parts(parts, body)
    }

    /// The last piece is a copy: it may lie there for long, and would keep the whole of the answer.
    fn piece(&mut self, mut data: Bytes, is_last: bool) -> Frame<Bytes> {
        if data.len() > PIECE_BYTES {
            self.rest = data.split_off(PIECE_BYTES);
            return Frame::data(data);
        }
        Frame::data(if is_last { Bytes::copy_from_slice(&data) } else { data })
    }
}

impl hyper::body::Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            return Poll::Ready(Some(Ok(self.piece(rest, true))));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(frame.map(|frame| {
            frame.map(|frame| match frame.into_data() {
                Ok(data) => self.piece(data, false),
                Err(other) => other,
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    /// Of an answer of which nothing was taken yet.
    fn size_hint(&self) -> SizeHint {
        if self.rest.is_empty() { self.body.size_hint() } else { SizeHint::default() }
    }
}

#[cfg(test)]
mod tests {
    use hyper::body::Body as _;

    use super::*;

    async fn pieces(bytes: usize) -> Vec<Bytes> {
        let whole: Vec<u8> = (0..bytes).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let mut answer = AnswerBody::without_permit(Body::from(whole.clone()));
        let mut pieces = Vec::new();
        while let Some(frame) = answer.frame().await {
            pieces.push(frame.unwrap().into_data().unwrap());
        }
        assert!(answer.is_end_stream());
        assert!(pieces.concat() == whole, "{bytes} bytes came out as others");
        pieces
    }

    #[tokio::test]
    async fn an_answer_goes_in_pieces_and_is_the_same() {
        for (bytes, count) in [(1, 1), (PIECE_BYTES, 1), (PIECE_BYTES + 1, 2), (10 * PIECE_BYTES, 10)] {
            assert_eq!(pieces(bytes).await.len(), count, "{bytes}");
        }
        assert!(pieces(0).await.is_empty());
    }

    /// A small answer is not copied, and of a large one its end does not keep the whole.
    #[tokio::test]
    async fn the_last_piece_keeps_nothing_but_itself() {
        let whole = Bytes::from(vec![7; PIECE_BYTES + 5]);
        let mut answer = AnswerBody::without_permit(Body::from(whole.clone()));
        while let Some(frame) = answer.frame().await {
            let piece = frame.unwrap().into_data().unwrap();
            let within = whole.as_ptr_range().contains(&piece.as_ptr());
            assert_eq!(within, piece.len() == PIECE_BYTES);
        }
        let small = Bytes::from_static(b"small");
        let frame = AnswerBody::without_permit(Body::from(small.clone())).frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap().as_ptr(), small.as_ptr());
    }
}
