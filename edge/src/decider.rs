//! The client of the decider: asks, with a deadline, and believes only an answer that makes sense.
//!
//! One lazy channel to one address. Several deciders behind one name are a matter of this module alone.

pub mod convert;

mod config;
mod health;

mod trouble;

mod answer;

use std::{sync::Arc, time::Duration};

use proto::decider::v1::{
    DecideConfigChangeRequest, DecideRequest, decision_service_client::DecisionServiceClient,
};
use tokio::time::{Instant, sleep, timeout};
use tonic::{Request, Response, Status, transport::Channel};

pub use answer::{Decision, Garbage};
pub use config::{Config, ConfigError, DEFAULT_DEADLINE, MAX_DEADLINE, check_address};
pub use health::Health;
pub use trouble::Trouble;
use trouble::worth_another_try;

use crate::telemetry::{metrics::Metrics, trace};

/// How much longer than the call's own deadline we wait, for a decider that keeps silent about it.
pub const DEADLINE_GRACE: Duration = Duration::from_millis(250);

/// Pauses before a call is tried again that never reached a decider, or found it unable. Decide is idempotent.
/// Together they bridge a decider that restarts.
const RETRY_PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1000)];

/// Asks the decider.
#[derive(Clone, Debug)]
pub struct Decider {
    client: DecisionServiceClient<Channel>,
    channel: Channel,
    deadline: Duration,
    metrics: Arc<Metrics>,
}

impl Decider {
    /// A client that connects when it is first used. Needs a tokio runtime.
    #[must_use]
    pub fn new(config: &Config, metrics: Arc<Metrics>) -> Self {
        let channel = config.endpoint.connect_lazy();
        let client = DecisionServiceClient::new(channel.clone());
        Self { client, channel, deadline: config.deadline, metrics }
    }

    /// Decides over a transaction, within the configured deadline and within `left`.
    pub async fn decide(&self, request: DecideRequest, left: Duration) -> Result<Decision, Trouble> {
        let (id, stage) = (request.callback_request_id.clone(), request.stage());
        let call =
            |mut client: DecisionServiceClient<Channel>, request| async move { client.decide(request).await };
        let answer = self.ask(request, left, call).await;
        self.told(answer.and_then(|answer| Ok(answer::check_transaction(answer, &id, stage)?)))
    }

    /// Decides over a configuration change, within the configured deadline and within `left`.
    pub async fn decide_config_change(
        &self,
        request: DecideConfigChangeRequest,
        left: Duration,
    ) -> Result<Decision, Trouble> {
        let id = request.callback_request_id.clone();
        let call = |mut client: DecisionServiceClient<Channel>, request| async move {
            client.decide_config_change(request).await
        };
        let answer = self.ask(request, left, call).await;
        self.told(answer.and_then(|answer| Ok(answer::check_config_change(answer, &id)?)))
    }

    /// Watches the decider's health for as long as it is polled.
    pub async fn watch(&self, health: &Health) {
        health::watch(self.channel.clone(), health, &self.metrics).await;
    }

    fn told(&self, decision: Result<Decision, Trouble>) -> Result<Decision, Trouble> {
        decision.inspect_err(|trouble| self.metrics.decider_error(trouble.code()))
    }

    async fn ask<Q, A, F>(
        &self,
        question: Q,
        left: Duration,
        call: impl Fn(DecisionServiceClient<Channel>, Request<Q>) -> F,
    ) -> Result<A, Trouble>
    where
        Q: Clone,
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let (begun, within) = (Instant::now(), left.min(self.deadline));
        let attempts = async {
            let mut pauses = RETRY_PAUSES.into_iter();
            loop {
                let ended = call(self.client.clone(), timed(question.clone(), begun + within)).await;
                match (ended, pauses.next()) {
                    (Err(status), Some(pause)) if worth_another_try(&status) => sleep(pause).await,
                    (ended, _) => return ended,
                }
            }
        };
        // A decider that is stopped does not mind its deadline, so we keep our own.
        let ended = timeout(within + DEADLINE_GRACE, attempts).await;
        self.metrics.decided_in(begun.elapsed());
        Ok(ended.map_err(|_| Trouble::Silent)??.into_inner())
    }
}

/// A call with the deadline `until` and the trace it belongs to.
fn timed<Q>(question: Q, until: Instant) -> Request<Q> {
    let mut request = Request::new(question);
    request.set_timeout(until.saturating_duration_since(Instant::now()));
    trace::inject(request.metadata_mut());
    request
}
