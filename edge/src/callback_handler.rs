//! The way of a request: authenticate ▸ decode ▸ normalise ▸ decide ▸ answer.
//!
//! Whatever goes wrong on it ends in one of two ways: a request that may be read and has an id gets a reply, the way it
//! was asked, and never an approval that no decider gave; any other gets a status.

mod report;
mod decoded_request;
mod decision_permits;
mod undecided;
mod admitted;
mod path;
mod stop;
mod unserved;

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::{Request, State},
    response::Response,
    routing::post,
};
use tokio::{
    sync::SemaphorePermit,
    time::{Instant, timeout_at},
};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{Instrument as _, Span, info_span};

use crate::{
    authenticate::KeyNumber,
    clock::Clock,
    decider::{Decider, Decision},
    listen::{Caller, Limits, receive},
    respond::{Answer, SignError, Signer, SigningThreads, plain, signed},
    telemetry::{
        LogThrottle, Shed,
        metrics::{CallbackKind, Metrics},
        trace,
    },
};

use admitted::Admitted;
pub use decision_permits::DecisionPermits;
use decision_permits::KeyRates;
use decoded_request::{DecodedRequest, Question, path_suffix};
pub use path::{CallbackPath, PathKeys, SubPath, SubPathError, Tenant, TenantError, WireMode};
use report::Report;
use stop::Stop;
use undecided::Undecided;
pub use unserved::report_unserved;

/// Kept of a request's time for signing and sending the reply.
pub const ANSWER_RESERVE: Duration = Duration::from_secs(1);

/// What all paths share that one listener takes requests for and one fleet decides over.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Whom to ask.
    pub decider: Decider,
    /// Bounds on a request.
    pub limits: Limits,
    /// Who may go on to the decider.
    pub permits: Arc<DecisionPermits>,
    /// Where keys from files sign.
    pub threads: SigningThreads,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What is logged of those who prove nothing.
    pub unproven_log: Arc<LogThrottle>,
}

/// The routes of these paths, and of no other.
pub fn router(paths: Vec<CallbackPath>, shared: &Arc<Shared>) -> Router {
    let mut router = Router::new();
    let rates = shared.permits.rates_of(&paths);
    for (path, rates) in paths.into_iter().zip(rates) {
        let signer = path.mode.keys().map(|keys| shared.threads.signer(&keys.reply_key));
        let (rates, path) = (Arc::new(rates), Arc::new(path));
        for kind in CallbackKind::ALL.iter().copied() {
            let (path, rates, shared) = (Arc::clone(&path), Arc::clone(&rates), Arc::clone(shared));
            let endpoint = CallbackEndpoint { kind, path, signer: signer.clone(), rates, shared };
            router = router.route(&endpoint.route(), post(callback).with_state(endpoint));
        }
    }
    router.layer(CatchPanicLayer::new())
}

