//! The decider's configuration: one YAML file. What it names is read and checked with it, so that everything
//! wrong is reported at once, before a port is bound.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::grants::{Tenants, Verb};
use crate::policy_file::{self, PolicyFile};
use crate::yaml::{self, Fields, Mistakes, Node, Reader, Value, duration};
use crate::{admin, grpc, reload};
use grpc::TlsFiles;
use grpc::tls::TlsFile;

pub mod access;
pub mod warnings;
pub mod kept;
mod beside;
mod grants;
mod tenants;
mod store;

use access::{AccessSources, Rest};

const FIELDS: [&str; 7] = ["listen", "grants", "tenants", "admin", "policy", "reload", "store"];
const LISTEN_FIELDS: [&str; 7] =
    ["address", "certificate", "private_key", "client_ca", "connection_age", "drain_notice", "drain_timeout"];
/// The shortest age of a connection: a handshake a second is still less than what the calls cost.
const MIN_CONNECTION_AGE: Duration = Duration::from_secs(1);
/// The shortest time from one look at the files on disk to the next.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// Everything a decider needs to start.
#[derive(Debug, Clone)]
pub struct Config {
    /// The gRPC listener.
    pub grpc: grpc::Config,
    /// Its certificates, read and checked, and who may ask what.
    pub access: grpc::Access,
    /// Where those are looked for again.
    pub sources: AccessSources,
    /// The admin port.
    pub admin: admin::Config,
    /// The policy, read and checked.
    pub policy: PolicyFile,
    /// Where it is looked for again.
    pub reload: reload::Config,
    /// The store.
    pub store: crate::store::Config,
    /// How long it keeps what decisions came out of.
    pub retention: crate::store::Retention,
}

impl Config {
    /// For whom decisions are made: its tenants, or where it names none, those that are granted to ask.
    pub fn tenants(&self) -> Tenants {
        match &self.grpc.tenants {
            Tenants::All => self.access.grants.tenants_of(Verb::Decide),
            these => these.clone(),
        }
    }
}

/// Reads a configuration and what it names. Relative paths start at its folder.
///
/// # Errors
/// Every mistake in it and in what it names.
pub fn load(path: &Path) -> Result<Config, Mistakes> {
    read_file(path, |reader, node, base| read(reader, node, path, base))
}

/// The same beside the configurations of other deciders, which are read as far as they say whose ledgers they have.
///
/// # Errors
/// Every mistake in it and in what it names, in that of the others, and where a tenant would have two ledgers.
pub fn load_beside(path: &Path, others: &[PathBuf]) -> Result<Config, Mistakes> {
    // However it is called: a file beside itself would be one with another ledger.
    let is_this = |other: &Path| match (other.canonicalize(), path.canonicalize()) {
        (Ok(other), Ok(path)) => other == path,
        _ => other == path,
    };
    let others = others.iter().filter(|other| !is_this(other)).cloned();
    let all: Vec<PathBuf> = [path.to_owned()].into_iter().chain(others).collect();
    let file = path.display().to_string();
    let mut reader = Reader::new(&file, "");
    let loaded = reader.absorb(load(path));
    let fitting = reader.absorb(beside::check(&all));
    reader.finish(fitting.and(loaded))
}

/// Where a configuration says that its policy is. Nothing else of it is read.
///
/// # Errors
/// It does not say so.
pub fn policy_path(path: &Path) -> Result<PathBuf, Mistakes> {
    read_file(path, |reader, node, base| {
        let fields = Fields::of(reader, node, "a configuration", &FIELDS)?;
        fields.required(reader, "policy").and_then(|node| read_path(reader, node, base))
    })
}

