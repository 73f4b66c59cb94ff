//! The two services' configurations: written once, and read for where the services listen.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use serde::Deserialize;

use super::{Error, Settings, files};

/// Where the services listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Co-signers, HTTPS.
    pub edge: SocketAddr,
    /// Health and metrics of the edge, HTTP.
    pub edge_admin: SocketAddr,
    /// gRPC with mTLS.
    pub decider: SocketAddr,
    /// Health and metrics of the decider, HTTP.
    pub decider_admin: SocketAddr,
}

impl Default for Addresses {
    fn default() -> Self {
        Self::local([8443, 9443, 50051, 9444])
    }
}

/// Where the decider keeps its ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// In a file.
    Sqlite,
    /// Nowhere: a restart forgets it.
    Memory,
}

/// The part of both configurations that says where a service listens.
#[derive(Deserialize)]
struct Listens {
    listen: Listen,
    admin: Listen,
}

#[derive(Deserialize)]
struct Listen {
    address: SocketAddr,
}

impl Addresses {
    /// Ports on 127.0.0.1: edge, edge admin, decider, decider admin.
    pub fn local([edge, edge_admin, decider, decider_admin]: [u16; 4]) -> Self {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            edge: at(edge),
            edge_admin: at(edge_admin),
            decider: at(decider),
            decider_admin: at(decider_admin),
        }
    }

    /// All four, each with what it is for.
    pub fn named(&self) -> [(&'static str, SocketAddr); 4] {
        [
            ("edge", self.edge),
            ("edge admin", self.edge_admin),
            ("decider", self.decider),
            ("decider admin", self.decider_admin),
        ]
    }

    pub(super) fn read(edge: &Path, decider: &Path) -> Result<Self, Error> {
        let (edge, decider) = (listens(edge)?, listens(decider)?);
        let addresses = Self {
            edge: edge.listen.address,
            edge_admin: edge.admin.address,
            decider: decider.listen.address,
            decider_admin: decider.admin.address,
        };
        let mut seen = std::collections::HashSet::new();
        match addresses.named().iter().find(|(_, address)| !seen.insert(*address)) {
            Some((_, address)) => Err(Error::SameAddress(*address)),
            None => Ok(addresses),
        }
    }
}

fn listens(path: &Path) -> Result<Listens, Error> {
    serde_saphyr::from_str(&files::read(path)?)
        .map_err(|error| Error::Addresses { path: path.to_owned(), why: error.to_string() })
}

/// edge.yaml.
pub fn edge(settings: &Settings) -> String {
    let Addresses { edge, edge_admin, decider, .. } = settings.addresses;
    format!(
        r#"# The edge: Co-signers call it, it asks a decider. Paths are relative to this file.
listen:
  address: {edge}
  certificate: ../tls/edge.crt
  private_key: ../tls/edge.key
admin:
  # Plain HTTP: /livez, /readyz, /metrics.
  address: {edge_admin}
decider:
  address: https://localhost:{port}
  ca: ../tls/ca.pem
  # Who the edge is to the decider.
  certificate: ../tls/edge-client.crt
  private_key: ../tls/edge-client.key
paths:
  # https://…/v2/tx_sign_request; with sub_path "/acme" it is https://…/acme/v2/tx_sign_request.
  - sub_path: ""
    tenant: default
    # Requests must be signed by one of these keys.
    cosigner_public_keys: [../cosigner/public.pem]
    # Replies are signed with this key; its public half goes to the Co-signer.
    reply_private_key: reply_private.pem
"#,
        port = decider.port()
    )
}

/// decider.yaml.
pub fn decider(settings: &Settings) -> String {
    let Addresses { decider, decider_admin, .. } = settings.addresses;
    let store = match settings.store {
        Store::Sqlite => "\n  # Every decision and every charge is in this file.\n  sqlite: data/decider.db",
        Store::Memory => " memory",
    };
    format!(
        r#"# The decider: says what may be signed. Paths are relative to this file.
listen:
  address: {decider}
  certificate: ../tls/decider.crt
  private_key: ../tls/decider.key
  # Clients must show a certificate of this authority.
  client_ca: ../tls/ca.pem
# Which of them may ask what.
grants:
  - spiffe: spiffe://countersign.demo/edge
    tenants: [default]
    verbs: [decide, read]
  # A service of your own: its certificate is ../tls/service.crt.
  - spiffe: spiffe://countersign.demo/service
    tenants: [default]
    verbs: [decide, read]
admin:
  # Plain HTTP: /livez, /readyz, /metrics.
  address: {decider_admin}
policy: policy
store:{store}
"#
    )
}
