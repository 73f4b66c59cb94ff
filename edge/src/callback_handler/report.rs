//! What is told of a request once it ended: one log line, one count.

use std::time::Instant;

use http::StatusCode;
use opentelemetry::{Context, trace::TraceContextExt as _};
use tracing::{Span, field::Empty, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::{
    Shared,
    path::CallbackPath,
    question::Endpoint,
    stop::{Stop, outcome},
};
use crate::{
    respond::{Answer, edge_reason},
    telemetry::{
        Seldom,
        metrics::{Counted, Metrics, RequestLabels},
        shown,
    },
};

/// A request that is being handled.
pub(super) struct Report<'a> {
    endpoint: Endpoint,
    path: &'a CallbackPath,
    metrics: &'a Metrics,
    strangers: &'a Seldom,
    begun: Instant,
    _in_flight: Counted,
}

impl<'a> Report<'a> {
    pub(super) fn begin(endpoint: Endpoint, path: &'a CallbackPath, shared: &'a Shared) -> Self {
        let Shared { metrics, strangers, .. } = shared;
        let in_flight = metrics.request_in_flight();
        Self { endpoint, path, metrics, strangers, begun: Instant::now(), _in_flight: in_flight }
    }

    /// The root span of this service, below the caller's if it has one.
    pub(super) fn root_span(&self, incoming: &Context) -> Span {
        let span = info_span!(
            "callback",
            otel.kind = "server",
            http.request.method = "POST",
            http.route = self.endpoint.suffix(&self.path.mode),
            endpoint = self.endpoint.name(),
            mode = self.path.mode.name(),
            path = self.path.sub_path.as_str(),
            http.response.status_code = Empty,
            caller_proof = Empty,
            request_id = Empty,
            decision_id = Empty,
            action = Empty,
            reason_code = Empty,
        );
        if incoming.span().span_context().is_valid() {
            // Refused where spans are not exported: then there is nothing to set.
            let _ = span.set_parent(incoming.clone());
        }
        span
    }

    pub(super) fn end(&self, ended: &Result<Answer, Stop>, status: StatusCode) {
        let outcome = match ended {
            Ok(answer) => outcome(answer.action),
            Err(stop) => stop.outcome(),
        };
        self.metrics.request(&RequestLabels { endpoint: self.endpoint.name(), outcome });
        Span::current().record("http.response.status_code", status.as_u16());
        match ended {
            Ok(answer) => self.answered(answer),
            Err(stop) => self.stopped(stop, outcome, status),
        }
    }

    fn answered(&self, answer: &Answer) {
        let request_id = shown(answer.request_id.as_str());
        let decision_id = answer.decision_id.as_deref().map(shown).unwrap_or_default();
        let action = answer.action.as_str();
        let span = Span::current();
        let caller_proof = self.path.mode.caller_proof();
        span.record("caller_proof", caller_proof);
        span.record("request_id", &request_id);
        span.record("decision_id", &decision_id);
        span.record("action", action);
        span.record("reason_code", answer.reason_code);
        tracing::info!(
            endpoint = self.endpoint.name(),
            mode = self.path.mode.name(),
            path = self.path.sub_path.as_str(),
            caller_proof,
            request_id,
            action,
            reason_code = answer.reason_code,
            decision_id,
            reason = own_reason(answer),
            duration_us = self.micros(),
            "answered"
        );
        if answer.reason_code == edge_reason::CONTRACT_BREACH {
            tracing::error!(
                alarm = true,
                request_id,
                "the decider refused our call as a breach of the contract: a bug"
            );
        }
    }

    /// Whoever proves nothing may ask as often as he likes: he does not fill the log with it.
    fn stopped(&self, stop: &Stop, outcome: &'static str, status: StatusCode) {
        let left_out = if stop.is_of_a_stranger() { self.strangers.now() } else { Some(0) };
        let Some(left_out) = left_out else { return };
        tracing::warn!(
            endpoint = self.endpoint.name(),
            mode = self.path.mode.name(),
            path = self.path.sub_path.as_str(),
            outcome,
            status = status.as_u16(),
            reason = %shown(&stop.to_string()),
            duration_us = self.micros(),
            left_out,
            "not answered"
        );
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// The reason of an answer that the edge gave itself. A decider's reasons are in its record.
fn own_reason(answer: &Answer) -> Option<String> {
    answer.decision_id.is_none().then(|| shown(&answer.reason))
}