fn read_file<T>(
    path: &Path,
    read: impl FnOnce(&mut Reader<'_>, &Node, &Path) -> Option<T>,
) -> Result<T, Mistakes> {
    let text = yaml::text_of(path)?;
    let file = path.display().to_string();
    let node = yaml::parse(&file, &text)?;
    let mut reader = Reader::new(&file, &text);
    let base = path.parent().unwrap_or(Path::new(""));
    let read = read(&mut reader, &node, base);
    reader.finish(read)
}

fn read(reader: &mut Reader<'_>, node: &Node, path: &Path, base: &Path) -> Option<Config> {
    if node.value == Value::Null {
        reader
            .mistake(node.at, "the configuration is empty: it needs listen, grants, admin, policy and store");
        return None;
    }
    let (rest, fields) = (node, Fields::of(reader, node, "a configuration", &FIELDS)?);
    let listen = fields.required(reader, "listen").and_then(|node| read_listen(reader, node, base));
    let tenants = tenants::read(reader, &fields);
    // With mistakes in what it is checked against it is read for its own.
    let grants = grants::read(reader, &fields, tenants.as_ref().unwrap_or(&Tenants::All));
    let admin = fields.required(reader, "admin").and_then(|node| read_admin(reader, node));
    let policy = fields.required(reader, "policy").and_then(|node| read_policy(reader, node, base));
    let interval = fields.optional(reader, "reload").and_then(|node| read_interval(reader, node));
    let store = fields.required(reader, "store").and_then(|node| store::read(reader, node, base));
    let ((grpc, (tls, files)), (admin, node)) = (listen?, admin?);
    if grpc.address == admin.address && grpc.address.port() != 0 {
        reader.mistake(node.at, "listen and admin have the same address");
    }
    let (policy, policy_path) = policy?;
    let interval = interval.unwrap_or(reload::USUAL_INTERVAL);
    let reload = reload::Config { path: policy_path, interval };
    let sources = AccessSources { config: path.to_owned(), tls: files, rest: Rest::of(rest) };
    let access = grpc::Access { tls, grants: grants? };
    let grpc = grpc::Config { tenants: tenants?, ..grpc };
    let (store, retention) = store?;
    Some(Config { grpc, access, sources, admin, policy, reload, store, retention })
}

fn read_listen(
    reader: &mut Reader<'_>,
    node: &Node,
    base: &Path,
) -> Option<(grpc::Config, (grpc::Tls, TlsFiles))> {
    let fields = Fields::of(reader, node, "listen", &LISTEN_FIELDS)?;
    let address = fields.required(reader, "address").and_then(|node| read_address(reader, node));
    let tls = read_tls(reader, &fields, base);
    let age = fields.optional(reader, "connection_age").map(|node| read_age(reader, node));
    let notice = fields.optional(reader, "drain_notice").and_then(|node| read_duration(reader, node));
    let timeout = fields.optional(reader, "drain_timeout").and_then(|node| read_duration(reader, node));
    let usual = grpc::Config::at(address?);
    let config = grpc::Config {
        connection_age: age.unwrap_or(Some(usual.connection_age))?,
        drain_notice: notice.unwrap_or(usual.drain_notice),
        drain_timeout: timeout.unwrap_or(usual.drain_timeout),
        ..usual
    };
    Some((config, tls?))
}

/// Each file's mistake stands where the file is named.
fn read_tls(reader: &mut Reader<'_>, fields: &Fields<'_>, base: &Path) -> Option<(grpc::Tls, TlsFiles)> {
    let mut file = |name| {
        let node = fields.required(reader, name)?;
        Some((node, read_path(reader, node, base)?))
    };
    let (certificate, key, authority) = (file("certificate"), file("private_key"), file("client_ca"));
    let (certificate, key, authority) = (certificate?, key?, authority?);
    let files = TlsFiles { certificate: certificate.1, private_key: key.1, client_ca: authority.1 };
    match grpc::Tls::read(&files) {
        Ok(tls) => Some((tls, files)),
        Err(errors) => {
            for (part, error) in errors {
                let node = match part {
                    TlsFile::Certificate => certificate.0,
                    TlsFile::PrivateKey => key.0,
                    TlsFile::ClientCa => authority.0,
                };
                reader.mistake(node.at, error.to_string());
            }
            None
        }
    }
}

fn read_age(reader: &mut Reader<'_>, node: &Node) -> Option<Duration> {
    let age = read_duration(reader, node)?;
    if age < MIN_CONNECTION_AGE {
        reader.mistake(node.at, "connection_age is after how long a client connects anew: at least 1s");
        return None;
    }
    Some(age)
}

fn read_admin<'n>(reader: &mut Reader<'_>, node: &'n Node) -> Option<(admin::Config, &'n Node)> {
    let fields = Fields::of(reader, node, "admin", &["address"])?;
    let node = fields.required(reader, "address")?;
    Some((admin::Config { address: read_address(reader, node)? }, node))
}

fn read_policy(reader: &mut Reader<'_>, node: &Node, base: &Path) -> Option<(PolicyFile, PathBuf)> {
    let path = read_path(reader, node, base)?;
    Some((reader.absorb(policy_file::load(&path))?, path))
}

fn read_interval(reader: &mut Reader<'_>, node: &Node) -> Option<Duration> {
    let interval = read_duration(reader, node)?;
    if interval < MIN_INTERVAL {
        reader.mistake(node.at, "reload is how often the policy is looked at: at least 1s");
        return None;
    }
    Some(interval)
}

fn read_address(reader: &mut Reader<'_>, node: &Node) -> Option<SocketAddr> {
    let text = reader.text(node, "address")?;
    let address = text.parse().map_err(|_| "expected an IP address and a port, such as 127.0.0.1:50051");
    reader.check(node.at, address)
}

fn read_duration(reader: &mut Reader<'_>, node: &Node) -> Option<Duration> {
    let text = reader.duration_text(node, "a length of time")?;
    reader.check(node.at, duration::parse(text))
}

fn read_path(reader: &mut Reader<'_>, node: &Node, base: &Path) -> Option<PathBuf> {
    reader.text(node, "a path").map(|path| base.join(path))
}
