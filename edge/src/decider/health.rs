//! Whether a decider is there, asked in the background.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use proto::decider::v1::decision_service_server::SERVICE_NAME;
use tokio::time::{sleep, timeout};
use tonic::{Code, Request, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::telemetry::metrics::Metrics;

/// Pause between questions while the decider is not ready: how late its return is noticed.
const UNREADY_INTERVAL: Duration = Duration::from_millis(250);
/// Pause between questions while it is.
const READY_INTERVAL: Duration = Duration::from_secs(2);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// What is known of the decider: not ready until it has said so.
#[derive(Debug, Default)]
pub struct Health(AtomicBool);

impl Health {
    /// Whether the decider was ready when it was last asked.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Notes what the decider said; whether that is news.
    fn note(&self, ready: bool) -> bool {
        self.0.swap(ready, Ordering::Relaxed) != ready
    }
}

pub(super) async fn watch(channel: Channel, health: &Health, metrics: &Metrics) {
    let mut client = HealthClient::new(channel);
    loop {
        let ready = timeout(PROBE_TIMEOUT, probe(&mut client)).await.unwrap_or(false);
        metrics.decider_ready.set(ready.into());
        if health.note(ready) {
            tracing::info!(ready, "decider readiness changed");
        }
        sleep(if ready { READY_INTERVAL } else { UNREADY_INTERVAL }).await;
    }
}

async fn probe(client: &mut HealthClient<Channel>) -> bool {
    let mut request = Request::new(HealthCheckRequest { service: SERVICE_NAME.to_owned() });
    request.set_timeout(PROBE_TIMEOUT);
    match client.check(request).await {
        Ok(answer) => answer.into_inner().status() == ServingStatus::Serving,
        // It answers, and keeps no health of its own: reachable is all that can be known.
        Err(status) => matches!(status.code(), Code::Unimplemented | Code::NotFound),
    }
}
