//! The caller of a request, as far as the listener knows it. Every request has it among its extensions.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, Request, StatusCode, header};
use hyper::body::Incoming;
use tower::Service as _;

use super::{
    connection_state::BegunRequest, fence::LetIn, in_flight_request::InFlightRequest,
    request_body::RequestBody,
};
use crate::telemetry::{Shed, metrics::Unserved};

/// In seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");
const CLOSE: HeaderValue = HeaderValue::from_static("close");
/// Keeps browsers from guessing another type than the one that the answer has.
const AS_IT_IS: HeaderValue = HeaderValue::from_static("nosniff");

/// The caller of a request.
#[derive(Clone, Debug)]
pub struct Caller(pub(super) Arc<InFlightRequest>);

/// Answers one request, or turns it away.
pub(super) async fn answer(begun: Arc<BegunRequest>, request: Request<Incoming>, router: Router) -> Response {
    let request = RequestBody::of(request, &begun);
    let mut response = match InFlightRequest::admit(&begun) {
        Ok(in_flight) => Caller(in_flight).answer(request, router).await,
        Err(shed) => {
            begun.count_shed(shed);
            shed_response(shed)
        }
    };
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, AS_IT_IS);
    // HTTP/2 has a frame for it, which the connection sends.
    if !begun.http2 && begun.is_over() {
        response.headers_mut().insert(header::CONNECTION, CLOSE);
    }
    response
}

impl Caller {
    /// Its address; an IPv4 address is never in its IPv6 form.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.0.connection.peer.address
    }

    /// Proof that the listener's fence has let it in. `None`: there is no fence.
    #[must_use]
    pub fn let_in(&self) -> Option<LetIn> {
        self.0.connection.peer.let_in
    }

    /// Marks the connection as proven: an authentic request came over it, or in JSON mode one that the fence let in. It
    /// is no longer closed to make room for others, and draws on the share of proven connections, from this request on.
    pub fn mark_proven(&self) {
        self.0.mark_proven();
    }

    /// Marks the connection as unproven again, because a request over it is not authentic. Otherwise one authentic
    /// request, or a key that has been withdrawn since, would free the connection from the limits for good.
    pub fn mark_unproven(&self) {
        self.0.mark_unproven();
    }

    async fn answer(self, mut request: Request<Body>, mut router: Router) -> Response {
        if let Some(status) = self.refusal(&request) {
            self.0.connection.report_refused_head(Unserved::HeadTooLarge, &status);
            return status.into_response();
        }
        request.extensions_mut().insert(self.clone());
        let Ok(response) = router.call(request).await;
        response
    }

    /// The status for a head beyond the limits. The library checks HTTP/1 itself; here the same bounds apply to both
    /// versions.
    fn refusal<B>(&self, request: &Request<B>) -> Option<StatusCode> {
        let limits = &self.0.connection.listener.limits;
        let uri = request.uri().path_and_query().map_or(0, |uri| uri.as_str().len());
        if uri > limits.max_uri_bytes {
            return Some(StatusCode::URI_TOO_LONG);
        }
        (request.headers().len() > limits.max_headers).then_some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    }
}

/// The response to a request that met a limit. It is not signed: the caller is not proven.
#[must_use]
pub fn shed_response(shed: Shed) -> Response {
    let status = match shed {
        Shed::RequestRate => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    come_again(status.into_response())
}

/// The same response, with `retry-after`.
#[must_use]
pub fn come_again(mut response: Response) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    response
}
