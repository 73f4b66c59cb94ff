//! The body of a request, whole, within its bounds.

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use thiserror::Error;
use tokio::time::timeout;

use super::config::Limits;

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
}

/// Receives the whole body.
pub async fn receive(request: Request, limits: &Limits) -> Result<Bytes, ReceiveError> {
    let body: Limited<Body> = Limited::new(request.into_body(), limits.max_body_bytes);
    match timeout(limits.body_timeout, body.collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ReceiveError::TooLarge),
        Ok(Err(_)) => Err(ReceiveError::Broken),
        Err(_) => Err(ReceiveError::TooSlow),
    }
}
