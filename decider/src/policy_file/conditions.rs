//! What stands under `when`, in rules and limits.

use std::collections::BTreeSet;
use std::sync::Arc;

use policy::accounts::Accounts;
use policy::choice::Choice;
use policy::condition::{Conditions, DestinationMatcher, Unlisted};
use policy::request::Stage;
use policy::vocabulary::{pays_somebody, states_its_amount};

use super::amounts::{read_amount_range, read_usd_range};
use super::assets::{AskedAssets, read_chain};
use super::callers::{self, CALLER_PROOF, TENANT};
use super::calls::read_contracts;
use super::choices::{check_each_once, read_each, read_entries, read_one_of_two, read_set};
use super::circumstances;
use super::matchers::{read_destination, read_source};
use super::names::Names;
use super::scope::{Scope, Section, UNSTATED_AMOUNT, check_applies, check_chain};
use crate::yaml::{Fields, Node, Reader, Value};

const RULE_CONDITIONS: [&str; 20] = [
    TENANT,
    CALLER_PROOF,
    "signers",
    "stages",
    "operations",
    "source",
    "destination",
    "assets",
    "chains",
    "classes",
    "amount",
    "amount_usd",
    "fee",
    "fee_share",
    "call",
    "messages",
    "times",
    "note",
    "external_tx_id",
    "condition",
];
/// What a limit can ask of a charge: it is counted for the transaction, not for a stage or a request of it.
const LIMIT_CONDITIONS: [&str; 9] =
    [TENANT, CALLER_PROOF, "signers", "operations", "source", "destination", "assets", "chains", "classes"];

fn known(section: Section) -> &'static [&'static str] {
    match section {
        Section::Deny | Section::Allow => &RULE_CONDITIONS,
        Section::Limit => &LIMIT_CONDITIONS,
    }
}

/// The conditions under `when`.
pub fn read_conditions(
    reader: &mut Reader<'_>,
    node: &Node,
    names: &Names,
    section: Section,
) -> Option<Conditions> {
    let fields = Fields::of(reader, node, "when", known(section))?;
    let (assets, unlisted) = read_assets(reader, &fields, names).unzip();
    let stages = read_stages(reader, &fields);
    let operations = read_operations(reader, &fields, names, section);
    let scope = Scope {
        section,
        names,
        stages: stages.as_ref(),
        operations: operations.as_ref(),
        has_lost_operations: operations.is_none() && fields.has("operations"),
        assets: assets.as_deref(),
    };
    check_amounts_are_stated(reader, &fields, &scope);
    check_somebody_is_paid(reader, &fields, &scope);
    let amount = fields.optional(reader, "amount");
    let usd = fields.optional(reader, "amount_usd");
    Some(Conditions {
        caller: callers::read(reader, &fields),
        signers: read_signers(reader, &fields, names),
        sources: read_sources(reader, &fields, names),
        destinations: read_destinations(reader, &fields, &scope),
        contracts: read_contracts(reader, &fields, &scope),
        amount: amount
            .map(|node| read_amount_range(reader, node, names, assets.as_deref()))
            .unwrap_or_default(),
        usd: usd.map(|node| read_usd_range(reader, node)).unwrap_or_default(),
        circumstances: circumstances::read(reader, &fields, &scope),
        stages,
        operations,
        assets,
        unlisted: unlisted.flatten(),
    })
}

/// A policy knows all of its assets: `assets`, `chains` and `classes` come down to those that are in each of them. None is
/// left only where that is a mistake, which was told: nothing more is concluded from it. Beside them what holds of an
/// asset that was known once.
pub fn read_assets(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    names: &Names,
) -> Option<(Arc<BTreeSet<String>>, Option<Unlisted>)> {
    let noted = reader.noted();
    let asked = AskedAssets {
        ids: read_set(reader, fields, "assets", |reader, node| names.asset_id(reader, node)),
        chains: read_set(reader, fields, "chains", read_chain),
        classes: read_set(reader, fields, "classes", |reader, node| names.class(reader, node)),
    };
    let (by_id, by_kind) = (asked.by_id(), asked.by_kind());
    let nothing = Some((Arc::default(), None));
    if reader.noted() > noted || is_misspelt(fields) || names.has_lost_assets() {
        return nothing;
    }
    if asked.ids.is_none() && !by_kind {
        return None;
    }
    let Some(met) = names.assets_asked_for(reader, fields.at, asked) else { return nothing };
    // It may be on any chain and of any class.
    if by_kind && names.has_unread(&met) {
        return nothing;
    }
    if met.is_empty() {
        let message = "no asset of the policy is left: assets, chains and classes must all hold of one";
        reader.mistake(fields.at, message);
    }
    let unlisted = (!by_id).then(|| Unlisted { known: Arc::clone(names.every_asset()), by_kind });
    Some((met, unlisted))
}

