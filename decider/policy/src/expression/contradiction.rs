//! Expressions that can never hold, whatever is asked: comparisons of one variable that nothing meets together.
//!
//! What is said is certain. Alternatives are held against the comparisons beside them one by one, so that a contradiction
//! that takes several `||` together is not seen.

use std::collections::BTreeSet;

use super::term::{Relation, Term, TextTest};
use super::variable::{COUNT, Text, Total};
use crate::amount::Amount;
use crate::request::CallerProof;

/// Comparisons of one variable that nothing meets together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    /// The variable's name.
    pub variable: &'static str,
    /// Whether it may be missing, and then nobody can tell.
    pub may_be_missing: bool,
}

/// A part of an expression, and whether it must hold or must not.
type Asked<'t> = (&'t Term, bool);

/// Why a term can never hold; `None`: it can, or nobody can tell.
pub fn contradiction(term: &Term) -> Option<Contradiction> {
    among(&[], (term, true))
}

/// Why these comparisons and this part can never hold together. One that is never in doubt is told first.
fn among<'t>(beside: &[Asked<'t>], asked: Asked<'t>) -> Option<Contradiction> {
    let (mut compared, mut alternatives) = (beside.to_vec(), Vec::new());
    flatten(asked, &mut compared, &mut alternatives);
    let found: Vec<_> =
        between(&compared).chain(alternatives.iter().filter_map(|each| in_all(&compared, each))).collect();
    found.iter().find(|found| !found.may_be_missing).or(found.first()).copied()
}

/// Where every alternative contradicts what stands beside it; in doubt where one of them is.
fn in_all<'t>(beside: &[Asked<'t>], alternatives: &[Asked<'t>]) -> Option<Contradiction> {
    let found: Option<Vec<_>> = alternatives.iter().map(|each| among(beside, *each)).collect();
    let found = found?;
    found.iter().find(|found| found.may_be_missing).or(found.first()).copied()
}

/// What must hold together, as comparisons, and as alternatives of which one must.
fn flatten<'t>(
    (term, holds): Asked<'t>,
    compared: &mut Vec<Asked<'t>>,
    alternatives: &mut Vec<Vec<Asked<'t>>>,
) {
    match (term, holds) {
        (Term::Not(term), _) => flatten((term, !holds), compared, alternatives),
        (Term::All(terms), true) | (Term::Any(terms), false) => {
            terms.iter().for_each(|term| flatten((term, holds), compared, alternatives));
        }
        (Term::All(terms), false) | (Term::Any(terms), true) => {
            alternatives.push(terms.iter().map(|term| (term, holds)).collect());
        }
        (Term::Text(..) | Term::Count(..) | Term::Total(..), _) => compared.push((term, holds)),
    }
}

/// Each variable of which nothing meets all that is asked.
fn between<'t>(compared: &'t [Asked<'_>]) -> impl Iterator<Item = Contradiction> + 't {
    compared.iter().filter_map(|(term, _)| match term {
        Term::Text(text, _) => {
            let asked: Vec<_> = compared.iter().filter_map(|each| of_text(*text, *each)).collect();
            (!has_text(*text, &asked))
                .then(|| Contradiction { variable: text.name(), may_be_missing: text.may_be_missing() })
        }
        Term::Count(..) => {
            let asked = compared.iter().filter_map(|(term, holds)| match term {
                Term::Count(relation, than) => Some((*relation, *than, *holds)),
                _ => None,
            });
            // Of none nobody can tell.
            let missing = Contradiction { variable: COUNT, may_be_missing: true };
            (!has_number(Amount::from_u64(1), &asked.collect::<Vec<_>>())).then_some(missing)
        }
        Term::Total(total, ..) => {
            let asked = compared.iter().filter_map(|(term, holds)| match term {
                Term::Total(other, _, relation, than) if other == total => Some((*relation, *than, *holds)),
                _ => None,
            });
            (!has_number(Amount::ZERO, &asked.collect::<Vec<_>>()))
                .then(|| Contradiction { variable: total.name(), may_be_missing: *total != Total::Amount })
        }
        Term::All(_) | Term::Any(_) | Term::Not(_) => None,
    })
}

fn of_text<'t>(text: Text, (term, holds): Asked<'t>) -> Option<(&'t TextTest, bool)> {
    match term {
        Term::Text(other, asked) if *other == text => Some((asked, holds)),
        _ => None,
    }
}

