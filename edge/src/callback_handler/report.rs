//! What is reported of a request when it ends: one log line, one count.

use std::{net::IpAddr, sync::OnceLock, time::Instant};

use callback::RequestId;
use http::StatusCode;
use opentelemetry::{Context, trace::TraceContextExt as _};
use tracing::{Span, field::Empty, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::{
    Shared,
    decoded_request::path_suffix,
    path::CallbackPath,
    stop::{Stop, outcome_of},
};
use crate::{
    respond::{Answer, edge_reason},
    telemetry::{
        LogThrottle,
        metrics::{CallbackKind, GaugeGuard, Metrics, Outcome},
        shown,
    },
};

/// A request that is being handled. One that is dropped before its end is reported, too.
pub(super) struct Report<'a> {
    kind: CallbackKind,
    path: &'a CallbackPath,
    metrics: &'a Metrics,
    unproven_log: &'a LogThrottle,
    /// Where it comes from.
    address: IpAddr,
    begun: Instant,
    /// Once it is known to be authentic.
    request_id: OnceLock<RequestId>,
    ended: bool,
    _in_flight: GaugeGuard,
}

/// A request that ended without an answer.
struct Unanswered<'a> {
    outcome: Outcome,
    /// `None`: no response was sent.
    status: Option<u16>,
    reason: &'a str,
    request_id: Option<String>,
    of_unknown_caller: bool,
}

impl<'a> Report<'a> {
    pub(super) fn begin(
        kind: CallbackKind,
        path: &'a CallbackPath,
        shared: &'a Shared,
        address: IpAddr,
    ) -> Self {
        let Shared { metrics, unproven_log, .. } = shared;
        Self {
            kind,
            path,
            metrics,
            unproven_log,
            address,
            begun: Instant::now(),
            request_id: OnceLock::new(),
            ended: false,
            _in_flight: metrics.track_request(),
        }
    }

    /// The root span of this service, below the caller's if it has one.
    pub(super) fn root_span(&self, incoming: &Context) -> Span {
        let span = info_span!(
            "callback",
            otel.kind = "server",
            http.request.method = "POST",
            http.route = path_suffix(self.kind, &self.path.mode),
            endpoint = self.kind.as_str(),
            mode = self.path.mode.as_str(),
            path = self.path.sub_path.as_str(),
            client.address = %self.address,
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

    /// Only once the request is authentic: before that nobody vouches for the id.
    pub(super) fn set_request_id(&self, request_id: &RequestId) {
        let _ = self.request_id.set(request_id.clone());
    }

    pub(super) fn end(mut self, ended: &Result<Answer, Stop>, status: StatusCode) {
        let outcome = match ended {
            Ok(answer) => outcome_of(answer.action),
            Err(stop) => stop.outcome(),
        };
        self.ended = true;
        self.count(outcome);
        Span::current().record("http.response.status_code", status.as_u16());
        match ended {
            Ok(answer) => self.log_answer(answer),
            Err(stop) => self.log_stop(stop, outcome, status),
        }
    }

    fn log_answer(&self, answer: &Answer) {
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
            endpoint = self.kind.as_str(),
            mode = self.path.mode.as_str(),
            path = self.path.sub_path.as_str(),
            address = %self.address,
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

    fn log_stop(&self, stop: &Stop, outcome: Outcome, status: StatusCode) {
        self.log_unanswered(Unanswered {
            outcome,
            status: Some(status.as_u16()),
            reason: &shown(&stop.to_string()),
            request_id: None,
            of_unknown_caller: stop.is_of_unknown_caller(),
        });
    }

    /// Its caller hung up, or the connection was ended here. The trace leads to what a decider made of it.
    fn report_drop(&self) {
        let (outcome, reason) = match std::thread::panicking() {
            true => (Outcome::Fault, "a panic: a bug"),
            false => (Outcome::GivenUp, "its connection or stream ended before the answer"),
        };
        self.count(outcome);
        let request_id = self.request_id.get().map(|id| shown(id.as_str()));
        let of_unknown_caller = request_id.is_none();
        self.log_unanswered(Unanswered { outcome, status: None, reason, request_id, of_unknown_caller });
    }

    /// A caller that has proven nothing must not be able to fill the log.
    fn log_unanswered(&self, unanswered: Unanswered<'_>) {
        let Unanswered { outcome, status, reason, request_id, of_unknown_caller } = unanswered;
        let left_out = if of_unknown_caller { self.unproven_log.try_log() } else { Some(0) };
        let Some(left_out) = left_out else { return };
        tracing::warn!(
            endpoint = self.kind.as_str(),
            mode = self.path.mode.as_str(),
            path = self.path.sub_path.as_str(),
            address = %self.address,
            outcome = outcome.as_str(),
            status,
            reason = %reason,
            request_id,
            duration_us = self.micros(),
            left_out,
            "not answered"
        );
    }

    fn count(&self, outcome: Outcome) {
        self.metrics.count_request(self.kind, outcome);
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.report_drop();
        }
    }
}

/// The reason of an answer that the edge gave itself. A decider's reasons are in its record.
fn own_reason(answer: &Answer) -> Option<String> {
    answer.decision_id.is_none().then(|| shown(&answer.reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callback_handler::WireMode;

    /// The outcomes that are counted where a report goes this way.
    fn counted(way: impl FnOnce(Report<'_>)) -> Vec<String> {
        let (metrics, unproven_log) = (Metrics::new(), LogThrottle::default());
        let path = CallbackPath {
            sub_path: String::new().try_into().expect("a sub-path"),
            tenant: "t".to_owned().try_into().expect("a tenant"),
            mode: WireMode::Json,
            signer_ids: None,
        };
        way(Report {
            kind: CallbackKind::ConfigChange,
            path: &path,
            metrics: &metrics,
            unproven_log: &unproven_log,
            address: [127, 0, 0, 1].into(),
            begun: Instant::now(),
            request_id: OnceLock::new(),
            ended: false,
            _in_flight: metrics.track_request(),
        });
        let text = metrics.encode();
        let lines = text.lines().filter_map(|line| line.strip_prefix("countersign_edge_requests_total"));
        lines.filter(|line| !line.ends_with(" 0")).map(str::to_owned).collect()
    }

    #[test]
    fn each_request_is_counted_once_however_it_ends() {
        let ended = counted(|report| report.end(&Err(Stop::Overtime), StatusCode::SERVICE_UNAVAILABLE));
        assert_eq!(ended, [r#"{endpoint="config_change",outcome="overtime"} 1"#]);
        assert_eq!(counted(|report| drop(report)), [r#"{endpoint="config_change",outcome="given_up"} 1"#]);
        let panicked = counted(|report| {
            let panicking = move || {
                let _report = report;
                panic!("a bug");
            };
            let caught: Result<(), _> = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panicking));
            assert!(caught.is_err());
        });
        assert_eq!(panicked, [r#"{endpoint="config_change",outcome="fault"} 1"#]);
    }
}
