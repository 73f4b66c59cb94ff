//! The files of one system on one machine: keys, certificates, configurations and a policy. What exists is kept,
//! so that people can change it; what is missing is created.

mod certificates;
mod configs;
mod files;
mod fleet;
mod keys;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

pub use self::configs::{Addresses, JSON_TENANT, Store};
pub use self::fleet::Fleet;

/// The demo's policy, with comments for its reader.
pub const DEMO_POLICY: &str = include_str!("local/policy.yaml");

/// What is written where nothing exists yet.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the two services listen.
    pub addresses: Addresses,
    /// Where the decider keeps its ledger.
    pub store: Store,
    /// Text of the policy file.
    pub policy: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { addresses: Addresses::default(), store: Store::Sqlite, policy: DEMO_POLICY.to_owned() }
    }
}

/// A directory with the files of one system, and where each of them lies.
#[derive(Debug, Clone)]
pub struct Local {
    root: PathBuf,
}

impl Local {
    /// Creates what is missing below `root`.
    pub fn create(root: &Path, settings: &Settings) -> Result<Self, Error> {
        let local = Self { root: root.to_owned() };
        keys::create(&local.cosigner_private_key(), &local.cosigner_public_key())?;
        keys::create(&local.reply_private_key(), &local.reply_public_key())?;
        certificates::create(&local.root.join("tls"))?;
        let addresses = &settings.addresses;
        let edge = configs::edge(addresses, &configs::url(addresses.decider));
        files::create(&local.edge_config(), edge.as_bytes())?;
        let decider = configs::decider(addresses, settings.store.yaml());
        files::create(&local.decider_config(), decider.as_bytes())?;
        files::create(&local.policy(), settings.policy.as_bytes())?;
        files::directory(&local.root.join("decider/data"))?;
        files::directory(&local.root.join("logs"))?;
        Ok(local)
    }

    /// Makes the decider's certificate good for another address too.
    pub fn add_decider_address(&self, address: IpAddr) -> Result<(), Error> {
        certificates::add_address(&self.root.join("tls"), address)
    }

    /// Where the services listen, as their configurations say now.
    pub fn addresses(&self) -> Result<Addresses, Error> {
        Addresses::read(&self.edge_config(), &self.decider_config())
    }

    /// Base URL of the edge for a Co-signer.
    pub fn url(&self) -> Result<String, Error> {
        Ok(format!("https://localhost:{}", self.addresses()?.edge.port()))
    }

    /// The same for one in JSON mode, where there is such a listener.
    pub fn json_url(&self) -> Result<Option<String>, Error> {
        Ok(self.addresses()?.edge_json.map(|address| format!("https://localhost:{}", address.port())))
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The simulated Co-signer's private key.
    pub fn cosigner_private_key(&self) -> PathBuf {
        self.root.join("cosigner/private.pem")
    }

    /// The simulated Co-signer's public key, which the edge verifies with.
    pub fn cosigner_public_key(&self) -> PathBuf {
        self.root.join("cosigner/public.pem")
    }

    /// The key that signs replies.
    pub fn reply_private_key(&self) -> PathBuf {
        self.root.join("edge/reply_private.pem")
    }

    /// The key that a Co-signer verifies replies with.
    pub fn reply_public_key(&self) -> PathBuf {
        self.root.join("edge/reply_public.pem")
    }

    /// The authority that both services' certificates come from.
    pub fn ca(&self) -> PathBuf {
        self.root.join("tls/ca.pem")
    }

    /// Certificate chain of an identity: `edge`, `decider`, `edge-client` or `service`.
    pub fn certificate(&self, identity: &str) -> PathBuf {
        self.root.join(format!("tls/{identity}.crt"))
    }

    /// Private key of an identity: `edge`, `decider`, `edge-client` or `service`.
    pub fn private_key(&self, identity: &str) -> PathBuf {
        self.root.join(format!("tls/{identity}.key"))
    }

    /// The edge's configuration.
    pub fn edge_config(&self) -> PathBuf {
        self.root.join("edge/edge.yaml")
    }

    /// The decider's configuration.
    pub fn decider_config(&self) -> PathBuf {
        self.root.join("decider/decider.yaml")
    }

    /// The policy.
    pub fn policy(&self) -> PathBuf {
        self.root.join("decider/policy/policy.yaml")
    }

    /// The decider's database.
    pub fn database(&self) -> PathBuf {
        self.root.join("decider/data/decider.db")
    }

    /// What a service writes to its standard output and error.
    pub fn log(&self, service: &str) -> PathBuf {
        self.root.join(format!("logs/{service}.log"))
    }
}

/// Why the files cannot be created or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// `read`, `write` or `create`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Half of a pair is gone: a new half would not fit the other.
    #[error("{} is missing, but {} is there: they belong together. Put it back, or delete both", missing.display(), present.display())]
    HalfMissing {
        /// What is not there.
        missing: PathBuf,
        /// What is.
        present: PathBuf,
    },
    /// A key or certificate cannot be made, or a file holds none.
    #[error("cannot make or read a key or certificate for {}: {source}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: rcgen::Error,
    },
    /// A configuration does not say where its service listens.
    #[error("cannot read the addresses in {}: {why}", path.display())]
    Addresses {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A service would listen where the other already does.
    #[error("{0} is given twice: every service needs an address of its own")]
    SameAddress(SocketAddr),
}

#[cfg(test)]
mod tests;
