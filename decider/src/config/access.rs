//! What of a configuration counts without a restart: its grants, and what its certificate files hold.

use std::collections::{BTreeMap, BTreeSet};
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
    pub rest: Rest,
}

/// What is found there.
#[derive(Debug)]
pub struct FoundAccess {
    /// Certificates and grants.
    pub access: Access,
    /// What the configuration says beside its grants.
    pub rest: Rest,
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
pub fn find(sources: &AccessSources) -> Result<FoundAccess, FindError> {
    let (grants, rest) = find_grants(&sources.config).map_err(FindError::Grants)?;
    let tls = Tls::read(&sources.tls)
        .map_err(|errors| FindError::Tls(errors.into_iter().map(|(_, error)| error.to_string()).collect()))?;
    Ok(FoundAccess { access: Access { tls, grants }, rest })
}

fn find_grants(path: &Path) -> Result<(crate::grants::Grants, Rest), Mistakes> {
    read_file(path, |reader, node, _| {
        let fields = Fields::of(reader, node, "a configuration", &FIELDS)?;
        let own = tenants::read(reader, &fields)?;
        Some((grants::read(reader, &fields, &own)?, Rest::of(node)))
    })
}

/// All but the grants, so that the log can say which changed fields need a restart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rest(BTreeMap<String, String>);

impl Rest {
    /// Of a configuration: each field, and each field of a field.
    pub fn of(node: &Node) -> Self {
        let mut fields = BTreeMap::new();
        for (name, value) in named(node).filter(|(name, _)| *name != "grants") {
            let inner: BTreeMap<String, String> = named(value)
                .map(|(inner, value)| (format!("{name}.{inner}"), value.value.in_one_way()))
                .collect();
            if inner.is_empty() {
                fields.insert(name.to_owned(), value.value.in_one_way());
            }
            fields.extend(inner);
        }
        Self(fields)
    }

    /// The fields that the other says otherwise, or one of both does not say, such as `listen.address`.
    pub fn names_of_changes<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let names: BTreeSet<&String> = self.0.keys().chain(other.0.keys()).collect();
        names.into_iter().filter(|name| self.0.get(*name) != other.0.get(*name)).map(String::as_str).collect()
    }
}

/// The fields of a mapping; nothing else has any.
fn named(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let entries = match &node.value {
        Value::Map(entries) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().filter_map(|(key, value)| match &key.value {
        Value::Text(name) => Some((name.as_str(), value)),
        _ => None,
    })
}
