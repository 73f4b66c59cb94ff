//! What an expression comes down to, and whether it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::variable::{Text, Total};
use crate::amount::Amount;
use crate::applicability::{amount_applies, destination_applies, fee_applies};
use crate::choice::Sense;
use crate::circumstances::Circumstances;
use crate::intent::Intent;
use crate::matcher::is_known_source;
use crate::request::{CallerProof, Stage};
use crate::truth::Truth;

/// A part of an expression that holds or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Text(Text, TextTest),
    Count(Relation, Amount),
    Total(Total, Option<String>, Relation, Amount),
}

/// What is asked of a text: each text that is asked for with its first character in the expression, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// It is one of these.
    IsOneOf(BTreeMap<String, usize>),
    /// It begins so.
    Starts(String, usize),
    /// It ends so.
    Ends(String, usize),
    /// It has this in it.
    Contains(String, usize),
}

/// How a number stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Is,
    MoreThan,
    AtLeast,
    LessThan,
    AtMost,
}

impl Term {
    /// `sense` turns over under every negation: what does not apply makes the whole false, and not true by way of a
    /// negation.
    pub fn holds(&self, intent: &Intent, circumstances: &Circumstances, sense: Sense) -> Truth {
        let each = |terms: &[Self]| -> Vec<Truth> {
            terms.iter().map(|term| term.holds(intent, circumstances, sense)).collect()
        };
        match self {
            Self::All(terms) => Truth::all(each(terms)),
            Self::Any(terms) => Truth::any(each(terms)),
            Self::Not(term) => !term.holds(intent, circumstances, sense.opposite()),
            Self::Text(Text::SourceType, _) if !is_known_source(&intent.source) => {
                Truth::unknown(format!("{} is none that is known", Text::SourceType.phrase()))
            }
            Self::Text(variable, asked) => match variable.of(intent, circumstances) {
                Some(text) => asked.holds(text).into(),
                None => Truth::unknown(format!("{} is missing", variable.phrase())),
            },
            Self::Count(relation, than) => match intent.destinations.len() {
                _ if !destination_applies(&intent.operation) => sense.not_applicable(),
                0 => Truth::unknown("the destination is missing"),
                count => relation.holds(units(count), *than).into(),
            },
            Self::Total(total, _, _, _) if !total.applies(&intent.operation, intent.stage) => {
                sense.not_applicable()
            }
            Self::Total(total, asset, relation, than) => match total.of(intent, circumstances) {
                Ok((in_units, _)) if in_units != asset.as_deref() => {
                    Truth::unknown(format!("{} is in another asset", total.phrase()))
                }
                Ok((_, amount)) => relation.holds(amount, *than).into(),
                Err(phrase) => Truth::unknown(phrase),
            },
        }
    }

    pub fn add_asked<'t>(&'t self, asked: &mut Vec<(Text, &'t TextTest)>) {
        match self {
            Self::All(terms) | Self::Any(terms) => terms.iter().for_each(|term| term.add_asked(asked)),
            Self::Not(term) => term.add_asked(asked),
            Self::Text(variable, what) => asked.push((*variable, what)),
            Self::Count(..) | Self::Total(..) => {}
        }
    }

    /// What it comes to by what does not apply to an operation at a stage, whatever else is there; `None`: nobody can tell.
    pub fn of_operation(&self, operation: &str, stage: Stage, sense: Sense) -> Option<bool> {
        let each = |terms: &[Self], settles: bool| -> Option<bool> {
            let known: Vec<_> = terms.iter().map(|term| term.of_operation(operation, stage, sense)).collect();
            match known.contains(&Some(settles)) {
                true => Some(settles),
                false => known.into_iter().collect::<Option<Vec<_>>>().map(|_| !settles),
            }
        };
        match self {
            Self::All(terms) => each(terms, false),
            Self::Any(terms) => each(terms, true),
            Self::Not(term) => term.of_operation(operation, stage, sense.opposite()).map(|holds| !holds),
            Self::Total(total, ..) if !total.applies(operation, stage) => Some(sense == Sense::IsNot),
            Self::Count(..) if !destination_applies(operation) => Some(sense == Sense::IsNot),
            Self::Text(..) | Self::Count(..) | Self::Total(..) => None,
        }
    }

