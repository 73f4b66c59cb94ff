//! A tree into terms of known names and fitting types.

use std::collections::BTreeMap;

use super::error::ExpressionError;
use super::parse::{Tree, TreeKind};
use super::term::{Relation, Term, TextTest};
use super::variable::{COUNT, Text, Total, Variable, variable};
use crate::amount::{Amount, Decimals};
use crate::request::CallerProof;
use crate::tenant::check_tenant;
use crate::usd::Usd;

const RELATIONS: [(&str, Relation); 4] = [
    ("more_than", Relation::MoreThan),
    ("at_least", Relation::AtLeast),
    ("less_than", Relation::LessThan),
    ("at_most", Relation::AtMost),
];
/// Of a part of a text, what is asked.
type Asks = fn(String, usize) -> TextTest;
const ASKED: [(&str, Asks); 3] =
    [("startsWith", TextTest::Starts), ("endsWith", TextTest::Ends), ("contains", TextTest::Contains)];
const STAGES: [&str; 2] = ["APPROVAL", "SIGNING"];

/// The assets whose units amounts are written in; `None`: the rule is over several.
#[derive(Debug, Clone, Default)]
pub struct Units {
    /// Of the amount.
    pub amount: Option<(String, Decimals)>,
    /// Of the fee.
    pub fee: Option<(String, Decimals)>,
}

/// Gives a tree its meaning.
pub fn compile(tree: Tree, units: &Units) -> Result<Term, ExpressionError> {
    let at = tree.at;
    let each = |trees: Vec<Tree>| -> Result<Vec<Term>, ExpressionError> {
        trees.into_iter().map(|tree| compile(tree, units)).collect()
    };
    match tree.kind {
        TreeKind::All(trees) => Ok(Term::All(each(trees)?)),
        TreeKind::Any(trees) => Ok(Term::Any(each(trees)?)),
        TreeKind::Not(tree) => Ok(Term::Not(Box::new(compile(*tree, units)?))),
        TreeKind::Compared(left, sign, right) => compared(at, *left, sign, *right),
        TreeKind::In(left, entries) => is_in(at, *left, entries),
        TreeKind::Call(name, arguments) => called(at, &name, arguments, units),
        TreeKind::Name(name) => {
            variable(at, &name)?;
            Err(ExpressionError::new(at, format!("{name} is not a condition: compare it with something")))
        }
        TreeKind::Number(_) | TreeKind::Text(_) => {
            Err(ExpressionError::new(at, "expected a condition: name what is compared first"))
        }
    }
}

/// `variable == "text"`, `destinations.count > 3`.
fn compared(at: usize, left: Tree, sign: &'static str, right: Tree) -> Result<Term, ExpressionError> {
    let TreeKind::Name(name) = &left.kind else {
        return Err(ExpressionError::new(left.at, "expected a variable before a comparison"));
    };
    match (variable(left.at, name)?, right.kind) {
        (Variable::Text(text), TreeKind::Text(value)) if sign == "==" => {
            is_one_of(text, [(value, right.at)].into())
        }
        (Variable::Text(text), TreeKind::Text(value)) if sign == "!=" => {
            Ok(Term::Not(Box::new(is_one_of(text, [(value, right.at)].into())?)))
        }
        (Variable::Text(_), TreeKind::Text(_)) => {
            Err(ExpressionError::new(at, format!("{name} is text: it has no {sign}, only == and !=")))
        }
        (Variable::Text(_), _) => {
            Err(ExpressionError::new(right.at, format!("{name} is text: compare it with a text in quotes")))
        }
        (Variable::Count, TreeKind::Number(digits)) => counted(right.at, sign, &digits),
        (Variable::Count, _) => {
            Err(ExpressionError::new(right.at, format!("{name} is a number: compare it with digits")))
        }
        (Variable::Total(_), _) => {
            let message = format!(
                "{name} has no {sign}: write {name}.more_than(\"1.5\"), at_least, less_than or at_most"
            );
            Err(ExpressionError::new(at, message))
        }
    }
}

fn counted(at: usize, sign: &str, digits: &str) -> Result<Term, ExpressionError> {
    let count =
        Amount::from_base_units(digits).map_err(|error| ExpressionError::new(at, error.to_string()))?;
    let relation = match sign {
        "==" => Relation::Is,
        "!=" => return Ok(Term::Not(Box::new(Term::Count(Relation::Is, count)))),
        ">" => Relation::MoreThan,
        ">=" => Relation::AtLeast,
        "<" => Relation::LessThan,
        _ => Relation::AtMost,
    };
    Ok(Term::Count(relation, count))
}

/// `variable in ["a", "b"]`.
fn is_in(at: usize, left: Tree, entries: Vec<Tree>) -> Result<Term, ExpressionError> {
    let text = match &left.kind {
        TreeKind::Name(name) => match variable(left.at, name)? {
            Variable::Text(text) => Some(text),
            Variable::Total(_) | Variable::Count => None,
        },
        _ => None,
    };
    let text =
        text.ok_or_else(|| ExpressionError::new(left.at, "expected a variable that is text before in"))?;
    let mut texts = BTreeMap::new();
    for entry in entries {
        let TreeKind::Text(value) = entry.kind else {
            return Err(ExpressionError::new(entry.at, "expected a text in quotes"));
        };
        if texts.insert(value, entry.at).is_some() {
            return Err(ExpressionError::new(entry.at, "this is in the list already"));
        }
    }
    if texts.is_empty() {
        return Err(ExpressionError::new(at, "nothing is in an empty list: this never holds"));
    }
    is_one_of(text, texts)
}

