//! `assets`: what the policy knows, by the id the custody system uses.

use std::collections::{BTreeMap, BTreeSet};

use policy::address::Chain;
use policy::amount::Decimals;
use policy::asset::{Asset, TagRule};
use policy::choice::Choice;

use super::ids::{check_asset_id, check_name};
use crate::yaml::names::unknown;
use crate::yaml::{Fields, Node, Reader};

const FIELDS: [&str; 5] = ["chain", "decimals", "tag", "fee_asset", "class"];

/// An asset with the name that rules may call it by.
#[derive(Debug)]
pub struct KnownAsset {
    pub asset: Asset,
    pub class: Option<String>,
}

/// The assets that a rule is about: those for which each of these holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AskedAssets {
    pub ids: Option<Choice<BTreeSet<String>>>,
    pub chains: Option<Choice<BTreeSet<Chain>>>,
    pub classes: Option<Choice<BTreeSet<String>>>,
}

impl AskedAssets {
    /// Whether it is one of them. Of one whose definition has a mistake only the id is known: it may be on any chain and
    /// of any class.
    pub fn include(&self, id: &String, known: Option<&KnownAsset>) -> bool {
        let is_on = |choice: &Choice<_>| known.is_none_or(|known| choice.includes(&known.asset.chain));
        let is_in = |choice| known.is_none_or(|known| is_of_class(choice, known.class.as_ref()));
        self.ids.as_ref().is_none_or(|choice| choice.includes(id))
            && self.chains.as_ref().is_none_or(is_on)
            && self.classes.as_ref().is_none_or(is_in)
    }

    /// Whether they are asked for by what they are.
    pub fn by_kind(&self) -> bool {
        self.chains.is_some() || self.classes.is_some()
    }

    /// Whether they are asked for by their ids, and not all but some.
    pub fn by_id(&self) -> bool {
        self.ids.as_ref().is_some_and(|choice| choice.one_of().is_some())
    }
}

/// An asset of no class is of none of those named.
fn is_of_class(choice: &Choice<BTreeSet<String>>, class: Option<&String>) -> bool {
    class.map_or_else(|| choice.one_of().is_none(), |class| choice.includes(class))
}

pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, Option<KnownAsset>> {
    let Some(node) = fields.required(reader, "assets") else { return BTreeMap::new() };
    let entries = reader.entries(node, "assets").unwrap_or_default();
    if entries.is_empty() {
        reader.mistake(node.at, "assets is empty: without an asset nothing can be allowed");
    }
    let ids: Vec<&str> = entries.iter().map(|(id, ..)| *id).collect();
    let mut assets = BTreeMap::new();
    for (id, at, node) in entries {
        check_asset_id(reader, id, at);
        assets.insert(id.to_owned(), read_asset(reader, node, &ids));
    }
    assets
}

fn read_asset(reader: &mut Reader<'_>, node: &Node, ids: &[&str]) -> Option<KnownAsset> {
    let fields = Fields::of(reader, node, "an asset", &FIELDS)?;
    let chain = fields.required(reader, "chain").and_then(|node| read_chain(reader, node));
    let decimals = fields.required(reader, "decimals").and_then(|node| read_decimals(reader, node));
    let tag = fields.optional(reader, "tag").map_or(TagRule::default(), |node| read_tag(reader, node, chain));
    let fee_asset = fields.optional(reader, "fee_asset").and_then(|node| read_fee_asset(reader, node, ids));
    let class = fields.optional(reader, "class").and_then(|node| read_class(reader, node));
    Some(KnownAsset { asset: Asset { chain: chain?, decimals: decimals?, tag, fee_asset }, class })
}

fn read_fee_asset(reader: &mut Reader<'_>, node: &Node, ids: &[&str]) -> Option<String> {
    let id = reader.text(node, "fee_asset")?;
    if !ids.contains(&id) {
        reader.mistake(node.at, unknown("asset", id, ids.iter().copied()));
        return None;
    }
    Some(id.to_owned())
}

fn read_class(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let name = reader.text(node, "class")?;
    check_name(reader, name, node.at);
    Some(name.to_owned())
}

/// The chain whose addresses are meant.
pub fn read_chain(reader: &mut Reader<'_>, node: &Node) -> Option<Chain> {
    let text = reader.text(node, "chain")?;
    let chain = text.parse().ok();
    if chain.is_none() {
        reader.mistake(node.at, unknown("chain", text, Chain::ALL.iter().map(|chain| chain.name())));
    }
    chain
}

fn read_decimals(reader: &mut Reader<'_>, node: &Node) -> Option<Decimals> {
    let number = reader.whole(node, "decimals")?;
    let decimals = u8::try_from(number).ok().and_then(Decimals::new);
    if decimals.is_none() {
        reader.mistake(node.at, format!("decimals must be at most {}", Decimals::MAX));
    }
    decimals
}

/// What no address has is in no list and in no request: nobody on a list could be paid.
fn read_tag(reader: &mut Reader<'_>, node: &Node, chain: Option<Chain>) -> TagRule {
    match reader.text(node, "tag") {
        Some("required") => {
            if let Some(chain) = chain.filter(|chain| !chain.has_tags()) {
                let message =
                    format!("{chain} has no tags, so that nobody on a list could be paid: leave tag out");
                reader.mistake(node.at, message);
            }
            TagRule::Required
        }
        Some("optional") | None => TagRule::Optional,
        Some(_) => {
            reader.mistake(node.at, "tag must be required or optional");
            TagRule::Required
        }
    }
}
