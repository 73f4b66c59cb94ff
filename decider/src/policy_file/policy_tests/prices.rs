//! `prices` of a test's request: what the price table says when it is asked. Tests know nothing of the table on disk,
//! which changes, while what they expect does not.

use policy::prices::{Price, PriceTerms, Prices, UnitPrice};
use policy::time::Time;

use super::known::Known;
use super::moment::AtOrAgo;
use super::words::{micros, time};
use crate::yaml::names::unknown;
use crate::yaml::{Fields, Node, Place, Reader, Value};

pub const PRICE_FIELDS: [&str; 3] = ["usd", "age", "at"];

/// A table as it is written.
#[derive(Debug, Clone, Default)]
pub struct Table(Vec<(String, UnitPrice, AtOrAgo)>);

impl Table {
    /// The table of a request that is asked at this time.
    pub fn at(&self, at: Time) -> Prices {
        let price = |(id, usd, made): &(String, UnitPrice, AtOrAgo)| {
            (id.clone(), Price { usd: *usd, at: made.time(at) })
        };
        Prices { by_asset: self.0.iter().map(price).collect(), ..Prices::NONE }
    }
}

/// Prices by asset: `"2000"`, of that moment, or `{usd, age}`, or `{usd, at}`.
pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, known: &Known<'_>) -> Option<Table> {
    let node = fields.optional(reader, "prices")?;
    if !known.has_prices {
        reader.mistake(node.at, "the policy has no prices: no rule would look at these");
        return None;
    }
    let mut table = Table::default();
    for (id, at, node) in reader.entries(node, "prices")? {
        check_is_priced(reader, id, at, known);
        if let Some((usd, moment)) = read_price(reader, node) {
            table.0.push((id.to_owned(), usd, moment));
        }
    }
    Some(table)
}

/// A price that no rule would look at tests nothing.
fn check_is_priced(reader: &mut Reader<'_>, id: &str, at: Place, known: &Known<'_>) {
    let assets = known.names.every_asset();
    let is_priced = |terms: &PriceTerms| terms.beside.contains(id) || terms.alone.contains(id);
    if known.names.has_lost_assets() {
        return;
    }
    if !assets.contains(id) {
        reader.mistake(at, unknown("asset", id, assets.iter().map(String::as_str)));
    } else if !known.terms.is_none_or(is_priced) {
        reader.mistake(
            at,
            format!("the policy's prices do not name {id}: name it there, or leave it out here"),
        );
    }
}

fn read_price(reader: &mut Reader<'_>, node: &Node) -> Option<(UnitPrice, AtOrAgo)> {
    if !matches!(node.value, Value::Map(_)) {
        return Some((read_usd(reader, node)?, AtOrAgo::Ago(0)));
    }
    let fields = Fields::of(reader, node, "a price", &PRICE_FIELDS)?;
    let usd = fields.required(reader, "usd").and_then(|node| read_usd(reader, node));
    let age = fields.optional(reader, "age").map(|node| micros(reader, node, "age").map(AtOrAgo::Ago));
    let at = fields.optional(reader, "at").map(|node| time(reader, node).map(AtOrAgo::At));
    if age.is_some() && at.is_some() {
        reader.mistake(node.at, "a price has either age, such as 12m, or at");
    }
    Some((usd?, age.or(at).unwrap_or(Some(AtOrAgo::Ago(0)))?))
}

fn read_usd(reader: &mut Reader<'_>, node: &Node) -> Option<UnitPrice> {
    let text = reader.text(node, "a price")?;
    reader.check(node.at, UnitPrice::parse(text))
}
