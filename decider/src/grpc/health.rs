//! `grpc.health.v1`, per service: serving while it could decide and is not draining.

use std::sync::Arc;
use std::time::Duration;

use proto::decider::v1::decision_service_server::SERVICE_NAME;
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::decide::Decider;

/// How often readiness is looked at. It costs a few loads.
const INTERVAL: Duration = Duration::from_millis(250);
/// The service, and the server as a whole.
const SERVICES: [&str; 2] = [SERVICE_NAME, ""];

/// Keeps the health of the services up to date until the drain begins, which is the last change.
pub async fn watch(reporter: HealthReporter, decider: Arc<Decider>, drain: CancellationToken) {
    let mut told = None;
    loop {
        let draining = drain.is_cancelled();
        let ready = decider.readiness().inspect_err(|error| tell(&told, error));
        let serving = ready.is_ok() && !draining;
        if told != Some(serving) {
            set(&reporter, serving).await;
            told = Some(serving);
        }
        if draining {
            return;
        }
        tokio::select! {
            () = drain.cancelled() => {}
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// Nothing serves before its readiness was looked at.
pub async fn start() -> HealthReporter {
    let reporter = HealthReporter::new();
    set(&reporter, false).await;
    reporter
}

/// Ends those who watch, who were told: a stream of theirs has no end of its own, and would keep its connection open.
pub async fn end(mut reporter: HealthReporter) {
    for service in SERVICES {
        reporter.clear_service_status(service).await;
    }
}

async fn set(reporter: &HealthReporter, serving: bool) {
    let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
    for service in SERVICES {
        reporter.set_service_status(service, status).await;
    }
}

/// Once, when it turns.
fn tell(told: &Option<bool>, error: &dyn std::fmt::Display) {
    if *told != Some(false) {
        tracing::error!(%error, "not ready: nothing can be decided");
    }
}
