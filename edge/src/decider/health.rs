//! Health checks of the deciders, in the background.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use proto::decider::v1::decision_service_server::SERVICE_NAME;
use tokio::time::{Instant, timeout};
use tonic::{Code, Request, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{cause::cause, endpoint::Endpoint, endpoint_state::Observation};

/// Pause between questions. Shorter than a decider's `drain_notice`, so that one that is about to end is left
/// before it does.
const PROBE_INTERVAL: Duration = Duration::from_millis(200);
/// An endpoint that is silent for so long is out.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// What is known of the deciders together: not ready until one has said so.
#[derive(Debug, Default)]
pub struct Health(AtomicBool);

impl Health {
    /// Whether a decider was ready when they were last asked.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Notes whether one is ready. Whether that has changed.
    pub(super) fn note(&self, ready: bool) -> bool {
        self.0.swap(ready, Ordering::Relaxed) != ready
    }
}

/// Probes one endpoint for as long as it is polled.
pub(super) async fn probe(endpoint: Arc<Endpoint>) {
    let mut client = HealthClient::new(endpoint.channel.clone());
    loop {
        let mut found = ask(&mut client).await;
        if found.0.is_ok() && !endpoint.is_healthy() {
            // The first answer has waited for the connection, so its time is not the latency.
            found = ask(&mut client).await;
        }
        match found {
            (Ok(()), took) => endpoint.note_serving(took),
            (Err(ProbeFailure { observation, cause }), _) => endpoint.note_failure(observation, cause),
        }
        // One that a failed call took out is probed at once: it may only have lost its connection.
        let _ = timeout(PROBE_INTERVAL, endpoint.lost.notified()).await;
    }
}

/// A probe that does not show a decider that serves.
struct ProbeFailure {
    observation: Observation,
    cause: String,
}

impl ProbeFailure {
    fn failed(cause: String) -> Self {
        Self { observation: Observation::ProbeFailed, cause }
    }
}

/// What one probe shows, and how long it took.
async fn ask(client: &mut HealthClient<Channel>) -> (Result<(), ProbeFailure>, Duration) {
    let begun = Instant::now();
    let silent = |_| Err(ProbeFailure::failed(format!("no answer within {PROBE_TIMEOUT:?}")));
    let found = timeout(PROBE_TIMEOUT, check(client)).await.unwrap_or_else(silent);
    (found, begun.elapsed())
}

async fn check(client: &mut HealthClient<Channel>) -> Result<(), ProbeFailure> {
    let mut request = Request::new(HealthCheckRequest { service: SERVICE_NAME.to_owned() });
    request.set_timeout(PROBE_TIMEOUT);
    match client.check(request).await {
        Ok(answer) if answer.get_ref().status() == ServingStatus::Serving => Ok(()),
        Ok(_) => Err(ProbeFailure {
            observation: Observation::NotServing,
            cause: "it says that it does not serve".to_owned(),
        }),
        // A server that answers and is no decider must not get questions.
        Err(status) if matches!(status.code(), Code::Unimplemented | Code::NotFound) => {
            Err(ProbeFailure::failed(format!(
                "it is no decider: it has no health (grpc.health.v1) of {SERVICE_NAME}"
            )))
        }
        Err(status) => Err(ProbeFailure::failed(cause(&status))),
    }
}
