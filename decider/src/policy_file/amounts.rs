//! Amounts and values as bounds.

use std::collections::BTreeSet;

use policy::amount::Amount;
use policy::condition::Range;
use policy::usd::Usd;

use super::names::Names;
use crate::yaml::{Fields, Node, Reader};

const RANGE_FIELDS: [&str; 2] = ["max", "over"];

/// `{max, over}` in units of one asset.
pub fn read_amount_range(
    reader: &mut Reader<'_>,
    node: &Node,
    names: &Names,
    assets: Option<&BTreeSet<String>>,
) -> Range<Amount> {
    match assets.map(|assets| (assets.first(), assets.len())) {
        Some((Some(asset), 1)) => {
            read_range(reader, node, "amount", |reader, node| read_amount(reader, node, names, asset))
        }
        // What is wrong with them was told.
        Some((None, _)) => Range::default(),
        _ => {
            let message =
                "amount needs exactly one asset under assets: units of different assets do not compare";
            reader.mistake(node.at, message);
            Range::default()
        }
    }
}

/// `{max, over}` in US dollars.
pub fn read_usd_range(reader: &mut Reader<'_>, node: &Node) -> Range<Usd> {
    read_range(reader, node, "amount_usd", read_usd)
}

/// An amount of one asset. `None` without a mistake of its own where the asset has one.
pub fn read_amount(reader: &mut Reader<'_>, node: &Node, names: &Names, asset: &str) -> Option<Amount> {
    let text = reader.text(node, "an amount")?;
    let decimals = names.asset(asset)?.decimals;
    let amount = Amount::parse(text, decimals).map_err(|error| format!("{error} (asset {asset})"));
    reader.check(node.at, amount)
}

/// A value in US dollars.
pub fn read_usd(reader: &mut Reader<'_>, node: &Node) -> Option<Usd> {
    let text = reader.text(node, "an amount")?;
    reader.check(node.at, Usd::parse_exact(text).map_err(|error| format!("{error} (US dollars)")))
}

/// `{max, over}` of something; `what` names it.
pub fn read_range<T: PartialOrd>(
    reader: &mut Reader<'_>,
    node: &Node,
    what: &str,
    read: impl Fn(&mut Reader<'_>, &Node) -> Option<T>,
) -> Range<T> {
    let Some(fields) = Fields::of(reader, node, what, &RANGE_FIELDS) else { return Range::default() };
    if !fields.has("max") && !fields.has("over") {
        reader.mistake(node.at, format!("{what} needs max (at most) or over (more than)"));
    }
    let max = fields.optional(reader, "max").and_then(|node| read(reader, node));
    let over = fields.optional(reader, "over").and_then(|node| read(reader, node));
    if let (Some(max), Some(over)) = (&max, &over)
        && over >= max
    {
        reader.mistake(node.at, format!("{what} can never match: over must be less than max"));
    }
    Range { max, over }
}
