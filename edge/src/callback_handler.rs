//! The way of a request: authenticate ▸ decode ▸ normalise ▸ decide ▸ answer.
//!
//! Whatever goes wrong ends in one of two ways. A request that may be read and has an id gets a reply, signed in JWT
//! mode and plain in JSON mode, and never an approval that no decider gave. Any other request gets an HTTP status.

mod routes;
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
    Extension,
    extract::{Request, State},
    response::Response,
};
use tokio::{
    sync::SemaphorePermit,
    time::{Instant, timeout_at},
};
use tracing::{Instrument as _, Span, field::Empty, info_span};

use crate::{
    authenticate::KeyNumber,
    decider::{Decision, Trouble},
    listen::{Caller, receive},
    respond::{Answer, SignError, Signer, plain, signed},
    telemetry::{Shed, metrics::CallbackKind, trace},
};

use admitted::AdmittedPayload;
pub use decision_permits::DecisionPermits;
use decision_permits::KeyRates;
use decoded_request::{DecodedRequest, Question, path_suffix};
pub use path::{CallbackPath, PathKeys, SubPath, SubPathError, Tenant, TenantError, WireMode};
use report::Report;
pub use routes::{Shared, router};
use stop::Stop;
use undecided::Undecided;
pub use unserved::report_unserved;

/// The part of a request's time that is kept for signing and sending the reply.
pub const ANSWER_RESERVE: Duration = Duration::from_secs(1);

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
    /// Signs for this path only: no other path's key can be reached from here. `None` in JSON mode.
    signer: Option<Arc<dyn Signer>>,
    rates: Arc<KeyRates>,
    shared: Arc<Shared>,
}

impl CallbackEndpoint {
    fn route(&self) -> String {
        self.path.sub_path.with(path_suffix(self.kind, &self.path.mode))
    }

    /// The answer, or what stopped the request, and the response that says so.
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
        let decided = self.decide(question, admitted.key(), caller, deadline).await;
        Ok(undecided::answer(self.kind, request_id, decided))
    }

    fn authenticate(&self, body: &[u8], caller: &Caller) -> Result<AdmittedPayload, Stop> {
        let _span = info_span!("authenticate").entered();
        let Shared { clock, limits, .. } = &*self.shared;
        let admitted = match &self.path.mode {
            WireMode::Jwt(keys) => AdmittedPayload::by_signature(body, keys, limits, &**clock),
            WireMode::Json => AdmittedPayload::by_network(body, caller.let_in(), &**clock),
        };
        admitted.inspect_err(|stop| {
            caller.mark_unproven();
            if let Stop::NotAuthentic(error) = stop {
                self.shared.metrics.count_verify_failure((*error).into());
            }
        })
    }

    fn decode(&self, admitted: &AdmittedPayload) -> Result<DecodedRequest, Stop> {
        let _span = info_span!("decode").entered();
        let decoded = DecodedRequest::decode(self.kind, admitted.payload(), &self.shared.limits.payload)?;
        self.check_signer(&decoded)?;
        Ok(decoded)
    }

    /// All API users of a Co-signer share its key, so a path may list those it is for.
    fn check_signer(&self, decoded: &DecodedRequest) -> Result<(), Stop> {
        match self.path.admits(decoded.signer_id()) {
            true => Ok(()),
            false => Err(Stop::Answered(decoded.not_of_this_path())),
        }
    }

    /// Admit ▸ ask ▸ have a decision, or the reason why there is none.
    async fn decide(
        &self,
        question: Question,
        key: KeyNumber,
        caller: &Caller,
        deadline: Instant,
    ) -> Result<Decision, Undecided> {
        let _permit = self.admit(key, caller)?;
        // Boxed, because the client's future has thousands of bytes, which every layer around this one would copy.
        let asking = Box::pin(self.ask(question, time_left(deadline)));
        Ok(undecided::catch_panic(asking.instrument(decide_span())).await??)
    }

    /// Counts against the rate of the key and against `max_decisions`, until the permit is dropped.
    fn admit(&self, key: KeyNumber, caller: &Caller) -> Result<SemaphorePermit<'_>, Shed> {
        let permit = self.shared.permits.take(&self.rates, key);
        permit.inspect_err(|shed| self.shared.metrics.count_shed(*shed, caller.address()))
    }

    async fn ask(&self, question: Question, left: Duration) -> Result<Decision, Trouble> {
        let decider = &self.shared.decider;
        let decided = match question {
            Question::Transaction(request) => decider.decide(&request, left).await,
            Question::ConfigChange(request) => decider.decide_config_change(&request, left).await,
        };
        decided
            .inspect_err(|failure| undecided::log(failure, &self.path.tenant))
            .map_err(|failure| failure.trouble)
    }

    /// The answer as the request came: signed in JWT mode, plain in JSON mode.
    async fn answer(&self, answer: &Answer) -> Result<Response, SignError> {
        match &self.signer {
            Some(signer) => signed(answer, &**signer).await,
            None => Ok(plain(answer)),
        }
    }
}

/// What a decision may take, with the reserve for the reply taken off.
fn time_left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).saturating_sub(ANSWER_RESERVE)
}

fn decide_span() -> Span {
    info_span!("decide", otel.kind = "client", rpc.system = "grpc", otel.status_code = Empty)
}
