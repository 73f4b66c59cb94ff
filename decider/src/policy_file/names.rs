//! What rules and limits may refer to by name. A name whose definition has a mistake is still known: one
//! mistake is not reported again wherever the name is used.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use policy::accounts::Accounts;
use policy::asset::Asset;
use policy::condition::AccountMatcher;
use policy::group::{Counterparty, SourceGroup};
use policy::limit::{KeyPart, Limit};

use super::assets::{AskedAssets, KnownAsset};
use super::files::Files;
use super::lists::List;
use super::lost::Lost;
use super::room::Room;
use super::summary::ListSummary;
use super::{assets, classes, lists, operations, patterns, signer_groups, source_groups};
use crate::yaml::names::{nearest, unknown};
use crate::yaml::{Fields, Node, Place, Reader, Value};

/// Every name of a policy.
#[derive(Debug)]
pub struct Names {
    assets: BTreeMap<String, Option<KnownAsset>>,
    every_asset: Arc<BTreeSet<String>>,
    has_unread_assets: bool,
    /// Each with the place where an asset has it first.
    classes: BTreeMap<String, Place>,
    /// The assets that rules ask for, each set once however many ask for it.
    asked_assets: RefCell<BTreeMap<AskedAssets, Arc<BTreeSet<String>>>>,
    operations: BTreeSet<String>,
    lists: BTreeMap<String, Option<List>>,
    source_groups: BTreeMap<String, Accounts>,
    signer_groups: BTreeMap<String, BTreeSet<String>>,
    counterparties: BTreeMap<String, Arc<Counterparty>>,
    lost: Lost,
    /// Where names are introduced that something should refer to.
    places: BTreeMap<Name, Place>,
    /// What was referred to. Asking for a name is referring to it.
    used: RefCell<BTreeSet<Name>>,
    /// For the patterns of all rules, in bytes.
    pub patterns: Room,
    /// For what groups and sets of assets come to, wherever rules and limits name them.
    members: Room,
}

/// The most that groups come to where rules and limits name them, and the sets of assets that differ. A megabyte of text
/// could else stand for a hundred million.
const MAX_MEMBERS: usize = 1_000_000;

