//! A decider that decides nothing: the same answer to everybody. What a real one costs above it is its own work.

use std::path::PathBuf;

use clap::Args;
use proto::decider::v1::decision_service_server::{DecisionService, DecisionServiceServer};
use proto::decider::v1::{
    DecideConfigChangeRequest, DecideConfigChangeResponse, DecideRequest, DecideResponse, GetDecisionRequest,
    GetDecisionResponse,
};
use system_tests::local::{Local, Settings};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

use super::error::Error;
use super::questions::recorded_reply;

/// Where it stands and what it answers.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Directory of keys and configurations
    #[arg(long)]
    dir: PathBuf,
    /// File with the encoded answer
    #[arg(long)]
    reply: PathBuf,
}

/// Answers until it is killed, at the decider's address and with its certificate.
pub async fn run(arguments: &Arguments) -> Result<(), Error> {
    let local = Local::create(&arguments.dir, &Settings::default())?;
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<DecisionServiceServer<FixedDecider>>().await;
    let service = FixedDecider { reply: recorded_reply(&arguments.reply)? };
    let incoming = TcpIncoming::bind(local.addresses()?.decider)
        .map_err(Error::io("the stub decider cannot listen"))?
        .with_nodelay(Some(true));
    Server::builder()
        .tls_config(tls(&local)?)?
        .add_service(health)
        .add_service(DecisionServiceServer::new(service))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}

fn tls(local: &Local) -> Result<ServerTlsConfig, Error> {
    let read =
        |file: PathBuf| std::fs::read(&file).map_err(Error::io(format!("cannot read {}", file.display())));
    let identity =
        Identity::from_pem(read(local.certificate("decider"))?, read(local.private_key("decider"))?);
    Ok(ServerTlsConfig::new().identity(identity).client_ca_root(Certificate::from_pem(read(local.ca())?)))
}

struct FixedDecider {
    reply: DecideResponse,
}

#[tonic::async_trait]
impl DecisionService for FixedDecider {
    async fn decide(&self, request: Request<DecideRequest>) -> Result<Response<DecideResponse>, Status> {
        let callback_request_id = request.into_inner().callback_request_id;
        Ok(Response::new(DecideResponse { callback_request_id, ..self.reply.clone() }))
    }

    async fn decide_config_change(
        &self,
        _: Request<DecideConfigChangeRequest>,
    ) -> Result<Response<DecideConfigChangeResponse>, Status> {
        Err(Status::unimplemented("only Decide is measured"))
    }

    async fn get_decision(
        &self,
        _: Request<GetDecisionRequest>,
    ) -> Result<Response<GetDecisionResponse>, Status> {
        Err(Status::unimplemented("only Decide is measured"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_answer_is_the_recorded_one_under_the_id_of_the_question() {
        let reply =
            DecideResponse { decision_id: "d".into(), reason: "as told".into(), ..Default::default() };
        let stub = FixedDecider { reply: reply.clone() };
        let question = DecideRequest { callback_request_id: "r-7".into(), ..Default::default() };
        let answer = stub.decide(Request::new(question)).await.unwrap().into_inner();
        assert_eq!(answer, DecideResponse { callback_request_id: "r-7".into(), ..reply });
    }
}
