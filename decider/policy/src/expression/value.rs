//! What a request has where an expression looks.

use super::Expression;
use super::variable::{COUNT, TEXTS, TOTALS, Text};
use crate::amount::Amount;
use crate::applicability::destination_applies;
use crate::circumstances::Circumstances;
use crate::intent::Intent;

/// The value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Count(usize),
    /// Money, in the units of this asset; of none: in millionths of a US dollar.
    Total(Option<&'a str>, Amount),
    /// There is none.
    Missing,
    /// It is beside the point: nobody asks whether it is there.
    NotApplicable,
}

impl Expression {
    /// Each variable that it names, with its value: numbers first, for texts may be long.
    pub fn values<'a>(
        &self,
        intent: &'a Intent,
        circumstances: &'a Circumstances,
    ) -> Vec<(&'static str, Value<'a>)> {
        let totals = self.totals();
        let texts: Vec<Text> = self.asked().into_iter().map(|(text, _)| text).collect();
        let count = self.counts().then(|| (COUNT, count(intent)));
        let totals = TOTALS.into_iter().filter(|(total, ..)| totals.contains(total));
        let totals = totals.map(|(total, name, _)| match total.of(intent, circumstances) {
            _ if !total.applies(&intent.operation, intent.stage) => (name, Value::NotApplicable),
            Ok((asset, amount)) => (name, Value::Total(asset, amount)),
            Err(_) => (name, Value::Missing),
        });
        let texts = TEXTS.into_iter().filter(|(text, ..)| texts.contains(text));
        let texts = texts.map(|(text, name, _)| {
            (name, text.of(intent, circumstances).map_or(Value::Missing, Value::Text))
        });
        count.into_iter().chain(totals).chain(texts).collect()
    }
}

fn count(intent: &Intent) -> Value<'_> {
    match intent.destinations.len() {
        _ if !destination_applies(&intent.operation) => Value::NotApplicable,
        0 => Value::Missing,
        count => Value::Count(count),
    }
}