/// What it names, and how it is called.
type Name = (&'static str, String);

/// Sections whose names do nothing where nothing refers to them, with what their entries are called.
const REFERRED_TO: [(&str, &str); 4] = [
    ("lists", LIST),
    ("source_groups", SOURCE_GROUP),
    ("signer_groups", SIGNER_GROUP),
    ("counterparties", COUNTERPARTY),
];
/// Sections that introduce what is not asked after, with what that is called.
const OTHERS: [(&str, &str); 2] = [(ASSETS, ASSET), (ASSETS, CLASS)];
const ASSETS: &str = "assets";
const ASSET: &str = "asset";
const LIST: &str = "list";
const SOURCE_GROUP: &str = "source group";
const SIGNER_GROUP: &str = "signer group";
const COUNTERPARTY: &str = "counterparty";
const CLASS: &str = "class";
/// The field by which groups of either kind are named.
const GROUP: &str = "group";

impl Names {
    /// Reads the sections that introduce names.
    pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, files: &mut Files) -> Self {
        let assets = assets::read(reader, fields);
        let classes = classes::read(reader, fields);
        Self {
            every_asset: Arc::new(assets.keys().cloned().collect()),
            has_unread_assets: assets.values().any(Option::is_none),
            asked_assets: RefCell::default(),
            assets,
            operations: operations::read(reader, fields),
            lost: Lost::of(fields),
            lists: lists::read(reader, fields, files),
            source_groups: source_groups::read(reader, fields),
            signer_groups: signer_groups::read(reader, fields),
            counterparties: BTreeMap::new(),
            places: places(reader, fields, &classes),
            classes,
            used: RefCell::default(),
            patterns: Room::of(patterns::MAX_BYTES),
            members: Room::of(MAX_MEMBERS),
        }
    }

    /// The same, with the receivers, which are made of other names.
    pub fn with_counterparties(self, counterparties: &[Counterparty]) -> Self {
        let shared = counterparties.iter().map(|each| (each.name.clone(), Arc::new(each.clone())));
        Self { counterparties: shared.collect(), ..self }
    }

    /// The id of an asset of this policy.
    pub fn asset_id(&self, reader: &mut Reader<'_>, node: &Node) -> Option<String> {
        self.known(reader, node, ASSET, &self.assets)
    }

    /// What the policy says of an asset.
    pub fn asset(&self, id: &str) -> Option<&Asset> {
        Some(&self.assets.get(id)?.as_ref()?.asset)
    }

    /// All of them, by id.
    pub fn every_asset(&self) -> &Arc<BTreeSet<String>> {
        &self.every_asset
    }

    /// The sections of which nothing could be read.
    pub fn lost(&self) -> &Lost {
        &self.lost
    }

    /// Whether nothing is known of the assets, what is wrong with them being told.
    pub fn has_lost_assets(&self) -> bool {
        self.lost.has(ASSETS)
    }

    /// Whether the definition of one of these has a mistake.
    pub fn has_unread(&self, ids: &BTreeSet<String>) -> bool {
        self.has_unread_assets && ids.iter().any(|id| self.asset(id).is_none())
    }

    /// The assets for which something holds. Of one whose definition has a mistake only the id is known.
    pub fn assets_that(&self, hold: impl Fn(&String, Option<&KnownAsset>) -> bool) -> BTreeSet<String> {
        let held = self.assets.iter().filter(|(id, known)| hold(id, known.as_ref()));
        held.map(|(id, _)| id.clone()).collect()
    }

    /// The assets that are asked for, with a mistake at the place where there is no room for them. Rules that ask for
    /// the same share one set.
    pub fn assets_asked_for(
        &self,
        reader: &mut Reader<'_>,
        at: Place,
        asked: AskedAssets,
    ) -> Option<Arc<BTreeSet<String>>> {
        if let Some(met) = self.asked_assets.borrow().get(&asked) {
            return Some(Arc::clone(met));
        }
        self.room_for(reader, at, 0)?;
        let met = Arc::new(self.assets_that(|id, known| asked.include(id, known)));
        self.room_for(reader, at, met.len())?;
        self.asked_assets.borrow_mut().insert(asked, Arc::clone(&met));
        Some(met)
    }

    /// A class that some asset has.
    pub fn class(&self, reader: &mut Reader<'_>, node: &Node) -> Option<String> {
        self.known(reader, node, CLASS, &self.classes)
    }

    /// The signers of a group.
    pub fn signer_group(&self, reader: &mut Reader<'_>, node: &Node) -> Option<&BTreeSet<String>> {
        let name = self.known(reader, node, SIGNER_GROUP, &self.signer_groups)?;
        let signers = self.signer_groups.get(&name)?;
        self.room_for(reader, node.at, signers.len()).map(|()| signers)
    }

    /// Notes a signer, source or destination that has the name of a group and is none: of that id there may be nobody.
    pub fn doubt_signer(&self, reader: &mut Reader<'_>, at: Place, signer: &str) {
        doubt(reader, at, "signer", signer, GROUP, self.signer_groups.contains_key(signer));
    }

    pub fn doubt_source(&self, reader: &mut Reader<'_>, at: Place, account: &AccountMatcher) {
        let id = account.id.as_deref().unwrap_or_default();
        doubt(reader, at, "account", id, GROUP, self.source_groups.contains_key(id));
    }

    pub fn doubt_destination(&self, reader: &mut Reader<'_>, at: Place, account: &AccountMatcher) {
        let id = account.id.as_deref().unwrap_or_default();
        doubt(reader, at, "account", id, COUNTERPARTY, self.counterparties.contains_key(id));
    }

    /// A receiver of this policy.
    pub fn counterparty(&self, reader: &mut Reader<'_>, node: &Node) -> Option<Arc<Counterparty>> {
        let name = self.known(reader, node, COUNTERPARTY, &self.counterparties)?;
        self.counterparties.get(&name).cloned()
    }

    /// An operation that is known today or named by the policy.
    pub fn operation(&self, reader: &mut Reader<'_>, node: &Node) -> Option<String> {
        let name = reader.text(node, "an operation")?;
        reader.check(node.at, self.check_operation(name)).map(|()| name.to_owned())
    }

    /// Every operation that is known today or named by the policy.
    pub fn operations(&self) -> impl Iterator<Item = &String> {
        self.operations.iter()
    }

    /// # Errors
    /// The operation is neither known today nor named by the policy: what to do.
    pub fn check_operation(&self, name: &str) -> Result<(), String> {
        if self.operations.contains(name) || self.lost.has("operations") {
            return Ok(());
        }
        let problem = unknown("operation", name, self.operations.iter().map(String::as_str));
        Err(format!("{problem} (a new one must be named under operations)"))
    }

    /// A list of this policy.
    pub fn list(&self, reader: &mut Reader<'_>, node: &Node) -> Option<&List> {
        let name = self.known(reader, node, LIST, &self.lists)?;
        self.lists.get(&name)?.as_ref()
    }

    /// The accounts of a group of sources.
    pub fn source_group(&self, reader: &mut Reader<'_>, node: &Node) -> Option<&[AccountMatcher]> {
        let name = self.known(reader, node, SOURCE_GROUP, &self.source_groups)?;
        let accounts = self.source_groups.get(&name)?;
        self.room_for(reader, node.at, accounts.len()).map(|()| &**accounts)
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

    /// Where the lists stand.
    pub fn places_of_lists(&self) -> BTreeMap<String, Place> {
        let lists = self.places.iter().filter(|((what, _), _)| *what == LIST);
        lists.map(|((_, name), at)| (name.clone(), *at)).collect()
    }

    /// What nothing refers to, once everything was read. A limit that keeps sums apart by groups refers to all of
    /// them.
    pub fn unused(&self, limits: &[Limit]) -> Vec<(Place, String)> {
        let used = self.used.borrow();
        let keyed = |part| limits.iter().any(|limit| limit.key.contains(&part));
        let (sources, receivers) = (keyed(KeyPart::SourceGroup), keyed(KeyPart::Counterparty));
        let is_used = |name: &Name| {
            used.contains(name) || sources && name.0 == SOURCE_GROUP || receivers && name.0 == COUNTERPARTY
        };
        let unused = self.places.iter().filter(|(name, _)| !is_used(name));
        let told = |name: &Name| format!("{} {} is not used{}", name.0, name.1, meant(name, &used));
        unused.map(|(name, at)| (*at, told(name))).collect()
    }

    /// The lists in short.
    pub fn list_summaries(&self) -> Vec<ListSummary> {
        self.lists.values().flatten().map(ListSummary::of).collect()
    }

    /// Takes room for so many members, named at a place; a mistake where there is none.
    pub fn room_for(&self, reader: &mut Reader<'_>, at: Place, members: usize) -> Option<()> {
        self.members.take(reader, at, members, || {
            format!(
                "rules and limits name more than {MAX_MEMBERS} accounts, signers and assets by their groups, counted \
                 wherever they are named: ask for them in fewer rules"
            )
        })
    }

    fn known<T>(
        &self,
        reader: &mut Reader<'_>,
        node: &Node,
        what: &'static str,
        known: &BTreeMap<String, T>,
    ) -> Option<String> {
        let name = reader.text(node, &format!("the name of a {what}"))?;
        if !known.contains_key(name) {
            let mut sections = REFERRED_TO.into_iter().chain(OTHERS);
            if !sections.any(|(section, introduces)| introduces == what && self.lost.has(section)) {
                reader.mistake(node.at, unknown(what, name, known.keys().map(String::as_str)));
            }
            return None;
        }
        self.used.borrow_mut().insert((what, name.to_owned()));
        Some(name.to_owned())
    }
}

fn doubt(reader: &mut Reader<'_>, at: Place, what: &str, id: &str, field: &str, is_group: bool) {
    if is_group {
        reader.doubt(at, format!("{what} {id} has the name of a {field}: did you mean {{{field}: {id}}}?"));
    }
}

/// A class is introduced by a word beside an asset: one that nobody asks for may be another, misspelt, and the asset goes
/// past whatever asks for that one.
fn meant(name: &Name, used: &BTreeSet<Name>) -> String {
    let others = used.iter().filter(|(what, _)| *what == CLASS).map(|(_, name)| name.as_str());
    let near = if name.0 == CLASS { nearest(&name.1, others) } else { None };
    near.map(|near| format!(": did you mean {near}?")).unwrap_or_default()
}

fn places(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    classes: &BTreeMap<String, Place>,
) -> BTreeMap<Name, Place> {
    let classes = classes.iter().map(|(name, at)| ((CLASS, name.clone()), *at));
    let mut places: BTreeMap<Name, Place> = classes.collect();
    for (section, what) in REFERRED_TO {
        let Some(Value::Map(entries)) = fields.optional(reader, section).map(|node| &node.value) else {
            continue;
        };
        for (key, _) in entries {
            if let Value::Text(name) = &key.value {
                places.insert((what, name.clone()), key.at);
            }
        }
    }
    places
}
