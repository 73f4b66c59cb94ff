//! The client of the deciders: asks with a deadline, and accepts only an answer that is consistent.
//!
//! A question goes to the less busy of two healthy deciders, and to another one when that fails or is silent.

mod asking;
mod budget;
mod race;
pub mod convert;
mod fleet;
mod members;
mod health;
mod endpoint;
mod config;
mod resolve;
mod identity;
mod address;
mod fleet_name;
mod trouble;
mod answer;
mod cause;
mod choose;
mod load;
mod endpoint_state;
mod unready;

use std::{sync::Arc, time::Duration};

use proto::decider::v1::{
    DecideConfigChangeRequest, DecideRequest, decision_service_client::DecisionServiceClient,
};
use tokio::time::Instant;
use tonic::{Request, Response, Status, transport::Channel};
use tower::retry::budget::TpsBudget;

pub use address::{Address, AddressError};
pub use answer::{Decision, Garbage};
use asking::AskContext;
pub use asking::DEADLINE_GRACE;
pub use choose::MAX_ENDPOINTS;
pub use config::{Config, DEFAULT_DEADLINE, MAX_DEADLINE};
use endpoint::Endpoint;
use fleet::Fleet;
pub use fleet_name::{FleetName, FleetNameError};
pub use health::Health;
pub use identity::{ClientIdentity, IdentityError, IdentityFiles};
pub use resolve::{Resolve, Resolved, SystemResolver};
pub use trouble::{Failure, Trouble};

use crate::telemetry::{
    metrics::{FleetMetrics, Metrics},
    trace,
};

/// Asks the deciders of one fleet.
#[derive(Clone, Debug)]
pub struct Decider {
    fleet: Arc<Fleet>,
    budget: Arc<TpsBudget>,
    deadline: Duration,
    hedge_after: Option<Duration>,
    metrics: Arc<FleetMetrics>,
}

impl Decider {
    /// A client that knows no decider until it [watches](Self::watch).
    #[must_use]
    pub fn new(config: Config, resolver: Arc<dyn Resolve>, metrics: &Metrics) -> Self {
        let Config { deadline, hedge_after, .. } = config;
        let metrics = Arc::new(metrics.for_fleet(config.fleet.as_str()));
        let fleet = Arc::new(Fleet::new(config, resolver, Arc::clone(&metrics)));
        Self { fleet, budget: Arc::new(budget::budget()), deadline, hedge_after, metrics }
    }

    /// Decides over a transaction, within the configured deadline and within `left`.
    pub async fn decide(&self, request: &DecideRequest, left: Duration) -> Result<Decision, Failure> {
        let (id, stage) = (&request.callback_request_id, request.stage());
        let call =
            |mut client: DecisionServiceClient<Channel>, request| async move { client.decide(request).await };
        self.ask(request, left, call, |answer| answer::check_transaction(answer, id, stage)).await
    }

    /// Decides over a configuration change, within the configured deadline and within `left`.
    pub async fn decide_config_change(
        &self,
        request: &DecideConfigChangeRequest,
        left: Duration,
    ) -> Result<Decision, Failure> {
        let id = &request.callback_request_id;
        let call = |mut client: DecisionServiceClient<Channel>, request| async move {
            client.decide_config_change(request).await
        };
        self.ask(request, left, call, |answer| answer::check_config_change(answer, id)).await
    }

    /// Looks deciders up and watches their health, for as long as it is polled. Needs a tokio runtime.
    pub async fn watch(&self, health: &Health) {
        self.fleet.watch(health).await;
    }

    async fn ask<Q, A, F>(
        &self,
        question: &Q,
        left: Duration,
        call: impl Fn(DecisionServiceClient<Channel>, Request<Q>) -> F,
        believe: impl Fn(A) -> Result<Decision, Garbage>,
    ) -> Result<Decision, Failure>
    where
        Q: Clone,
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let (begun, within) = (Instant::now(), left.min(self.deadline));
        let until = begun + within;
        let attempt = |endpoint: &Arc<Endpoint>| {
            let (call, believe) = (&call, &believe);
            let (in_flight, client) = (endpoint.begin_call(), endpoint.client());
            let question = timed(question.clone(), until);
            // The call is made in here: one that was made outside would have its thousands of bytes twice.
            async move {
                let answer = call(client, question).await.map_err(Trouble::from);
                in_flight.end(answer.and_then(|answer| Ok(believe(answer.into_inner())?)))
            }
        };
        let ended = asking::ask(self.context(), until, attempt).await;
        self.metrics.observe_decision(begun.elapsed());
        ended.inspect_err(|failure| self.metrics.count_error(failure.trouble.code()))
    }

    fn context(&self) -> AskContext<'_> {
        AskContext {
            fleet: &self.fleet,
            budget: &self.budget,
            metrics: &self.metrics,
            hedge_after: self.hedge_after,
        }
    }
}

/// A call with the deadline `until` and the trace it belongs to.
fn timed<Q>(question: Q, until: Instant) -> Request<Q> {
    let mut request = Request::new(question);
    request.set_timeout(until.saturating_duration_since(Instant::now()));
    trace::inject(request.metadata_mut());
    request
}
