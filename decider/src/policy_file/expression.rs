//! `condition`: an expression, held against the names of the policy.

use std::collections::BTreeSet;

use policy::amount::Decimals;
use policy::expression::{Expression, Problem, Text, TextTest, Total, Units};
use policy::vocabulary::{ACCOUNT_TYPES, pays_somebody, states_its_amount};

use super::accounts::check_type;
use super::scope::{Scope, UNSTATED_AMOUNT, check_applies, check_fee, fee_assets};
use crate::yaml::names::unknown;
use crate::yaml::{Node, Reader, unseen};

pub fn read(reader: &mut Reader<'_>, node: &Node, scope: &Scope<'_>) -> Option<Expression> {
    let text = reader.text(node, "condition")?;
    // What is wrong with the assets was told, and their units are not known.
    if scope.assets.is_some_and(|ids| ids.is_empty() || scope.names.has_unread(ids)) {
        return None;
    }
    let parsed = Expression::parse(text, &units(scope));
    let expression = checked(reader, node, parsed.map_err(|error| (error.at, told(error.problem))))?;
    for (at, variable, word) in expression.words() {
        checked(reader, node, check_word(variable, word, scope).map_err(|error| (at, error)));
    }
    for (at, variable, asked) in expression.parts() {
        checked(reader, node, check_part(variable, asked, scope).map_err(|error| (at, error)));
    }
    check_what_it_measures(reader, node, &expression, scope);
    Some(expression)
}

/// Notes what is wrong at a character of an expression: there, or where that cannot be told, at its start.
fn checked<T>(reader: &mut Reader<'_>, node: &Node, value: Result<T, (usize, String)>) -> Option<T> {
    value
        .map_err(|(character, problem)| match reader.place_in(node, character) {
            Some(at) => reader.mistake(at, format!("condition: {problem}")),
            None => reader.mistake(node.at, format!("condition, character {character}: {problem}")),
        })
        .ok()
}

/// As the fields for it are held against stages and operations.
fn check_what_it_measures(reader: &mut Reader<'_>, node: &Node, expression: &Expression, scope: &Scope<'_>) {
    let totals = expression.totals();
    if totals.contains(&Total::Fee) {
        check_fee(reader, node, "a condition over the fee", scope);
    }
    if totals.contains(&Total::Amount) || totals.contains(&Total::Usd) {
        let what = "a condition over the amount or its value";
        check_applies(reader, node, what, scope, states_its_amount, UNSTATED_AMOUNT);
    }
    if expression.counts() {
        let what = "a condition over the number of destinations";
        check_applies(reader, node, what, scope, pays_somebody, "it only signs messages, and pays nobody");
    }
}

/// Amounts are in units of the rule's one asset, fees in those of the one that its fees are paid in.
fn units(scope: &Scope<'_>) -> Units {
    let only = |ids: BTreeSet<&str>| -> Option<(String, Decimals)> {
        let id = ids.first().filter(|_| ids.len() == 1)?;
        Some(((*id).to_owned(), scope.names.asset(id)?.decimals))
    };
    let (assets, paid_in) = fee_assets(scope).unzip();
    Units { amount: only(assets).filter(|_| scope.assets.is_some()), fee: only(paid_in) }
}

fn told(problem: Problem) -> String {
    match problem {
        Problem::Said(said) => said,
        Problem::Unknown { what, name, known } => unknown(what, &name, known),
    }
}

/// A part of a name that none has which the rule can meet is never there either.
fn check_part(variable: Text, asked: &TextTest, scope: &Scope<'_>) -> Result<(), String> {
    let names = scope.names;
    let is_known = match variable {
        Text::Operation if names.lost().has("operations") => true,
        Text::Asset if names.has_lost_assets() => true,
        Text::Operation => names.operations().any(|word| asked.holds(word)),
        Text::SourceType => ACCOUNT_TYPES.iter().any(|word| asked.holds(word)),
        Text::Asset => scope.every_asset().iter().any(|word| asked.holds(word)),
        _ => return Ok(()),
    };
    match is_known {
        true => Ok(()),
        false => Err(format!("{asked} never holds of {}: none that is known has that", variable.phrase())),
    }
}

/// A name that the policy does not know, or that the rule is not about, is never there.
fn check_word(variable: Text, word: &str, scope: &Scope<'_>) -> Result<(), String> {
    match variable {
        Text::Operation => scope.names.check_operation(word),
        Text::SourceType => check_type(word),
        Text::Asset if scope.names.has_lost_assets() => Ok(()),
        Text::Asset => {
            let every = scope.names.every_asset();
            if !every.contains(word) {
                return Err(unknown("asset", word, every.iter().map(String::as_str)));
            }
            match scope.assets.is_some_and(|assets| !assets.contains(word)) {
                true => Err(format!("{word} is none of the assets of the rule")),
                false => Ok(()),
            }
        }
        // The author of a text may end it in any way.
        Text::Note | Text::ExternalTxId => Ok(()),
        _ => unseen::check_word(word),
    }
}
