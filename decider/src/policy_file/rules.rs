//! `deny` and `allow`: rules, and the conditions that they share with limits.

use std::collections::BTreeSet;

use policy::address::Chain;
use policy::condition::{Conditions, DestinationMatcher};
use policy::request::Stage;
use policy::rule::{Effect, Rule};
use policy::vocabulary::states_its_amount;

use super::amounts::{read_amount_range, read_usd_range};
use super::ids::Ids;
use super::matchers::{read_destination, read_source};
use super::names::Names;
use crate::yaml::{Fields, Node, Reader};

const RULE_FIELDS: [&str; 3] = ["id", "when", LEAVE_TO_CONSOLE];
/// Whether people decide at the console over what a deny rule or a limit holds.
pub const LEAVE_TO_CONSOLE: &str = "leave_to_console";
const RULE_CONDITIONS: [&str; 8] =
    ["signers", "stages", "operations", "source", "destination", "assets", "amount", "amount_usd"];
/// What a limit can ask of a charge: it is counted for the transaction, not for a stage of it.
pub const LIMIT_CONDITIONS: [&str; 5] = ["signers", "operations", "source", "destination", "assets"];

pub fn read_deny(reader: &mut Reader<'_>, fields: &Fields<'_>, names: &Names, ids: &mut Ids) -> Vec<Rule> {
    let node = fields.optional(reader, "deny");
    node.map_or_else(Vec::new, |node| read(reader, node, Effect::Deny, names, ids))
}

/// `allow` must be there, so that a policy that allows nothing says so.
pub fn read_allow(reader: &mut Reader<'_>, fields: &Fields<'_>, names: &Names, ids: &mut Ids) -> Vec<Rule> {
    let node = fields.required(reader, "allow");
    node.map_or_else(Vec::new, |node| read(reader, node, Effect::Allow, names, ids))
}

fn read(reader: &mut Reader<'_>, node: &Node, effect: Effect, names: &Names, ids: &mut Ids) -> Vec<Rule> {
    let section = match effect {
        Effect::Deny => "deny",
        Effect::Allow => "allow",
    };
    let entries = reader.list(node, section).unwrap_or_default();
    entries.iter().filter_map(|entry| read_rule(reader, entry, effect, names, ids)).collect()
}

/// `when` must be there: a rule over everything has to say `when: {}`.
fn read_rule(
    reader: &mut Reader<'_>,
    node: &Node,
    effect: Effect,
    names: &Names,
    ids: &mut Ids,
) -> Option<Rule> {
    let fields = Fields::of(reader, node, "a rule", &RULE_FIELDS)?;
    let id = ids.read(reader, &fields);
    let leave_to_console = read_leave_to_console(reader, &fields);
    if effect == Effect::Allow
        && let Some(node) = fields.optional(reader, LEAVE_TO_CONSOLE)
    {
        let message = "leave_to_console belongs to deny rules and limits: an allow rule holds nothing";
        reader.mistake(node.at, message);
    }
    let when = fields.required(reader, "when")?;
    Some(Rule { id, when: read_conditions(reader, when, names, &RULE_CONDITIONS)?, leave_to_console })
}

pub fn read_leave_to_console(reader: &mut Reader<'_>, fields: &Fields<'_>) -> bool {
    let node = fields.optional(reader, LEAVE_TO_CONSOLE);
    node.and_then(|node| reader.flag(node, LEAVE_TO_CONSOLE)).unwrap_or(false)
}

