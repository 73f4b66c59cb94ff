//! `config_changes`: rules over changes of the workspace's configuration.

use std::collections::BTreeSet;
use std::sync::Arc;

use policy::config_rule::{ConfigEffect, ConfigRule, ListedWallet, WalletConditions};
use policy::list::AddressList;
use policy::vocabulary::{CONFIG_CHANGES, UNMANAGED_WALLET};

use super::callers::{self, CALLER_PROOF, TENANT};
use super::choices::read_set;
use super::conditions::read_assets;
use super::ids::Ids;
use super::matchers::read_wallet_subtype;
use super::names::Names;
use super::scope::check_chain;
use crate::yaml::names::unknown;
use crate::yaml::{Fields, Node, Reader};

const FIELDS: [&str; 10] =
    ["id", "effect", "type", TENANT, CALLER_PROOF, "address_list", "subtypes", "assets", "chains", "classes"];
/// Of wallets alone.
const WALLET_FIELDS: [&str; 5] = ["address_list", "subtypes", "assets", "chains", "classes"];

pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, names: &Names, ids: &mut Ids) -> Vec<ConfigRule> {
    let Some(node) = fields.optional(reader, "config_changes") else { return Vec::new() };
    let entries = reader.list(node, "config_changes").unwrap_or_default();
    entries.iter().filter_map(|entry| read_rule(reader, entry, names, ids)).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Approve,
    Reject,
}

fn read_rule(reader: &mut Reader<'_>, node: &Node, names: &Names, ids: &mut Ids) -> Option<ConfigRule> {
    let fields = Fields::of(reader, node, "a rule over configuration changes", &FIELDS)?;
    let id = ids.read(reader, &fields);
    let effect = fields.required(reader, "effect").and_then(|node| read_effect(reader, node));
    let kind = fields.required(reader, "type").and_then(|node| Some((node, read_kind(reader, node)?)));
    let caller = callers::read(reader, &fields);
    let assets = read_assets(reader, &fields, names).map(|(assets, _)| assets);
    let list = read_list(reader, &fields, names, assets.as_deref());
    let subtypes = read_set(reader, &fields, "subtypes", read_wallet_subtype);
    let wallet = WalletConditions { list, subtypes, assets };
    let (effect, (at, kind)) = (effect?, kind?);
    let does = if kind == UNMANAGED_WALLET {
        read_wallet(reader, &fields, effect, wallet)?
    } else {
        check_only_rejected(reader, &fields, at, effect, &kind);
        ConfigEffect::Reject(kind)
    };
    Some(ConfigRule { id, caller, does })
}

fn read_effect(reader: &mut Reader<'_>, node: &Node) -> Option<Effect> {
    match reader.text(node, "effect")? {
        "approve" => Some(Effect::Approve),
        "reject" => Some(Effect::Reject),
        _ => {
            reader.mistake(node.at, "effect must be approve or reject");
            None
        }
    }
}

/// Only what is known today: a typing error would never match.
fn read_kind(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let name = reader.text(node, "type")?;
    if !CONFIG_CHANGES.contains(&name) {
        reader.mistake(node.at, unknown("type of configuration change", name, CONFIG_CHANGES));
        return None;
    }
    Some(name.to_owned())
}

fn read_list(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    names: &Names,
    assets: Option<&BTreeSet<String>>,
) -> Option<Arc<AddressList>> {
    let node = fields.optional(reader, "address_list")?;
    let list = Arc::clone(&names.list(reader, node)?.list);
    check_chain(reader, node, &list, names, assets);
    Some(list)
}

fn read_wallet(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    effect: Effect,
    wallet: WalletConditions,
) -> Option<ConfigEffect> {
    match (effect, wallet) {
        (Effect::Reject, wallet) => Some(ConfigEffect::RejectWallet(wallet)),
        (Effect::Approve, WalletConditions { list: Some(list), subtypes, assets }) => {
            Some(ConfigEffect::ApproveWallet(ListedWallet { list, subtypes, assets }))
        }
        (Effect::Approve, WalletConditions { list: None, .. }) => {
            if !fields.has("address_list") {
                reader.mistake(
                    fields.at,
                    "approve needs an address_list: without one every address is approved",
                );
            }
            None
        }
    }
}

/// What a rule cannot look into it can only reject.
fn check_only_rejected(reader: &mut Reader<'_>, fields: &Fields<'_>, at: &Node, effect: Effect, kind: &str) {
    if effect == Effect::Approve {
        let message = format!(
            "{kind} cannot be approved: nothing it says can be checked against the policy; reject it, or leave it to people"
        );
        reader.mistake(at.at, message);
    }
    for name in WALLET_FIELDS {
        if let Some(node) = fields.optional(reader, name) {
            reader.mistake(node.at, format!("{name} belongs to {UNMANAGED_WALLET} alone"));
        }
    }
}
