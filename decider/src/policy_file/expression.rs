//! `condition`: an expression, held against the names of the policy.

use policy::amount::Decimals;
use policy::expression::{Expression, ExpressionError, Problem, Text, Total, Units};

use super::scope::{Scope, check_signing, fee_assets};
use crate::yaml::fields::unknown;
use crate::yaml::{Node, Reader};

pub fn read(reader: &mut Reader<'_>, node: &Node, scope: &Scope<'_>) -> Option<Expression> {
    let text = reader.text(node, "condition")?;
    let expression =
        reader.check(node.at, Expression::parse(text, &units(scope)).map_err(|error| told(&error)))?;
    for (variable, word) in expression.words() {
        reader
            .check(node.at, check_word(variable, word, scope).map_err(|error| format!("condition: {error}")));
    }
    if expression.totals().contains(&Total::Fee) {
        check_signing(reader, node, "a condition over the fee", scope);
    }
    Some(expression)
}

/// Amounts are in units of the rule's one asset, fees in those of the one that its fees are paid in.
fn units(scope: &Scope<'_>) -> Units {
    let only = |mut ids: Vec<String>| -> Option<(String, Decimals)> {
        ids.sort();
        ids.dedup();
        let [id] = ids.as_slice() else { return None };
        Some((id.clone(), scope.names.asset(id)?.decimals))
    };
    let (assets, paid_in) = fee_assets(scope).into_iter().unzip();
    Units { amount: only(assets).filter(|_| scope.assets.is_some()), fee: only(paid_in) }
}

fn told(error: &ExpressionError) -> String {
    let problem = match &error.problem {
        Problem::Said(said) => said.clone(),
        Problem::Unknown { what, name, known } => unknown(what, name, known.iter().copied()),
    };
    format!("condition, character {}: {problem}", error.at)
}

/// A name that the policy does not know, or that the rule is not about, is never there.
fn check_word(variable: Text, word: &str, scope: &Scope<'_>) -> Result<(), String> {
    match variable {
        Text::Operation => scope.names.check_operation(word),
        Text::Asset => {
            let every = scope.names.assets_that(|_, _| true);
            if !every.contains(word) {
                return Err(unknown("asset", word, every.iter().map(String::as_str)));
            }
            match scope.assets.is_some_and(|assets| !assets.contains(word)) {
                true => Err(format!("{word} is none of the assets of the rule")),
                false => Ok(()),
            }
        }
        _ => Ok(()),
    }
}