/// The conditions under `when`, of those that are `known` here.
pub fn read_conditions(
    reader: &mut Reader<'_>,
    node: &Node,
    names: &Names,
    known: &[&str],
) -> Option<Conditions> {
    let fields = Fields::of(reader, node, "when", known)?;
    let assets = read_set(reader, &fields, "assets", |reader, node| names.asset_id(reader, node));
    let operations = read_set(reader, &fields, "operations", |reader, node| names.operation(reader, node));
    let destinations = read_destinations(reader, &fields, names, assets.as_ref());
    check_amounts_are_stated(reader, &fields, operations.as_ref());
    let listed: Option<Vec<String>> = assets.as_ref().map(|assets| assets.iter().cloned().collect());
    let amount = fields.optional(reader, "amount");
    let usd = fields.optional(reader, "amount_usd");
    Some(Conditions {
        signers: read_set(reader, &fields, "signers", |reader, node| {
            Some(reader.text(node, "a signer")?.to_owned())
        }),
        stages: read_set(reader, &fields, "stages", read_stage),
        operations,
        sources: read_sources(reader, &fields, names),
        destinations,
        amount: amount
            .map(|node| read_amount_range(reader, node, names, listed.as_deref()))
            .unwrap_or_default(),
        usd: usd.map(|node| read_usd_range(reader, node)).unwrap_or_default(),
        assets,
    })
}

/// A set of alternatives, each named once.
fn read_set<T: Ord>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    read: impl Fn(&mut Reader<'_>, &Node) -> Option<T>,
) -> Option<BTreeSet<T>> {
    let node = fields.optional(reader, name)?;
    let mut set = BTreeSet::new();
    for entry in reader.alternatives(node, name)? {
        if let Some(value) = read(reader, entry)
            && !set.insert(value)
        {
            reader.mistake(entry.at, format!("this is in {name} already"));
        }
    }
    Some(set)
}

fn read_stage(reader: &mut Reader<'_>, node: &Node) -> Option<Stage> {
    match reader.text(node, "a stage")? {
        "APPROVAL" => Some(Stage::Approval),
        "SIGNING" => Some(Stage::Signing),
        _ => {
            reader.mistake(node.at, "a stage is APPROVAL or SIGNING");
            None
        }
    }
}

fn read_sources(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    names: &Names,
) -> Option<Vec<policy::condition::AccountMatcher>> {
    let node = fields.optional(reader, "source")?;
    let entries = reader.alternatives(node, "source")?;
    Some(entries.iter().flat_map(|entry| read_source(reader, entry, names)).collect())
}

fn read_destinations(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    names: &Names,
    assets: Option<&BTreeSet<String>>,
) -> Option<Vec<DestinationMatcher>> {
    let node = fields.optional(reader, "destination")?;
    let mut matchers = Vec::new();
    for entry in reader.alternatives(node, "destination")? {
        let Some(matcher) = read_destination(reader, entry, names) else { continue };
        check_chain(reader, entry, &matcher, names, assets);
        matchers.push(matcher);
    }
    Some(matchers)
}

/// A list whose chain is none of the assets' would silently never match.
fn check_chain(
    reader: &mut Reader<'_>,
    node: &Node,
    matcher: &DestinationMatcher,
    names: &Names,
    assets: Option<&BTreeSet<String>>,
) {
    let (Some(list), Some(assets)) = (&matcher.list, assets) else { return };
    let chains: Option<BTreeSet<Chain>> = assets.iter().map(|id| Some(names.asset(id)?.chain)).collect();
    if chains.is_some_and(|chains| !chains.is_empty() && !chains.contains(&list.chain)) {
        let (name, chain) = (&list.name, list.chain);
        reader.mistake(
            node.at,
            format!("list {name} holds {chain} addresses, and none of the assets is on {chain}"),
        );
    }
}

/// An amount condition over an operation whose payload says 0 would never match what it was written for.
fn check_amounts_are_stated(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    operations: Option<&BTreeSet<String>>,
) {
    let conditions = ["amount", "amount_usd"].into_iter().filter(|name| fields.has(name));
    let silent = operations.and_then(|names| names.iter().find(|name| !states_its_amount(name)));
    if let (Some(condition), Some(operation)) = (conditions.into_iter().next(), silent) {
        let message = format!("{condition} never matches {operation}: its payload does not state what moves");
        if let Some(node) = fields.optional(reader, condition) {
            reader.mistake(node.at, message);
        }
    }
}
