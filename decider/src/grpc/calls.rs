//! Every call, whatever its service: no more at once than can be worked on, no more of one caller than its share, and
//! none for ever. A call holds its permit from its headers until its answer is sent.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use tower::ServiceExt as _;

use super::access::Caller;
use super::body::{AnswerBody, RequestBody, read_off};
use super::generations::OpenCall;
use super::metrics::{Metrics, ShedReason};
use super::shares::{MAX_CALLS, Shares};
use super::status;
use crate::telemetry::seldom::Seldom;

/// Calls at once of all callers together to whom nothing is granted: enough to tell them so.
const MAX_CALLS_OF_STRANGERS: usize = 16;
/// Health answers everybody, above all while calls are shed: a client that hears nothing takes the decider for dead.
const HEALTH: &str = "/grpc.health.v1.Health/";
/// A request and an answer each; other services have streams, which take as long as they like.
const DECISIONS: &str = "/countersign.";
/// Between two lines about calls that are turned away, or do not come.
const TELL_PAUSE: Duration = Duration::from_secs(30);

/// What all calls share.
#[derive(Clone)]
pub struct Calls(Arc<CallsState>);

struct CallsState {
    router: Router,
    metrics: Arc<Metrics>,
    permits: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    shares: Shares,
    full: Seldom,
    late: Seldom,
}

/// The permit of one call. Dropped, it is free again.
pub struct CallPermit {
    _all: OwnedSemaphorePermit,
    _share: OwnedSemaphorePermit,
    _begun: Option<OpenCall>,
}

/// Why a call gets none.
enum Full {
    All,
    Share,
}

impl Calls {
    /// None yet, to these services.
    pub fn to(router: Router, metrics: Arc<Metrics>) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        let (permits, strangers) = (semaphore(MAX_CALLS), semaphore(MAX_CALLS_OF_STRANGERS));
        let seldom = || Seldom::every(TELL_PAUSE);
        let (shares, full, late) = (Shares::default(), seldom(), seldom());
        Self(Arc::new(CallsState { router, metrics, permits, strangers, shares, full, late }))
    }

    /// What each caller may take of them.
    pub fn shares(&self) -> &Shares {
        &self.0.shares
    }

    /// Answers one where there is room for it.
    pub async fn answer(&self, caller: Arc<Caller>, request: Request<Incoming>) -> Response<AnswerBody> {
        let path = request.uri().path();
        if path.starts_with(HEALTH) {
            return self.work_on(&caller, request.map(Body::new)).await.map(AnswerBody::without_permit);
        }
        let of_decisions = path.starts_with(DECISIONS);
        let permit = match self.admit(&caller, of_decisions) {
            Ok(permit) => permit,
            Err(full) => return self.shed(&caller, &full, request.into_body()).await,
        };
        let request = if of_decisions {
            request.map(|body| Body::new(RequestBody::of(body, self.clone(), Arc::clone(&caller))))
        } else {
            request.map(Body::new)
        };
        AnswerBody::of(self.work_on(&caller, request).await, permit)
    }

    async fn work_on(&self, caller: &Arc<Caller>, mut request: Request<Body>) -> Response<Body> {
        request.extensions_mut().insert(Arc::clone(caller));
        let answered: Result<_, Infallible> = self.0.router.clone().oneshot(request).await;
        answered.unwrap_or_else(|never| match never {})
    }

    fn admit(&self, caller: &Caller, of_decisions: bool) -> Result<CallPermit, Full> {
        let all = if caller.is_known() { &self.0.permits } else { &self.0.strangers };
        let take = |semaphore: &Arc<Semaphore>| Arc::clone(semaphore).try_acquire_owned();
        let share = take(&caller.share.calls).map_err(|_| Full::Share)?;
        let all = take(all).map_err(|_| Full::All)?;
        let begun = of_decisions.then(|| caller.generations.begin());
        Ok(CallPermit { _all: all, _share: share, _begun: begun })
    }

    /// A request that is answered before it was sent is a stream that we reset, and HTTP/2 forgives only so many of
    /// those before the whole connection goes.
    async fn shed(&self, caller: &Caller, full: &Full, body: Incoming) -> Response<AnswerBody> {
        let (reason, status) = match full {
            Full::All => (ShedReason::Calls, status::too_many_calls()),
            Full::Share => (ShedReason::Share, status::too_many_of_one()),
        };
        self.0.metrics.count_shed(reason);
        if let Some(left_out) = self.0.full.now() {
            let holders = self.0.shares.holders();
            let (caller, peer) = (&*caller.name, caller.peer());
            tracing::warn!(
                caller,
                peer,
                because = reason.as_str(),
                holders,
                left_out,
                "calls are turned away: too many at once"
            );
        }
        read_off(body).await;
        answer(status).map(AnswerBody::without_permit)
    }

    /// A request that began did not go on. Counted and seldom told: leaking clients do it as well as hostile ones.
    pub fn did_not_come(&self, caller: &Caller) -> Status {
        self.0.metrics.count_shed(ShedReason::Body);
        if let Some(left_out) = self.0.late.now() {
            let (caller, peer) = (&*caller.name, caller.peer());
            tracing::warn!(caller, peer, left_out, "a call was begun and its request did not come");
        }
        status::request_did_not_come()
    }
}

fn answer(status: Status) -> Response<Body> {
    status.into_http()
}
