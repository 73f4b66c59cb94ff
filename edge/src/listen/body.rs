//! The body of a request, whole, within its bounds.

use std::ops::Deref;

use axum::{
    body::{Body, HttpBody as _},
    extract::Request,
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use thiserror::Error;
use tokio::time::timeout;

use super::{caller::Caller, config::Limits, conversation::Room};
use crate::telemetry::Shed;

/// A body that did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReceiveError {
    /// Larger than `max_body_bytes`.
    #[error("the body is too large")]
    TooLarge,
    /// Not whole within `body_timeout`.
    #[error("the body took too long")]
    TooSlow,
    /// The connection failed under it.
    #[error("the body broke off")]
    Broken,
    /// There is no room for it now.
    #[error("there is no room for the body now")]
    Shed(Shed),
}

/// A whole body, and the room that it takes while it is held.
#[derive(Debug)]
pub struct Whole {
    bytes: Bytes,
    _room: Room,
}

impl Deref for Whole {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Receives the whole body.
pub async fn receive(request: Request, caller: &Caller, limits: &Limits) -> Result<Whole, ReceiveError> {
    let mut room = Room::new(&caller.0);
    let received = timeout(limits.body_timeout, collect(request.into_body(), limits, &mut room));
    let bytes = received.await.map_err(|_| ReceiveError::TooSlow)??;
    Ok(Whole { bytes, _room: room })
}

/// Copies what comes: a piece that was kept would keep the buffer it came in.
async fn collect(mut body: Body, limits: &Limits, room: &mut Room) -> Result<Bytes, ReceiveError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut whole = BytesMut::new();
    if announced > limits.max_body_bytes {
        return Err(ReceiveError::TooLarge);
    }
    while let Some(frame) = body.frame().await {
        // What is no data are trailers, which nobody reads.
        let Ok(data) = frame.map_err(|_| ReceiveError::Broken)?.into_data() else { continue };
        if whole.len().saturating_add(data.len()) > limits.max_body_bytes {
            return Err(ReceiveError::TooLarge);
        }
        room.grow(data.len()).map_err(ReceiveError::Shed)?;
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}
