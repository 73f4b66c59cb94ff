//! Deciders that do one thing each, over mutual TLS, and remember what they were asked.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use proto::decider::v1::{
    Action, DecideConfigChangeRequest, DecideConfigChangeResponse, DecideRequest, DecideResponse,
    GetDecisionRequest, GetDecisionResponse, ReasonCode, Verdict,
    decision_service_server::{DecisionService, DecisionServiceServer},
};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Code, Request, Response, Status,
    metadata::MetadataMap,
    transport::{Certificate, Identity, Server, ServerTlsConfig},
};
use tonic_health::server::{HealthReporter, health_reporter};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::Files;

/// What a decider does with every question.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    Allowing,
    Denying,
    /// HOLD and IGNORE.
    Ignoring,
    /// Takes the call and never answers.
    Silent,
    /// Answers after this long.
    Slow(Duration),
    Failing(Code),
    /// Has too much to do, and says when to come back.
    Shedding(Duration),
    /// Does not have the tenant's ledger.
    Elsewhere,
    /// Allows, and then this is done to the answer.
    Garbage(fn(&mut DecideResponse)),
}

/// Whether a decider answers `grpc.health.v1`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    Health,
    Nothing,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    Transaction(Box<DecideRequest>),
    ConfigChange(DecideConfigChangeRequest),
}

#[derive(Clone)]
struct Service {
    manner: Arc<Mutex<Manner>>,
    asked: Arc<Mutex<Vec<(Asked, MetadataMap)>>>,
    caller: Arc<Mutex<Vec<u8>>>,
    peers: Arc<Mutex<BTreeSet<SocketAddr>>>,
}

/// A running decider. Dropped, it is gone, connections included.
pub struct Decider {
    pub port: u16,
    service: Service,
    health: HealthReporter,
    /// Its own, so that its connections end with it.
    runtime: Option<Runtime>,
}

impl Drop for Decider {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Decider {
    pub async fn start(files: &Files, manner: Manner) -> Self {
        Self::start_at(files, manner, 0).await
    }

    /// At this port.
    pub async fn start_at(files: &Files, manner: Manner, port: u16) -> Self {
        Self::start_with(files, manner, port, Keeps::Health).await
    }

    pub async fn start_with(files: &Files, manner: Manner, port: u16, keeps: Keeps) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let socket = runtime.spawn(bind(port)).await.expect("runs");
        let port = socket.local_addr().expect("an address").port();
        let service = Service {
            manner: Arc::new(Mutex::new(manner)),
            asked: Arc::default(),
            caller: Arc::default(),
            peers: Arc::default(),
        };
        let (health, health_service) = health_reporter();
        health.set_serving::<DecisionServiceServer<Service>>().await;
        let tls = ServerTlsConfig::new()
            .identity(Identity::from_pem(files.read("decider.crt"), files.read("decider.key")))
            .client_ca_root(Certificate::from_pem(files.read("ca.pem")));
        let server = Server::builder()
            .tls_config(tls)
            .expect("TLS")
            .add_service(DecisionServiceServer::new(service.clone()))
            .add_optional_service((keeps == Keeps::Health).then_some(health_service));
        runtime.spawn(async move {
            server.serve_with_incoming(TcpListenerStream::new(socket)).await.expect("serves");
        });
        Self { port, service, health, runtime: Some(runtime) }
    }

    /// From now on.
    pub fn set(&self, manner: Manner) {
        *self.service.manner.lock().expect("unpoisoned") = manner;
    }

    /// Says that it is about to end, and answers all the same.
    pub async fn drain(&self) {
        self.health.set_not_serving::<DecisionServiceServer<Service>>().await;
    }

    pub fn calls(&self) -> usize {
        self.service.asked.lock().expect("unpoisoned").len()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.service.asked.lock().expect("unpoisoned").iter().map(|(asked, _)| asked.clone()).collect()
    }

    /// On how many connections it was asked for decisions.
    pub fn connections(&self) -> usize {
        self.service.peers.lock().expect("unpoisoned").len()
    }