/// A word that is never there is a mistake; so is an empty one, which stands for a field that is missing.
fn is_one_of(text: Text, texts: BTreeMap<String, usize>) -> Result<Term, ExpressionError> {
    if let Some(at) = texts.get("") {
        let message = format!("{} is never empty: an empty one is missing", text.phrase());
        return Err(ExpressionError::new(*at, message));
    }
    for (word, at) in &texts {
        check_word(*at, text, word)?;
    }
    Ok(Term::Text(text, TextTest::IsOneOf(texts)))
}

/// Of a text that has few words, or a shape: a typing error would never match.
fn check_word(at: usize, text: Text, word: &str) -> Result<(), ExpressionError> {
    let proofs = CallerProof::ALL.map(|(name, _)| name);
    match text {
        Text::Stage if !STAGES.contains(&word) => {
            Err(ExpressionError::unknown(at, "stage", word, STAGES.into()))
        }
        Text::CallerProof if !proofs.contains(&word) => {
            Err(ExpressionError::unknown(at, "caller_proof", word, proofs.into()))
        }
        Text::Tenant => check_tenant(word).map_err(|error| ExpressionError::new(at, error.to_string())),
        _ => Ok(()),
    }
}

/// `note.startsWith("a")`, `amount.more_than("1.5")`.
fn called(at: usize, name: &str, arguments: Vec<Tree>, units: &Units) -> Result<Term, ExpressionError> {
    let (subject, method) = name.rsplit_once('.').unwrap_or(("", name));
    if subject.is_empty() {
        return Err(ExpressionError::unknown(at, "function", method, Vec::new()));
    }
    let subject = variable(at, subject)?;
    let [argument] = <[Tree; 1]>::try_from(arguments)
        .map_err(|_| ExpressionError::new(at, format!("{method} takes one text in quotes")))?;
    let TreeKind::Text(value) = argument.kind else {
        return Err(ExpressionError::new(argument.at, format!("{method} takes a text in quotes")));
    };
    match subject {
        Variable::Text(text) => asked(at, text, method, argument.at, value),
        Variable::Total(total) => measured(at, total, method, argument.at, &value, units),
        Variable::Count => {
            Err(ExpressionError::new(at, format!("{COUNT} is a number: compare it with digits")))
        }
    }
}

fn asked(at: usize, text: Text, method: &str, place: usize, part: String) -> Result<Term, ExpressionError> {
    let Some((_, asked)) = ASKED.iter().find(|(known, _)| *known == method) else {
        return Err(ExpressionError::unknown(
            at,
            "function",
            method,
            ASKED.iter().map(|(known, _)| *known).collect(),
        ));
    };
    if part.is_empty() {
        return Err(ExpressionError::new(place, "every text has an empty part: this always holds"));
    }
    let asked = asked(part, place);
    check_part(place, text, &asked)?;
    Ok(Term::Text(text, asked))
}

/// Of a text that has few words: a part that none of them has would never match.
fn check_part(at: usize, text: Text, asked: &TextTest) -> Result<(), ExpressionError> {
    let known = match text {
        Text::Stage => STAGES,
        Text::CallerProof => CallerProof::ALL.map(|(name, _)| name),
        _ => return Ok(()),
    };
    if known.iter().any(|word| asked.holds(word)) {
        return Ok(());
    }
    let (text, [one, other]) = (text.phrase(), known);
    Err(ExpressionError::new(at, format!("{asked} never holds of {text}, which is {one} or {other}")))
}

fn measured(
    at: usize,
    total: Total,
    method: &str,
    place: usize,
    value: &str,
    units: &Units,
) -> Result<Term, ExpressionError> {
    let Some((_, relation)) = RELATIONS.iter().find(|(known, _)| *known == method) else {
        return Err(ExpressionError::unknown(
            at,
            "function",
            method,
            RELATIONS.iter().map(|(known, _)| *known).collect(),
        ));
    };
    let unit = match total {
        Total::Amount => units.amount.as_ref(),
        Total::Fee => units.fee.as_ref(),
        Total::Usd => {
            let value = Usd::parse_exact(value)
                .map_err(|error| ExpressionError::new(place, format!("{error} (US dollars)")))?;
            return Ok(Term::Total(total, None, *relation, value.micros()));
        }
    };
    let (asset, decimals) = unit.ok_or_else(|| ExpressionError::new(at, without_unit(total)))?;
    let than = Amount::parse(value, *decimals)
        .map_err(|error| ExpressionError::new(place, format!("{error} (asset {asset})")))?;
    Ok(Term::Total(total, Some(asset.clone()), *relation, than))
}

fn without_unit(total: Total) -> &'static str {
    match total {
        Total::Fee => "fee needs assets whose fees are paid in one asset: name some under assets",
        Total::Amount | Total::Usd => {
            "amount needs exactly one asset under assets: units of different assets do not compare"
        }
    }
}
