//! Stores that fail, each named for the way it does.

use std::sync::Arc;
use std::time::Duration;

use decider::clock::SystemClock;
use decider::config;
use decider::decide::{Decider, Metrics};
use decider::document::Document;
use decider::grpc::{self, Config, CurrentAccess, Server};
use decider::store::{Answer, ConfigProposal, Lookup, Pending, Proposal, Record, Store, StoreError};
use policy::document::Policy;
use policy::time::Time;
use proto::decider::v1::decision_service_client::DecisionServiceClient;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::support::{Files, call, transfer};

/// Never answers.
pub struct SilentStore;

/// Takes its time, and then has no room.
pub struct SlowStore(pub Duration);

/// Answers every question with the same error, and is not ready.
struct FailingStore(StoreError);

impl Store for SilentStore {
    fn decide(&self, _: Proposal) -> Pending<Answer> {
        Box::pin(std::future::pending())
    }

    fn decide_config_change(&self, _: ConfigProposal) -> Pending<Answer> {
        Box::pin(std::future::pending())
    }

    fn get(&self, _: String, _: Lookup) -> Pending<Option<Record>> {
        Box::pin(std::future::pending())
    }

    fn policy(&self) -> Arc<Policy> {
        Arc::default()
    }

    fn adopt(&self, _: Arc<Policy>, _: Document) -> Pending<()> {
        Box::pin(std::future::pending())
    }

    fn now(&self) -> Result<Time, StoreError> {
        Ok(Time::default())
    }

    fn readiness(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn expected_wait(&self) -> Duration {
        Duration::ZERO
    }
}

impl Store for SlowStore {
    fn decide(&self, _: Proposal) -> Pending<Answer> {
        let takes = self.0;
        Box::pin(async move {
            tokio::time::sleep(takes).await;
            Err(StoreError::Overloaded)
        })
    }

    fn decide_config_change(&self, _: ConfigProposal) -> Pending<Answer> {
        Box::pin(std::future::pending())
    }

    fn get(&self, _: String, _: Lookup) -> Pending<Option<Record>> {
        Box::pin(std::future::pending())
    }

    fn policy(&self) -> Arc<Policy> {
        Arc::default()
    }

    fn adopt(&self, _: Arc<Policy>, _: Document) -> Pending<()> {
        Box::pin(std::future::pending())
    }

    fn now(&self) -> Result<Time, StoreError> {
        Ok(Time::default())
    }

    fn readiness(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn expected_wait(&self) -> Duration {
        Duration::ZERO
    }
}

impl Store for FailingStore {
    fn decide(&self, _: Proposal) -> Pending<Answer> {
        Box::pin(std::future::ready(Err(self.0.clone())))
    }

    fn decide_config_change(&self, _: ConfigProposal) -> Pending<Answer> {
        Box::pin(std::future::ready(Err(self.0.clone())))
    }

    fn get(&self, _: String, _: Lookup) -> Pending<Option<Record>> {
        Box::pin(std::future::ready(Err(self.0.clone())))
    }

    fn policy(&self) -> Arc<Policy> {
        Arc::default()
    }

    fn adopt(&self, _: Arc<Policy>, _: Document) -> Pending<()> {
        Box::pin(std::future::ready(Err(self.0.clone())))
    }

    fn now(&self) -> Result<Time, StoreError> {
        Err(self.0.clone())
    }

    fn readiness(&self) -> Result<(), StoreError> {
        Err(self.0.clone())
    }

    fn expected_wait(&self) -> Duration {
        Duration::ZERO
    }
}

/// A server over a store.
pub struct Served {
    pub port: u16,
    pub drain: CancellationToken,
    pub metrics: Arc<grpc::Metrics>,
}

pub async fn serve(files: &Files, store: Arc<dyn Store>) -> Served {
    let config = config::load(&files.path("decider.yaml")).unwrap();
    let metrics = Arc::new(Metrics::default());
    let (prices, clock) = (Arc::default(), Arc::new(SystemClock::new()));
    let decider = Arc::new(Decider { store, prices, clock, metrics });
    let (access, grpc_metrics) = (CurrentAccess::new(config.access), Arc::new(grpc::Metrics::default()));
    let at = Config::at("127.0.0.1:0".parse().unwrap());
    let server = Server::bind(at, access, Arc::clone(&grpc_metrics)).await.unwrap();
    let (port, drain) = (server.address().port(), CancellationToken::new());
    tokio::spawn(server.serve(decider, drain.clone()));
    Served { port, drain, metrics: grpc_metrics }
}

async fn decide_with(store: impl Store + 'static, timeout: Duration) -> Status {
    let files = Files::new();
    let port = serve(&files, Arc::new(store)).await.port;
    let mut request = Request::new(transfer("r-1", "0.1"));
    request.set_timeout(timeout);
    DecisionServiceClient::new(files.channel(port).await).decide(request).await.unwrap_err()
}

#[tokio::test]
async fn a_store_that_does_not_answer_ends_in_the_deadline() {
    // The client gives up by its own clock too. The server answers a sixteenth earlier, which has to be more than a
    // busy machine takes to bring the answer over.
    let status = decide_with(SilentStore, Duration::from_secs(16)).await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.get_details_error_info().unwrap().reason, "DEADLINE_EXCEEDED");
}

#[tokio::test]
async fn a_store_that_fails_is_never_a_denial_and_never_an_approval() {
    let shed = decide_with(FailingStore(StoreError::Overloaded), Duration::from_secs(5)).await;
    assert_eq!(shed.code(), Code::ResourceExhausted);
    assert!(shed.get_details_retry_info().unwrap().retry_delay.is_some());
    let failed =
        decide_with(FailingStore(StoreError::Failed("disk full".into())), Duration::from_secs(5)).await;
    assert_eq!(failed.code(), Code::Unavailable);
    assert_eq!(failed.get_details_error_info().unwrap().reason, "STORE_FAILED");
}

#[tokio::test]
async fn a_store_that_is_not_ready_is_not_served() {
    let files = Files::new();
    let port = serve(&files, Arc::new(FailingStore(StoreError::Closed))).await.port;
    let mut health = HealthClient::new(files.channel(port).await);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let answer = health.check(call(HealthCheckRequest::default())).await.unwrap().into_inner();
    assert_eq!(answer.status(), ServingStatus::NotServing);
}