/// Handles one request, in its trace, and reports how it ended.
async fn callback(
    State(endpoint): State<CallbackEndpoint>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Response {
    let endpoint = &endpoint;
    let report = Report::begin(endpoint.kind, &endpoint.path, &endpoint.shared, caller.address());
    let incoming = trace::incoming(request.headers());
    let span = report.root_span(&incoming);
    let work = async move {
        let (ended, response) = endpoint.handle(request, &caller, &report).await;
        report.end(&ended, response.status());
        response
    };
    trace::within(trace::context_of(&span, &incoming), work.instrument(span)).await
}

/// One endpoint of one path.
#[derive(Clone, Debug)]
struct CallbackEndpoint {
    kind: CallbackKind,
    path: Arc<CallbackPath>,
    /// Signs for this path only: another path's cannot be reached from here. `None` in JSON mode.
    signer: Option<Arc<dyn Signer>>,
    rates: Arc<KeyRates>,
    shared: Arc<Shared>,
}

impl CallbackEndpoint {
    fn route(&self) -> String {
        self.path.sub_path.with(path_suffix(self.kind, &self.path.mode))
    }

    /// The answer as it goes out; or what stopped the request, as a status.
    async fn handle(
        &self,
        request: Request,
        caller: &Caller,
        report: &Report<'_>,
    ) -> (Result<Answer, Stop>, Response) {
        let deadline = Instant::now() + self.shared.limits.request_timeout;
        let reply = async {
            let answer = match self.steps(request, caller, report, deadline).await {
                Ok(answer) | Err(Stop::Answered(answer)) => answer,
                Err(stop) => return Err(stop),
            };
            let response = self.answer(&answer).instrument(info_span!("answer")).await?;
            Ok((answer, response))
        };
        match timeout_at(deadline, reply).await.unwrap_or(Err(Stop::Overtime)) {
            Ok((answer, response)) => (Ok(answer), response),
            Err(stop) => {
                let response = stop.response();
                (Err(stop), response)
            }
        }
    }

    /// Authenticate ▸ decode ▸ normalise ▸ decide. What stops a request on the way is a [`Stop`].
    async fn steps(
        &self,
        request: Request,
        caller: &Caller,
        report: &Report<'_>,
        deadline: Instant,
    ) -> Result<Answer, Stop> {
        let body = receive(request, caller, &self.shared.limits).await?;
        let admitted = self.authenticate(&body, caller)?;
        caller.mark_proven();
        let decoded = self.decode(&admitted)?;
        let (request_id, question) = decoded.normalise(&self.path, admitted.caller_proof());
        report.set_request_id(&request_id);
        let decided = self.decide(question, (admitted.key(), caller), deadline).await;
        Ok(undecided::answer(request_id, decided))
    }

    fn authenticate(&self, body: &[u8], caller: &Caller) -> Result<Admitted, Stop> {
        let _span = info_span!("authenticate").entered();
        let Shared { clock, limits, .. } = &*self.shared;
        let admitted = match &self.path.mode {
            WireMode::Jwt(keys) => Admitted::by_signature(body, keys, limits, &**clock),
            WireMode::Json => Admitted::by_network(body, caller.let_in(), &**clock),
        };
        admitted.inspect_err(|stop| {
            caller.mark_unproven();
            if let Stop::NotAuthentic(error) = stop {
                self.shared.metrics.count_verify_failure((*error).into());
            }
        })
    }

    fn decode(&self, admitted: &Admitted) -> Result<DecodedRequest, Stop> {
        let _span = info_span!("decode").entered();
        let decoded = DecodedRequest::decode(self.kind, admitted.payload(), &self.shared.limits.payload)?;
        self.check_signer(&decoded)?;
        Ok(decoded)
    }

    /// The Co-signer's key is shared by all its API users, so the path may say which of them it is for.
    fn check_signer(&self, decoded: &DecodedRequest) -> Result<(), Stop> {
        match self.path.admits(decoded.signer_id()) {
            true => Ok(()),
            false => Err(Stop::Answered(decoded.not_of_this_path())),
        }
    }

    fn admit(&self, key: KeyNumber, caller: &Caller) -> Result<SemaphorePermit<'_>, Shed> {
        let permit = self.shared.permits.take(&self.rates, key);
        permit.inspect_err(|shed| self.shared.metrics.count_shed(*shed, caller.address()))
    }

    async fn decide(
        &self,
        question: Question,
        (key, caller): (KeyNumber, &Caller),
        deadline: Instant,
    ) -> Result<Decision, Undecided> {
        let _permit = self.admit(key, caller)?;
        let left = deadline.saturating_duration_since(Instant::now()).saturating_sub(ANSWER_RESERVE);
        let decider = &self.shared.decider;
        let span = info_span!(
            "decide",
            otel.kind = "client",
            rpc.system = "grpc",
            otel.status_code = tracing::field::Empty
        );
        let asking = async {
            let decided = match question {
                Question::Transaction(request) => decider.decide(*request, left).await,
                Question::ConfigChange(request) => decider.decide_config_change(request, left).await,
            };
            decided.inspect_err(|trouble| {
                Span::current().record("otel.status_code", "ERROR");
                tracing::error!(
                    tenant = self.path.tenant.as_str(),
                    code = trouble.code().as_str(),
                    error = %trouble,
                    "no decision"
                );
            })
        };
        // The client's future has thousands of bytes, which every layer around this one would hold and copy again.
        Ok(undecided::caught(Box::pin(asking).instrument(span)).await??)
    }

    /// The answer as the request came: signed in JWT mode, plain in JSON mode.
    async fn answer(&self, answer: &Answer) -> Result<Response, SignError> {
        match &self.signer {
            Some(signer) => signed(answer, &**signer).await,
            None => Ok(plain(answer)),
        }
    }
}
