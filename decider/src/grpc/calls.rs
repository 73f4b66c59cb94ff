//! Every call, whatever its service: no more at once than can be worked on, and none for ever.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt as _;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tonic::Status;

use super::metrics::Metrics;
use super::{deadline, status};

/// Calls that are worked on at once, over all connections and services. Beyond it they are shed before they are read,
/// so that what waits never holds more memory than so many requests.
pub const MAX_CALLS: usize = 1536;
/// Health is told to whoever asks, above all while calls are shed: who hears nothing takes the decider for dead.
const HEALTH: &str = "/grpc.health.v1.Health/";

/// What all calls share.
#[derive(Clone)]
pub struct Calls {
    room: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

impl Calls {
    /// None yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { room: Arc::new(Semaphore::new(MAX_CALLS)), metrics }
    }
}

/// Lets a call in where there is room, for as long as it may take.
pub async fn admit(State(calls): State<Calls>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with(HEALTH) {
        return next.run(request).await;
    }
    let within = deadline::longest(request.headers());
    let worked_on = async {
        let Ok(_room) = calls.room.try_acquire() else {
            calls.metrics.shed("calls");
            read_off(request.into_body()).await;
            return answer(status::too_many_calls());
        };
        next.run(request).await
    };
    timeout(within, worked_on).await.unwrap_or_else(|_| answer(status::deadline_exceeded()))
}

/// Reads what still comes of a request and keeps none of it. A request that is answered before it was sent is a
/// stream that we reset, and HTTP/2 forgives only so many of those before the whole connection goes.
async fn read_off(mut body: Body) {
    while let Some(Ok(_)) = body.frame().await {}
}

fn answer(status: Status) -> Response {
    status.into_http()
}
