//! Where conditions stand, and what some of them are held against: a condition that could never match is a mistake.

use std::collections::BTreeSet;

use policy::address::Chain;
use policy::choice::Choice;
use policy::list::AddressList;
use policy::request::Stage;
use policy::vocabulary::{TRANSFER, costs_a_fee};

use super::names::Names;
use crate::yaml::{Node, Reader};

/// Where conditions stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Deny,
    Allow,
    Limit,
}

impl Section {
    /// Its name in a policy file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
            Self::Limit => "limits",
        }
    }
}

/// What other conditions of the same rule are held against.
pub struct Scope<'a> {
    pub section: Section,
    pub names: &'a Names,
    pub stages: Option<&'a BTreeSet<Stage>>,
    pub operations: Option<&'a Choice<BTreeSet<String>>>,
    /// Whether operations are named and could not be read, which was told.
    pub has_lost_operations: bool,
    pub assets: Option<&'a BTreeSet<String>>,
}

impl<'a> Scope<'a> {
    /// The assets of the rule: all of the policy's where it names none.
    pub fn every_asset(&self) -> &'a BTreeSet<String> {
        self.assets.unwrap_or_else(|| self.names.every_asset())
    }
}

/// Why a condition over an amount never matches an operation.
pub const UNSTATED_AMOUNT: &str = "its payload does not state what moves";

/// A list whose chain is none of the assets' would silently never match.
pub fn check_chain(
    reader: &mut Reader<'_>,
    node: &Node,
    list: &AddressList,
    names: &Names,
    assets: Option<&BTreeSet<String>>,
) {
    let Some(assets) = assets else { return };
    let chains: Option<BTreeSet<Chain>> = assets.iter().map(|id| Some(names.asset(id)?.chain)).collect();
    if chains.is_some_and(|chains| !chains.is_empty() && !chains.contains(&list.chain)) {
        let (name, chain) = (&list.name, list.chain);
        reader.mistake(
            node.at,
            format!("list {name} holds {chain} addresses, and none of the assets is on {chain}"),
        );
    }
}

/// A condition over what an operation does not carry would never match what it was written for; true where that was
/// said. An allow rule that names no operation covers TRANSFER alone.
pub fn check_applies(
    reader: &mut Reader<'_>,
    node: &Node,
    what: &str,
    scope: &Scope<'_>,
    applies: fn(&str) -> bool,
    why: &str,
) -> bool {
    let named = scope.operations.and_then(Choice::one_of);
    let is_transfer = named.is_none() && !scope.has_lost_operations && scope.section == Section::Allow;
    let transfer = (is_transfer && !applies(TRANSFER)).then_some(TRANSFER);
    let first = named.and_then(|names| names.iter().find(|name| !applies(name)));
    let Some(operation) = first.map(String::as_str).or(transfer) else { return false };
    let unnamed = if transfer.is_some() { ", which is all that is allowed without operations" } else { "" };
    reader.mistake(node.at, format!("{what} never matches {operation}{unnamed}: {why}"));
    true
}

/// Each asset of the rule with the one its fees are paid in.
pub fn fee_assets<'a>(scope: &Scope<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let names = scope.names;
    scope
        .every_asset()
        .iter()
        .filter_map(|id| Some((id.as_str(), names.asset(id)?.fee_asset.as_deref().unwrap_or(id))))
}

/// Before signing nobody knows the fee, and what is never sent has none.
pub fn check_fee(reader: &mut Reader<'_>, node: &Node, what: &str, scope: &Scope<'_>) {
    check_signing(reader, node, what, scope);
    check_applies(reader, node, what, scope, costs_a_fee, "it is signed and never sent, and costs no fee");
}

/// Before signing nobody knows the fee.
pub fn check_signing(reader: &mut Reader<'_>, node: &Node, what: &str, scope: &Scope<'_>) {
    if scope.stages.is_some_and(|stages| !stages.is_empty() && !stages.contains(&Stage::Signing)) {
        reader.mistake(node.at, format!("{what} never matches at APPROVAL: the fee is known at SIGNING"));
    }
}
