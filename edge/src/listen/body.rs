//! The body of a request, whole, within its bounds.

use axum::{
    body::{Body, HttpBody as _},
    extract::Request,
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use thiserror::Error;
use tokio::time::timeout;

use super::{caller::Caller, config::Limits};
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

/// Receives the whole body. Its memory is taken until the request is answered.
pub async fn receive(request: Request, caller: &Caller, limits: &Limits) -> Result<Bytes, ReceiveError> {
    let received = timeout(limits.body_timeout, collect(request.into_body(), caller, limits));
    received.await.map_err(|_| ReceiveError::TooSlow)?
}

/// Copies the data of each frame: keeping a frame would keep the whole buffer that it came in.
async fn collect(mut body: Body, caller: &Caller, limits: &Limits) -> Result<Bytes, ReceiveError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut whole = BytesMut::new();
    if announced > limits.max_body_bytes {
        return Err(ReceiveError::TooLarge);
    }
    while let Some(frame) = body.frame().await {
        // All other frames are trailers, which are not used.
        let Ok(data) = frame.map_err(|_| ReceiveError::Broken)?.into_data() else { continue };
        if whole.len().saturating_add(data.len()) > limits.max_body_bytes {
            return Err(ReceiveError::TooLarge);
        }
        caller.0.grow(data.len()).map_err(ReceiveError::Shed)?;
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}
