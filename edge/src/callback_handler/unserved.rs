//! What comes in for nobody. A wrong callback URL is found by what is told of it here, for the Co-signer's side sees no
//! more than a status.

use std::sync::Arc;

use axum::{Extension, Router};
use http::{Method, StatusCode, Uri};

use crate::{
    listen::Caller,
    telemetry::{
        LogThrottle,
        metrics::{Metrics, RequestLabels},
        shown,
    },
};

/// `router`, with what is told of requests that none of its paths takes: 404, or 405 where only the method is wrong.
pub fn report_unserved(router: Router, metrics: &Arc<Metrics>, unproven_log: &Arc<LogThrottle>) -> Router {
    let end = |outcome: &'static str, status: StatusCode| {
        let (metrics, unproven_log) = (Arc::clone(metrics), Arc::clone(unproven_log));
        move |Extension(caller): Extension<Caller>, method: Method, uri: Uri| {
            metrics.count_request(&RequestLabels { endpoint: "none", outcome });
            tell(&unproven_log, &caller, (&method, uri.path()), status);
            std::future::ready(status)
        }
    };
    router
        .fallback(end("no_path", StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(end("no_method", StatusCode::METHOD_NOT_ALLOWED))
}

/// Whoever asks for it has proven nothing: he does not fill the log with it.
fn tell(unproven_log: &LogThrottle, caller: &Caller, (method, path): (&Method, &str), status: StatusCode) {
    let Some(left_out) = unproven_log.try_log() else { return };
    tracing::warn!(
        method = shown(method.as_str()),
        path = shown(path),
        address = %caller.address(),
        status = status.as_u16(),
        left_out,
        "nothing is served here"
    );
}