/// Whether a text may meet all that is asked. False only where none does.
fn has_text(text: Text, asked: &[(&TextTest, bool)]) -> bool {
    let few = match text {
        Text::Stage => Some(["APPROVAL", "SIGNING"]),
        Text::CallerProof => Some(CallerProof::ALL.map(|(name, _)| name)),
        _ => None,
    };
    let listed = asked.iter().find_map(|(asked, holds)| match asked {
        TextTest::IsOneOf(words) if *holds => Some(words.keys().map(String::as_str).collect()),
        _ => None,
    });
    let candidates: Option<BTreeSet<&str>> = listed.or(few.map(|few| few.into_iter().collect()));
    match candidates {
        Some(words) => {
            words.iter().any(|word| asked.iter().all(|(asked, holds)| asked.holds(word) == *holds))
        }
        None => !asked.iter().any(|one| asked.iter().any(|other| are_apart(*one, *other))),
    }
}

/// Whether no text meets both.
fn are_apart((one, holds): (&TextTest, bool), (other, other_holds): (&TextTest, bool)) -> bool {
    match (one, other) {
        (TextTest::Starts(one, _), TextTest::Starts(other, _)) if holds && other_holds => {
            !one.starts_with(other) && !other.starts_with(one)
        }
        (TextTest::Ends(one, _), TextTest::Ends(other, _)) if holds && other_holds => {
            !one.ends_with(other) && !other.ends_with(one)
        }
        // Whatever begins, ends or is filled with more does so with less.
        (TextTest::Starts(one, _), TextTest::Starts(..))
        | (TextTest::Ends(one, _), TextTest::Ends(..))
        | (
            TextTest::Starts(one, _) | TextTest::Ends(one, _) | TextTest::Contains(one, _),
            TextTest::Contains(..),
        ) => holds && !other_holds && other.holds(one),
        _ => false,
    }
}

/// Whether a whole number of at least this meets all that is asked.
fn has_number(least: Amount, asked: &[(Relation, Amount, bool)]) -> bool {
    let one = Amount::from_u64(1);
    let (mut low, mut high) = (least, Amount::MAX);
    for (relation, than, holds) in asked {
        let (over, under) = (than.checked_add(one), than.checked_sub(one));
        let (from, to) = match (relation, holds) {
            (Relation::Is, true) => (Some(*than), Some(*than)),
            // Not this one: looked at below.
            (Relation::Is, false) => (Some(least), Some(Amount::MAX)),
            (Relation::MoreThan, true) | (Relation::AtMost, false) => (over, Some(Amount::MAX)),
            (Relation::AtLeast, true) | (Relation::LessThan, false) => (Some(*than), Some(Amount::MAX)),
            (Relation::LessThan, true) | (Relation::AtLeast, false) => (Some(least), under),
            (Relation::AtMost, true) | (Relation::MoreThan, false) => (Some(least), Some(*than)),
        };
        let (Some(from), Some(to)) = (from, to) else { return false };
        (low, high) = (low.max(from), high.min(to));
    }
    let is_out =
        asked.iter().any(|(relation, than, holds)| *relation == Relation::Is && !holds && *than == low);
    low < high || low == high && !is_out
}

impl Text {
    /// What every request has, if anything at all is evaluated.
    fn may_be_missing(self) -> bool {
        !matches!(self, Self::Tenant | Self::Operation | Self::Stage | Self::Asset)
    }
}
