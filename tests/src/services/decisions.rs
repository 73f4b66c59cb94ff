//! The decider's gRPC service, asked with the edge's own identity.

use std::net::SocketAddr;
use std::time::Duration;

use proto::decider::v1::decision_service_client::DecisionServiceClient;
use proto::decider::v1::{DecisionRecord, GetDecisionRequest};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request};

use super::Error;
use crate::local::Local;

/// The tenant of the configurations that are written here.
pub const TENANT: &str = "default";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(10);

/// A client of the decider.
pub type Client = DecisionServiceClient<Channel>;

/// A channel to the decider that connects when it is first used, and again when the decider was restarted.
pub fn channel(local: &Local) -> Result<Channel, Error> {
    channel_to(local, local.addresses()?.decider)
}

/// The same to a decider at another address.
pub fn channel_to(local: &Local, address: SocketAddr) -> Result<Channel, Error> {
    let read = |path| std::fs::read(path).map_err(|error| Error::Decider(error.to_string()));
    let tls = ClientTlsConfig::new()
        .domain_name("localhost")
        .ca_certificate(Certificate::from_pem(read(local.ca())?))
        .identity(Identity::from_pem(
            read(local.certificate("edge-client"))?,
            read(local.private_key("edge-client"))?,
        ));
    let failed = |error: tonic::transport::Error| Error::Decider(error.to_string());
    let endpoint = Endpoint::from_shared(format!("https://{address}")).map_err(failed)?;
    Ok(endpoint.connect_timeout(CONNECT_TIMEOUT).tls_config(tls).map_err(failed)?.connect_lazy())
}

/// A client over such a channel.
pub fn client(local: &Local) -> Result<Client, Error> {
    Ok(Client::new(channel(local)?))
}

/// A request with a deadline, which every call of the decider needs.
pub fn within_deadline<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}

/// The newest decision over this request, if there is one.
pub async fn newest(client: &mut Client, request_id: &str) -> Result<Option<DecisionRecord>, Error> {
    newest_of(TENANT, client, request_id).await
}

/// The same of another tenant.
pub async fn newest_of(
    tenant: &str,
    client: &mut Client,
    request_id: &str,
) -> Result<Option<DecisionRecord>, Error> {
    let request = within_deadline(GetDecisionRequest {
        tenant: tenant.to_owned(),
        decision_id: String::new(),
        callback_request_id: request_id.to_owned(),
    });
    match client.get_decision(request).await {
        Ok(response) => Ok(response.into_inner().decision),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(Error::Decider(format!("{:?}: {}", status.code(), status.message()))),
    }
}
