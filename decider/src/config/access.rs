//! What of a configuration counts without a restart: its grants, and what its certificate files hold.

use std::path::{Path, PathBuf};

use super::{FIELDS, grants, read_file, tenants};
use crate::grpc::{Access, Tls, TlsFiles};
use crate::yaml::{Fields, Mistakes, Node, Value};

/// Where certificates and grants are looked for again.
#[derive(Debug, Clone)]
pub struct AccessSources {
    /// The configuration.
    pub config: PathBuf,
    /// The files that it named at the start.
    pub tls: TlsFiles,
    /// What it said at the start beside its grants.
    pub rest: String,
}

/// What is found there.
#[derive(Debug)]
pub struct Found {
    /// Certificates and grants.
    pub access: Access,
    /// What the configuration says beside its grants.
    pub rest: String,
}

/// Why nothing of what is found can be used.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// In the configuration.
    #[error("{0}")]
    Grants(Mistakes),
    /// In the files of certificates, one each.
    #[error("{}", .0.join("\n"))]
    Tls(Vec<String>),
}

/// Looks again. Of the configuration only the grants are read.
///
/// # Errors
/// Something cannot be used.
pub fn find(sources: &AccessSources) -> Result<Found, FindError> {
    let (grants, rest) = find_grants(&sources.config).map_err(FindError::Grants)?;
    let tls = Tls::read(&sources.tls)
        .map_err(|errors| FindError::Tls(errors.into_iter().map(|(_, error)| error.to_string()).collect()))?;
    Ok(Found { access: Access { tls, grants }, rest })
}

fn find_grants(path: &Path) -> Result<(crate::grants::Grants, String), Mistakes> {
    read_file(path, |reader, node, _| {
        let fields = Fields::of(reader, node, "a configuration", &FIELDS)?;
        let own = tenants::read(reader, &fields)?;
        Some((grants::read(reader, &fields, &own)?, rest(node)))
    })
}

/// All but the grants, so that whoever changes it can be told that this does not count yet.
pub fn rest(node: &Node) -> String {
    let Value::Map(entries) = &node.value else { return String::new() };
    let is_grants = |key: &Node| matches!(&key.value, Value::Text(name) if name == "grants");
    let others = entries.iter().filter(|(key, _)| !is_grants(key)).cloned().collect();
    Value::Map(others).in_one_way()
}
