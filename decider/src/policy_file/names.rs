//! What rules and limits may refer to by name. A name whose definition has a mistake is still known: one
//! mistake is not reported again wherever the name is used.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use policy::asset::Asset;
use policy::condition::AccountMatcher;
use policy::group::{Counterparty, SourceGroup};

use super::assets::KnownAsset;
use super::files::Files;
use super::lists::List;
use super::summary::ListSummary;
use super::{assets, lists, operations, signer_groups, source_groups};
use crate::yaml::fields::unknown;
use crate::yaml::{Fields, Node, Reader};

/// Every name of a policy.
#[derive(Debug, Default)]
pub struct Names {
    assets: BTreeMap<String, Option<KnownAsset>>,
    operations: BTreeSet<String>,
    lists: BTreeMap<String, Option<List>>,
    source_groups: BTreeMap<String, Vec<AccountMatcher>>,
    signer_groups: BTreeMap<String, BTreeSet<String>>,
    counterparties: BTreeMap<String, Arc<Counterparty>>,
}

impl Names {
    /// Reads the sections that introduce names.
    pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, files: &mut Files) -> Self {
        Self {
            assets: assets::read(reader, fields),
            operations: operations::read(reader, fields),
            lists: lists::read(reader, fields, files),
            source_groups: source_groups::read(reader, fields),
            signer_groups: signer_groups::read(reader, fields),
            counterparties: BTreeMap::new(),
        }
    }

    /// The same, with the receivers, which are made of other names.
    pub fn with_counterparties(self, counterparties: &[Counterparty]) -> Self {
        let shared = counterparties.iter().map(|each| (each.name.clone(), Arc::new(each.clone())));
        Self { counterparties: shared.collect(), ..self }
    }

    /// The id of an asset of this policy.
    pub fn asset_id(&self, reader: &mut Reader<'_>, node: &Node) -> Option<String> {
        self.known(reader, node, "asset", &self.assets)
    }

    /// What the policy says of an asset.
    pub fn asset(&self, id: &str) -> Option<&Asset> {
        Some(&self.assets.get(id)?.as_ref()?.asset)
    }

    /// The assets for which something holds; one whose definition has a mistake may be among them.
    pub fn assets_that(&self, hold: impl Fn(&str, &KnownAsset) -> bool) -> BTreeSet<String> {
        let held =
            self.assets.iter().filter(|(id, known)| known.as_ref().is_none_or(|known| hold(id, known)));
        held.map(|(id, _)| id.clone()).collect()
    }

    /// A class that some asset has.
    pub fn class(&self, reader: &mut Reader<'_>, node: &Node) -> Option<String> {
        let classes = self.assets.values().flatten().filter_map(|known| known.class.clone());
        self.known(reader, node, "class", &classes.map(|class| (class, ())).collect())
    }

    /// The signers of a group.
    pub fn signer_group(&self, reader: &mut Reader<'_>, node: &Node) -> Option<&BTreeSet<String>> {
        let name = self.known(reader, node, "signer group", &self.signer_groups)?;
        self.signer_groups.get(&name)
    }

    /// A receiver of this policy.
    pub fn counterparty(&self, reader: &mut Reader<'_>, node: &Node) -> Option<Arc<Counterparty>> {
        let name = self.known(reader, node, "counterparty", &self.counterparties)?;
        self.counterparties.get(&name).cloned()
    }

    /// An operation that is known today or named by the policy.
    pub fn operation(&self, reader: &mut Reader<'_>, node: &Node) -> Option<String> {
        let name = reader.text(node, "an operation")?;
        reader.check(node.at, self.check_operation(name)).map(|()| name.to_owned())
    }

    /// # Errors
    /// The operation is neither known today nor named by the policy: what to do.
    pub fn check_operation(&self, name: &str) -> Result<(), String> {
        if self.operations.contains(name) {
            return Ok(());
        }
        let problem = unknown("operation", name, self.operations.iter().map(String::as_str));
        Err(format!("{problem} (a new one must be named under operations)"))
    }

    /// A list of this policy.
    pub fn list(&self, reader: &mut Reader<'_>, node: &Node) -> Option<&List> {
        let name = self.known(reader, node, "list", &self.lists)?;
        self.lists.get(&name)?.as_ref()
    }

    /// The accounts of a group of sources.
    pub fn source_group(&self, reader: &mut Reader<'_>, node: &Node) -> Option<&[AccountMatcher]> {
        let name = self.known(reader, node, "source group", &self.source_groups)?;
        self.source_groups.get(&name).map(Vec::as_slice)
    }

    /// The assets, for the policy.
    pub fn assets(&self) -> BTreeMap<String, Asset> {
        let read =
            self.assets.iter().filter_map(|(id, asset)| Some((id.clone(), asset.as_ref()?.asset.clone())));
        read.collect()
    }

    /// The groups of sources, for the policy.
    pub fn source_groups(&self) -> Vec<SourceGroup> {
        let groups = self.source_groups.iter();
        groups
            .map(|(name, accounts)| SourceGroup { name: name.clone(), accounts: accounts.clone() })
            .collect()
    }

    /// The lists in short.
    pub fn list_summaries(&self) -> Vec<ListSummary> {
        self.lists.values().flatten().map(ListSummary::of).collect()
    }

    fn known<T>(
        &self,
        reader: &mut Reader<'_>,
        node: &Node,
        what: &str,
        known: &BTreeMap<String, T>,
    ) -> Option<String> {
        let name = reader.text(node, &format!("the name of a {what}"))?;
        if !known.contains_key(name) {
            reader.mistake(node.at, unknown(what, name, known.keys().map(String::as_str)));
            return None;
        }
        Some(name.to_owned())
    }
}
