//! A decider that answers what a test tells it to, and counts who asks: for what an edge must do with answers that
//! no real decider gives.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proto::decider::v1::decision_service_server::{DecisionService, DecisionServiceServer};
use proto::decider::v1::{
    Action, DecideConfigChangeRequest, DecideConfigChangeResponse, DecideRequest, DecideResponse,
    GetDecisionRequest, GetDecisionResponse, ReasonCode, Stage, Verdict,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

use crate::local::Local;

type Script = dyn Fn(DecideRequest) -> Result<DecideResponse, Status> + Send + Sync;

/// A running scripted decider; it ends when it is dropped.
pub struct ScriptedDecider {
    calls: Arc<AtomicUsize>,
    server: tokio::task::JoinHandle<()>,
}

impl ScriptedDecider {
    /// Listens where the edge of `local` looks for its decider, with the decider's certificate. `script` answers
    /// Decide; a configuration change is always left to people.
    pub async fn start(
        local: &Local,
        script: impl Fn(DecideRequest) -> Result<DecideResponse, Status> + Send + Sync + 'static,
    ) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let service = Scripted { calls: Arc::clone(&calls), script: Arc::new(script) };
        let (reporter, health) = tonic_health::server::health_reporter();
        reporter.set_serving::<DecisionServiceServer<Scripted>>().await;
        let listener = TcpListener::bind(local.addresses().unwrap().decider).await.unwrap();
        let server = Server::builder()
            .tls_config(tls(local))
            .unwrap()
            .add_service(health)
            .add_service(DecisionServiceServer::new(service))
            .serve_with_incoming(TcpListenerStream::new(listener));
        Self { calls, server: tokio::spawn(async move { server.await.unwrap() }) }
    }

    /// How often Decide and DecideConfigChange were called.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Drop for ScriptedDecider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A correct approval of this request, for a script to spoil.
pub fn approval(request: &DecideRequest) -> DecideResponse {
    DecideResponse {
        decision_id: crate::requests::fresh_id(),
        callback_request_id: request.callback_request_id.clone(),
        verdict: Verdict::Allow.into(),
        action: Action::Approve.into(),
        reason_code: ReasonCode::Allowed.into(),
        policy_hash: "0".repeat(64),
        stage: Stage::Signing.into(),
        decided_time: Some(std::time::SystemTime::now().into()),
        ..DecideResponse::default()
    }
}

fn tls(local: &Local) -> ServerTlsConfig {
    let read = |path| std::fs::read(path).unwrap();
    ServerTlsConfig::new()
        .identity(Identity::from_pem(read(local.certificate("decider")), read(local.private_key("decider"))))
        .client_ca_root(Certificate::from_pem(read(local.ca())))
}

struct Scripted {
    calls: Arc<AtomicUsize>,
    script: Arc<Script>,
}

#[tonic::async_trait]
impl DecisionService for Scripted {
    async fn decide(&self, request: Request<DecideRequest>) -> Result<Response<DecideResponse>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        (self.script)(request.into_inner()).map(Response::new)
    }

    async fn decide_config_change(
        &self,
        request: Request<DecideConfigChangeRequest>,
    ) -> Result<Response<DecideConfigChangeResponse>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Ok(Response::new(DecideConfigChangeResponse {
            decision_id: crate::requests::fresh_id(),
            callback_request_id: request.into_inner().callback_request_id,
            verdict: Verdict::Hold.into(),
            action: Action::Ignore.into(),
            reason_code: ReasonCode::ConfigChangeNoRule.into(),
            ..DecideConfigChangeResponse::default()
        }))
    }

    async fn get_decision(
        &self,
        _request: Request<GetDecisionRequest>,
    ) -> Result<Response<GetDecisionResponse>, Status> {
        Err(Status::not_found("a scripted decider keeps no records"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Options, System};
    use crate::services::decisions::{client, newest, within_deadline};

    #[tokio::test]
    async fn it_answers_by_its_script_to_the_edges_identity_and_counts() {
        let system = System::with(Options { decider: false, edge: false, ..Options::default() }).await;
        let decider = ScriptedDecider::start(system.local(), |request| match request.tx_id() {
            "refuse" => Err(Status::unavailable("as told")),
            _ => Ok(approval(&request)),
        })
        .await;
        let mut client = client(system.local()).unwrap();
        let ask = |tx_id: &str| {
            let request = DecideRequest {
                callback_request_id: "r".into(),
                tx_id: Some(tx_id.into()),
                ..DecideRequest::default()
            };
            within_deadline(request)
        };
        assert_eq!(client.decide(ask("t")).await.unwrap().into_inner().callback_request_id, "r");
        assert_eq!(client.decide(ask("refuse")).await.unwrap_err().code(), tonic::Code::Unavailable);
        assert_eq!(decider.calls(), 2);
        assert!(newest(&mut client, "r").await.unwrap().is_none());
    }
}