    pub fn add_totals(&self, totals: &mut BTreeSet<Total>) {
        match self {
            Self::All(terms) | Self::Any(terms) => terms.iter().for_each(|term| term.add_totals(totals)),
            Self::Not(term) => term.add_totals(totals),
            Self::Total(total, ..) => {
                totals.insert(*total);
            }
            Self::Text(..) | Self::Count(..) => {}
        }
    }

    /// Whether it asks how many destinations there are.
    pub fn counts(&self) -> bool {
        match self {
            Self::All(terms) | Self::Any(terms) => terms.iter().any(Self::counts),
            Self::Not(term) => term.counts(),
            Self::Count(..) => true,
            Self::Text(..) | Self::Total(..) => false,
        }
    }
}

fn units(count: usize) -> Amount {
    Amount::from_u64(u64::try_from(count).unwrap_or(u64::MAX))
}

impl Text {
    pub(super) fn of<'t>(self, intent: &'t Intent, circumstances: &'t Circumstances) -> Option<&'t str> {
        match self {
            Self::Tenant => Some(&intent.tenant),
            Self::CallerProof => intent.caller_proof.map(CallerProof::name),
            Self::Operation => Some(&intent.operation),
            Self::Stage => Some(match intent.stage {
                Stage::Approval => "APPROVAL",
                Stage::Signing => "SIGNING",
            }),
            Self::Asset => Some(&intent.asset),
            Self::Signer => intent.signer.as_deref(),
            Self::SourceType => intent.source.kind.as_deref(),
            Self::SourceId => intent.source.id.as_deref(),
            Self::Note => circumstances.note.as_deref(),
            Self::ExternalTxId => circumstances.external_tx_id.as_deref(),
        }
    }
}

impl Total {
    pub(super) fn applies(self, operation: &str, stage: Stage) -> bool {
        match self {
            Self::Amount | Self::Usd => amount_applies(operation),
            Self::Fee => fee_applies(operation, stage),
        }
    }

    /// How much, and of which asset.
    pub(super) fn of<'t>(
        self,
        intent: &'t Intent,
        circumstances: &'t Circumstances,
    ) -> Result<(Option<&'t str>, Amount), String> {
        match self {
            Self::Amount => Ok((Some(&intent.asset), intent.amount)),
            Self::Usd => intent.usd().map(|value| (None, value.micros())).ok_or_else(|| {
                circumstances.price_doubt.clone().unwrap_or_else(|| "the USD value is missing".to_owned())
            }),
            Self::Fee => {
                let fee = circumstances.fee.as_ref();
                fee.map(|fee| (Some(fee.asset.as_str()), fee.amount))
                    .ok_or_else(|| "the fee is missing".to_owned())
            }
        }
    }
}

impl fmt::Display for TextTest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IsOneOf(texts) => write!(formatter, "in {:?}", texts.keys()),
            Self::Starts(part, _) => write!(formatter, "startsWith({part:?})"),
            Self::Ends(part, _) => write!(formatter, "endsWith({part:?})"),
            Self::Contains(part, _) => write!(formatter, "contains({part:?})"),
        }
    }
}

impl TextTest {
    /// Whether a text is so.
    pub fn holds(&self, text: &str) -> bool {
        match self {
            Self::IsOneOf(texts) => texts.contains_key(text),
            Self::Starts(part, _) => text.starts_with(part),
            Self::Ends(part, _) => text.ends_with(part),
            Self::Contains(part, _) => text.contains(part),
        }
    }

    /// The first character of the part that is asked for; `None`: whole words are.
    pub(super) fn part_at(&self) -> Option<usize> {
        match self {
            Self::IsOneOf(_) => None,
            Self::Starts(_, at) | Self::Ends(_, at) | Self::Contains(_, at) => Some(*at),
        }
    }
}

impl Relation {
    fn holds(self, number: Amount, than: Amount) -> bool {
        match self {
            Self::Is => number == than,
            Self::MoreThan => number > than,
            Self::AtLeast => number >= than,
            Self::LessThan => number < than,
            Self::AtMost => number <= than,
        }
    }
}