/// Whether some of what it asks of assets stands under another name, which was told.
fn is_misspelt(fields: &Fields<'_>) -> bool {
    ["assets", "chains", "classes"].into_iter().any(|name| fields.has(name) && fields.value(name).is_none())
}

/// There are two stages: one that is ruled out leaves the other.
fn read_stages(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<BTreeSet<Stage>> {
    read_one_of_two(reader, fields, "stages", [Stage::Approval, Stage::Signing], read_stage)
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

/// To rule operations out would allow those that nobody knows yet.
fn read_operations(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    names: &Names,
    section: Section,
) -> Option<Choice<BTreeSet<String>>> {
    let choice = read_set(reader, fields, "operations", |reader, node| names.operation(reader, node))?;
    if section == Section::Allow
        && choice.one_of().is_none()
        && let Some(node) = fields.optional(reader, "operations")
    {
        let message =
            "an allow rule names its operations: all but some would be every one that is yet to come, too";
        reader.mistake(node.at, message);
    }
    Some(choice)
}

/// Names and `{group}`s, as the signers they stand for.
fn read_signers(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    names: &Names,
) -> Option<Choice<BTreeSet<String>>> {
    let choice = read_entries(reader, fields, "signers")?;
    Some(choice.map(|entries| {
        check_each_once(reader, "signers", entries);
        let mut signers = BTreeSet::new();
        for entry in entries {
            if let Value::Map(_) = entry.value {
                let group = Fields::of(reader, entry, "a signer", &["group"]);
                let group = group.and_then(|fields| fields.required(reader, "group"));
                signers.extend(
                    group.and_then(|node| names.signer_group(reader, node)).into_iter().flatten().cloned(),
                );
            } else {
                let signer = reader.id(entry, "a signer");
                signer.into_iter().for_each(|signer| names.doubt_signer(reader, entry.at, signer));
                signers.extend(signer.map(str::to_owned));
            }
        }
        signers
    }))
}

fn read_sources(reader: &mut Reader<'_>, fields: &Fields<'_>, names: &Names) -> Option<Choice<Accounts>> {
    let choice = read_entries(reader, fields, "source")?;
    Some(choice.map(|entries| {
        check_each_once(reader, "source", entries);
        entries.iter().flat_map(|entry| read_source(reader, entry, names)).collect()
    }))
}

fn read_destinations(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    scope: &Scope<'_>,
) -> Option<Choice<Vec<DestinationMatcher>>> {
    read_each(reader, fields, "destination", |reader, entry| {
        let matcher = read_destination(reader, entry, scope.names, scope.section)?;
        if let Some(list) = &matcher.list {
            check_chain(reader, entry, list, scope.names, scope.assets);
        }
        Some(matcher)
    })
}

/// An amount condition over an operation whose payload says 0 would never match what it was written for.
fn check_amounts_are_stated(reader: &mut Reader<'_>, fields: &Fields<'_>, scope: &Scope<'_>) {
    for name in ["amount", "amount_usd", "fee_share"] {
        if let Some(node) = fields.optional(reader, name)
            && check_applies(reader, node, name, scope, states_its_amount, UNSTATED_AMOUNT)
        {
            return;
        }
    }
}

/// A destination is somebody who is paid.
fn check_somebody_is_paid(reader: &mut Reader<'_>, fields: &Fields<'_>, scope: &Scope<'_>) {
    let named = scope.operations.and_then(Choice::one_of);
    if named.is_some_and(|names| !names.is_empty() && !names.iter().any(|name| pays_somebody(name)))
        && let Some(node) = fields.optional(reader, "destination")
    {
        reader.mistake(node.at, "destination never matches what only signs messages: it pays nobody");
    }
}
