//! The two services' configurations: written once, and read for where the services listen.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use serde::Deserialize;

use super::{Error, files};

/// The tenant of JSON mode: what nobody has proven keeps apart from what is.
pub const JSON_TENANT: &str = "json";

/// Where the services listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Co-signers, HTTPS.
    pub edge: SocketAddr,
    /// Co-signers in JSON mode, HTTPS. `None`: the edge has no such listener.
    pub edge_json: Option<SocketAddr>,
    /// Health and metrics of the edge, HTTP.
    pub edge_admin: SocketAddr,
    /// gRPC with mTLS.
    pub decider: SocketAddr,
    /// Health and metrics of the decider, HTTP.
    pub decider_admin: SocketAddr,
}

impl Default for Addresses {
    fn default() -> Self {
        Self::local([8443, 9443, 50051, 9444]).with_json(8444)
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

impl Store {
    pub(super) const fn yaml(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "\n  # Every decision and every charge is in this file.\n  sqlite: data/decider.db"
            }
            Self::Memory => " memory",
        }
    }
}

/// The part of both configurations that says where a service listens.
#[derive(Deserialize)]
struct Listens {
    listen: Listen,
    admin: Listen,
    json: Option<JsonMode>,
}

#[derive(Deserialize)]
struct JsonMode {
    listen: Listen,
}

#[derive(Deserialize)]
struct Listen {
    address: SocketAddr,
}

impl Addresses {
    /// Ports on 127.0.0.1: edge, edge admin, decider, decider admin. No JSON mode.
    pub fn local([edge, edge_admin, decider, decider_admin]: [u16; 4]) -> Self {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            edge: at(edge),
            edge_json: None,
            edge_admin: at(edge_admin),
            decider: at(decider),
            decider_admin: at(decider_admin),
        }
    }

    /// With JSON mode at this port.
    #[must_use]
    pub fn with_json(self, port: u16) -> Self {
        Self { edge_json: Some(SocketAddr::new(self.edge.ip(), port)), ..self }
    }

    /// The same edge with each of so many deciders. Their ports follow those of the first.
    pub fn fleet(&self, count: u16) -> Result<Vec<Self>, Error> {
        let after =
            |first: SocketAddr, number| SocketAddr::new(first.ip(), first.port().saturating_add(number));
        let decider = |number| {
            let (decider, admin) = (after(self.decider, number), after(self.decider_admin, number));
            Self { decider, decider_admin: admin, ..*self }
        };
        let fleet: Vec<_> = (0..count).map(decider).collect();
        let listened = fleet.iter().flat_map(|each| [each.decider, each.decider_admin]);
        distinct(listened.chain([self.edge, self.edge_admin]).chain(self.edge_json))?;
        Ok(fleet)
    }

    /// All of them, each with what it is for.
    pub fn named(&self) -> Vec<(&'static str, SocketAddr)> {
        let mut named = vec![
            ("edge", self.edge),
            ("edge admin", self.edge_admin),
            ("decider", self.decider),
            ("decider admin", self.decider_admin),
        ];
        named.extend(self.edge_json.map(|address| ("edge in JSON mode", address)));
        named
    }

    pub(super) fn read(edge: &Path, decider: &Path) -> Result<Self, Error> {
        let (edge, decider) = (listens(edge)?, listens(decider)?);
        let addresses = Self {
            edge: edge.listen.address,
            edge_json: edge.json.map(|json| json.listen.address),
            edge_admin: edge.admin.address,
            decider: decider.listen.address,
            decider_admin: decider.admin.address,
        };
        distinct(addresses.named().into_iter().map(|(_, address)| address))?;
        Ok(addresses)
    }
}

fn distinct(mut addresses: impl Iterator<Item = SocketAddr>) -> Result<(), Error> {
    let mut seen = HashSet::new();
    addresses
        .find(|address| !seen.insert(*address))
        .map_or(Ok(()), |address| Err(Error::SameAddress(address)))
}

fn listens(path: &Path) -> Result<Listens, Error> {
    serde_saphyr::from_str(&files::read(path)?)
        .map_err(|error| Error::Addresses { path: path.to_owned(), why: error.to_string() })
}

/// Where an edge asks a decider on this machine, by the name in its certificate.
pub fn url(decider: SocketAddr) -> String {
    format!("https://localhost:{}", decider.port())
}

/// edge.yaml. `deciders` is one URL or a YAML list of several.
pub fn edge(addresses: &Addresses, deciders: &str) -> String {
    let Addresses { edge, edge_admin, edge_json, .. } = addresses;
    let json = edge_json.map(json_mode).unwrap_or_default();
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
  address: {deciders}
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
{json}"#
    )
}

fn json_mode(address: SocketAddr) -> String {
    format!(
        r#"# JSON mode, without /v2: plain JSON both ways, which proves nothing about who asks.
json:
  listen:
    address: {address}
    certificate: ../tls/edge.crt
    private_key: ../tls/edge.key
    # From anywhere else a connection is closed before TLS.
    source_networks: [127.0.0.0/8, "::1/128"]
  paths:
    # Its tenant is no tenant of paths.
    - sub_path: ""
      tenant: {JSON_TENANT}
"#
    )
}

/// decider.yaml, with what stands behind `store:`.
pub fn decider(addresses: &Addresses, store: &str) -> String {
    let Addresses { decider, decider_admin, edge_json, .. } = addresses;
    let tenants = if edge_json.is_some() { format!("default, {JSON_TENANT}") } else { "default".to_owned() };
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
    tenants: [{tenants}]
    verbs: [decide, read]
  # A service of your own: its certificate is ../tls/service.crt.
  - spiffe: spiffe://countersign.demo/service
    tenants: [{tenants}]
    verbs: [decide, read]
admin:
  # Plain HTTP: /livez, /readyz, /metrics.
  address: {decider_admin}
policy: policy
store:{store}
"#
    )
}