    /// The certificate (DER) of the last caller.
    pub fn caller(&self) -> Vec<u8> {
        self.service.caller.lock().expect("unpoisoned").clone()
    }

    /// The metadata of the last call.
    pub fn metadata(&self) -> MetadataMap {
        self.service.asked.lock().expect("unpoisoned").last().expect("a call").1.clone()
    }
}

/// Binds the port, which a decider that ends may hold for a moment longer.
async fn bind(port: u16) -> TcpListener {
    for _ in 0..500 {
        if let Ok(socket) = TcpListener::bind(("127.0.0.1", port)).await {
            return socket;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("port {port} stays taken");
}

impl Service {
    async fn told(&self, asked: Asked, metadata: MetadataMap, id: &str) -> Result<DecideResponse, Status> {
        self.asked.lock().expect("unpoisoned").push((asked, metadata));
        let answer = |verdict: Verdict, action: Action, code: ReasonCode, reason: &str| DecideResponse {
            decision_id: "01997000-0000-7000-8000-000000000001".to_owned(),
            callback_request_id: id.to_owned(),
            verdict: verdict.into(),
            action: action.into(),
            reason_code: code.into(),
            reason: reason.to_owned(),
            ..DecideResponse::default()
        };
        let allowed = || answer(Verdict::Allow, Action::Approve, ReasonCode::Allowed, "rule sweep");
        let manner = *self.manner.lock().expect("unpoisoned");
        match manner {
            Manner::Allowing => Ok(allowed()),
            Manner::Denying => {
                Ok(answer(Verdict::Deny, Action::Reject, ReasonCode::LimitExceeded, "limit eth-per-hour"))
            }
            Manner::Ignoring => {
                Ok(answer(Verdict::Hold, Action::Ignore, ReasonCode::ConfigChangeNoRule, "no rule"))
            }
            Manner::Silent => std::future::pending().await,
            Manner::Slow(time) => {
                tokio::time::sleep(time).await;
                Ok(allowed())
            }
            Manner::Failing(code) => Err(Status::new(code, "as told")),
            Manner::Shedding(delay) => {
                let details = ErrorDetails::with_retry_info(Some(delay));
                Err(Status::with_error_details(Code::ResourceExhausted, "as told", details))
            }
            Manner::Elsewhere => {
                let details = ErrorDetails::with_error_info("TENANT_ELSEWHERE", "countersign", []);
                Err(Status::with_error_details(Code::FailedPrecondition, "as told", details))
            }
            Manner::Garbage(spoil) => {
                let mut spoilt = allowed();
                spoil(&mut spoilt);
                Ok(spoilt)
            }
        }
    }
}

#[tonic::async_trait]
impl DecisionService for Service {
    async fn decide(&self, request: Request<DecideRequest>) -> Result<Response<DecideResponse>, Status> {
        let certificates = request.peer_certs().expect("mutual TLS");
        *self.caller.lock().expect("unpoisoned") = certificates[0].to_vec();
        self.peers.lock().expect("unpoisoned").extend(request.remote_addr());
        let (metadata, _, request) = request.into_parts();
        let id = request.callback_request_id.clone();
        self.told(Asked::Transaction(Box::new(request)), metadata, &id).await.map(Response::new)
    }

    async fn decide_config_change(
        &self,
        request: Request<DecideConfigChangeRequest>,
    ) -> Result<Response<DecideConfigChangeResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        let id = request.callback_request_id.clone();
        let told = self.told(Asked::ConfigChange(request), metadata, &id).await?;
        Ok(Response::new(DecideConfigChangeResponse {
            decision_id: told.decision_id,
            callback_request_id: told.callback_request_id,
            verdict: told.verdict,
            action: told.action,
            reason_code: told.reason_code,
            reason: told.reason,
            ..DecideConfigChangeResponse::default()
        }))
    }

    async fn get_decision(
        &self,
        _: Request<GetDecisionRequest>,
    ) -> Result<Response<GetDecisionResponse>, Status> {
        Err(Status::unimplemented("not asked by the edge"))
    }
}
