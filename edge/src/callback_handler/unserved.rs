//! Requests for no path of the configuration. A wrong callback URL is found by what is logged here: the Co-signer's
//! side sees only a status.

use std::sync::Arc;

use axum::{Extension, Router};
use http::{Method, StatusCode, Uri};

use crate::{
    listen::Caller,
    telemetry::{
        LogThrottle,
        metrics::{Metrics, Unserved},
        shown,
    },
};

/// `router`, which counts and logs requests that none of its paths takes: 404, or 405 where only the method is wrong.
pub fn report_unserved(router: Router, metrics: &Arc<Metrics>, unproven_log: &Arc<LogThrottle>) -> Router {
    let refuse = |why: Unserved, status: StatusCode| {
        let (metrics, unproven_log) = (Arc::clone(metrics), Arc::clone(unproven_log));
        move |Extension(caller): Extension<Caller>, method: Method, uri: Uri| {
            metrics.count_unserved(why);
            // The caller has proven nothing, so it must not be able to fill the log.
            if let Some(left_out) = unproven_log.try_log() {
                tracing::warn!(
                    method = shown(method.as_str()),
                    path = shown(uri.path()),
                    address = %caller.address(),
                    status = status.as_u16(),
                    left_out,
                    "nothing is served here"
                );
            }
            std::future::ready(status)
        }
    };
    router
        .fallback(refuse(Unserved::NoPath, StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(refuse(Unserved::NoMethod, StatusCode::METHOD_NOT_ALLOWED))
}
