//! The policy as a document that a reviewer reads and git keeps: YAML into [`policy::document::Policy`].
//!
//! Every mistake is reported at once, with file, line and column. Nothing is guessed: an unknown name, a number
//! where text is wanted, a wrong checksum and a rule that could never match are mistakes, because each of them
//! would otherwise decide something that nobody meant.

pub mod warnings;

mod config_changes;

mod limits;

mod rules;

mod conditions;

mod circumstances;

mod calls;

mod times;

mod scope;

mod amounts;

mod matchers;

mod choices;

mod counterparties;

mod names;

mod signer_groups;

mod source_groups;

mod members;

mod accounts;

mod lists;

mod assets;

mod operations;

mod ids;

pub mod summary;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use policy::document::Policy;
use sha2::{Digest as _, Sha256};

use crate::yaml::{self, Fields, Mistake, Mistakes, Node, Reader, Value};
use names::Names;
use summary::Summary;

/// The format this program reads.
const VERSION: u64 = 1;

const FIELDS: [&str; 12] = [
    "version",
    "raw_transactions",
    "assets",
    "operations",
    "lists",
    "source_groups",
    "signer_groups",
    "counterparties",
    "deny",
    "allow",
    "limits",
    "config_changes",
];

/// A policy with the document it was read from.
#[derive(Debug, Clone)]
pub struct PolicyFile {
    /// What decisions are made by.
    pub policy: Arc<Policy>,
    /// The document, as it was hashed.
    pub document: String,
    /// What it holds, in short.
    pub summary: Summary,
}

/// Reads a policy: a file, or a directory that holds exactly one `*.yaml` or `*.yml`.
///
/// # Errors
/// Every mistake in it.
pub fn load(path: &Path) -> Result<PolicyFile, Mistakes> {
    let path = file_of(path)?;
    read(&path.display().to_string(), &yaml::text_of(&path)?)
}

/// Reads a policy from its text; `file` names it in mistakes.
///
/// # Errors
/// Every mistake in it.
pub fn read(file: &str, text: &str) -> Result<PolicyFile, Mistakes> {
    let node = yaml::parse(file, text)?;
    let mut reader = Reader::new(file, text);
    let read = read_policy(&mut reader, &node);
    let (mut policy, lists) = reader.finish(read)?;
    policy.hash = hash(text);
    let summary = Summary::of(&policy, lists);
    Ok(PolicyFile { policy: Arc::new(policy), document: text.to_owned(), summary })
}

/// In the order in which names are introduced, so that each section finds what it refers to.
fn read_policy(reader: &mut Reader<'_>, node: &Node) -> Option<(Policy, Vec<summary::ListSummary>)> {
    if node.value == Value::Null {
        reader.mistake(node.at, "the policy is empty: it needs at least version, assets and allow");
        return None;
    }
    let fields = Fields::of(reader, node, "a policy", &FIELDS)?;
    check_version(reader, &fields);
    let names = Names::read(reader, &fields);
    let counterparties = counterparties::read(reader, &fields, &names);
    let names = names.with_counterparties(&counterparties);
    let mut ids = ids::Ids::default();
    let policy = Policy {
        hash: String::new(),
        raw_transactions_required: raw_transactions_required(reader, &fields),
        deny: rules::read_deny(reader, &fields, &names, &mut ids),
        allow: rules::read_allow(reader, &fields, &names, &mut ids),
        limits: limits::read(reader, &fields, &names, &counterparties, &mut ids),
        config_changes: config_changes::read(reader, &fields, &names, &mut ids),
        source_groups: names.source_groups(),
        assets: names.assets(),
        counterparties,
    };
    Some((policy, names.list_summaries()))
}

fn check_version(reader: &mut Reader<'_>, fields: &Fields<'_>) {
    let Some(node) = fields.required(reader, "version") else { return };
    if reader.whole(node, "version").is_some_and(|version| version != VERSION) {
        reader.mistake(node.at, format!("unknown version: this program reads version {VERSION}"));
    }
}

fn raw_transactions_required(reader: &mut Reader<'_>, fields: &Fields<'_>) -> bool {
    let Some(node) = fields.optional(reader, "raw_transactions") else { return false };
    match reader.text(node, "raw_transactions") {
        Some("required") => true,
        Some("optional") | None => false,
        Some(_) => {
            reader.mistake(node.at, "raw_transactions must be required or optional");
            false
        }
    }
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn file_of(path: &Path) -> Result<PathBuf, Mistakes> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let shown = path.display().to_string();
    let entries = fs::read_dir(path)
        .map_err(|error| Mistake::of_file(&shown, format!("the directory cannot be read: {error}")))?;
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| is_yaml(path)).collect();
    files.sort();
    match files.as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            Err(Mistake::of_file(&shown, "the directory holds no *.yaml file: put the policy there").into())
        }
        [first, second, ..] => {
            let (first, second) = (first.display(), second.display());
            let message =
                format!("the directory holds several policies ({first}, {second}): keep one, or name a file");
            Err(Mistake::of_file(&shown, message).into())
        }
    }
}

fn is_yaml(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}
