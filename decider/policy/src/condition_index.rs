//! Which of ten thousand rules or limits can match at all: found by what they name, not by asking each of them.
//!
//! Each stands under the values of one of its conditions, the one that tells it apart best. It is left out only
//! where that condition is certainly false, and with it the whole: where the request does not say the value, all that
//! ask for it are candidates.

use std::collections::{BTreeSet, HashMap};

use crate::asset::Assets;
use crate::choice::Choice;
use crate::condition::Conditions;
use crate::intent::{Account, Intent};
use crate::matcher::AccountMatcher;
use crate::vocabulary::{is_account_type, is_matched_by_address};

/// The rules of one effect, or the limits, by what they name.
#[derive(Debug, Clone, Default)]
pub struct ConditionIndex {
    /// Positions, by a value of the condition they stand under.
    by_value: HashMap<Value, Vec<usize>>,
    /// The same by the condition alone.
    by_condition: HashMap<IndexedField, Vec<usize>>,
    /// Those that name nothing by which they could be found.
    others: Vec<usize>,
}

/// A condition to stand under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum IndexedField {
    Tenant,
    Signer,
    Operation,
    Asset,
    Source,
    Destination,
}

impl IndexedField {
    const ALL: [Self; 6] =
        [Self::Destination, Self::Source, Self::Signer, Self::Tenant, Self::Asset, Self::Operation];
}

/// What a condition names, or a request says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Value {
    Tenant(String),
    Signer(String),
    Operation(String),
    Asset(String),
    Source(AccountName),
    Destination(AccountName),
}

impl Value {
    /// Every account of the type of this one.
    fn of_its_type(&self) -> Option<Self> {
        match self {
            Self::Source((kind, Some(_))) => Some(Self::Source((kind.clone(), None))),
            Self::Destination((kind, Some(_))) => Some(Self::Destination((kind.clone(), None))),
            _ => None,
        }
    }
}

/// Type and id; without an id, every account of the type.
type AccountName = (String, Option<String>);

/// The conditions that name what they ask for, each with all of the values.
#[derive(Debug)]
pub struct Named(Vec<(IndexedField, Vec<Value>)>);

impl ConditionIndex {
    /// Of all of these, each of which names what can be found.
    pub fn of<T>(all: &[T], named: impl Fn(&T) -> Named) -> Self {
        // What each names is made twice and never kept: of ten thousand rules over a thousand assets it is a gigabyte.
        let mut frequency: HashMap<Value, usize> = HashMap::new();
        for value in all.iter().flat_map(|one| named(one).0).flat_map(|(_, values)| values) {
            let count = frequency.entry(value).or_default();
            *count = count.saturating_add(1);
        }
        let crowd =
            |values: &Vec<Value>| values.iter().filter_map(|value| frequency.get(value)).max().copied();
        let mut index = Self::default();
        for (position, one) in all.iter().enumerate() {
            match named(one).0.into_iter().min_by_key(|(_, values)| crowd(values)) {
                Some((asked, values)) => index.add(position, asked, values),
                None => index.others.push(position),
            }
        }
        index
    }

    /// The positions of all that may be anything but false for an intent that one of these signed, in their order, each
    /// once.
    pub fn candidates<'s>(
        &self,
        intent: &Intent,
        signers: impl Iterator<Item = &'s Option<String>> + Clone,
    ) -> Vec<usize> {
        let mut found = self.others.clone();
        for asked in IndexedField::ALL.into_iter().filter(|asked| self.by_condition.contains_key(asked)) {
            match said(intent, signers.clone(), asked) {
                Some(values) => {
                    found.extend(values.iter().filter_map(|value| self.by_value.get(value)).flatten());
                }
                None => found.extend(self.by_condition.get(&asked).into_iter().flatten()),
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The positions of all that may match whatever is matched by one that is named so, in their order, each once. One
    /// that names values names all of those: it stands under the first of them. One that names no asset meets all.
    pub fn around(&self, named: Named, assets: &Assets) -> Vec<usize> {
        let mut found = self.others.clone();
        for (asked, values) in named.meeting(assets).0 {
            match values.first() {
                Some(value) => {
                    let names = std::iter::once(value.clone()).chain(value.of_its_type());
                    found.extend(names.filter_map(|name| self.by_value.get(&name)).flatten());
                }
                None => found.extend(self.by_condition.get(&asked).into_iter().flatten()),
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn add(&mut self, position: usize, asked: IndexedField, values: Vec<Value>) {
        self.by_condition.entry(asked).or_default().push(position);
        for value in values {
            self.by_value.entry(value).or_default().push(position);
        }
    }
}

impl Named {
    /// What these conditions name.
    pub fn by(when: &Conditions) -> Self {
        let words = |choice: &Option<Choice<_>>, value: fn(String) -> Value| {
            let words: &BTreeSet<String> = choice.as_ref()?.one_of()?;
            Some(words.iter().cloned().map(value).collect::<Vec<Value>>())
        };
        let assets = when.assets.as_ref().map(|assets| assets.iter().cloned().map(Value::Asset).collect());
        let sources = when.sources.as_ref().and_then(Choice::one_of);
        let sources =
            sources.map(|sources| sources.iter().map(|each| Value::Source(name_of(each))).collect());
        let destinations = when.destinations.as_ref().and_then(Choice::one_of).and_then(|matchers| {
            let accounts =
                matchers.iter().map(|each| each.account.as_ref().map(name_of).map(Value::Destination));
            accounts.collect::<Option<Vec<Value>>>()
        });
        let conditions = [
            (IndexedField::Tenant, words(&when.caller.tenants, Value::Tenant)),
            (IndexedField::Signer, words(&when.signers, Value::Signer)),
            (IndexedField::Operation, words(&when.operations, Value::Operation)),
            (IndexedField::Asset, assets),
            (IndexedField::Source, sources),
            (IndexedField::Destination, destinations),
        ];
        Self(conditions.into_iter().filter_map(|(asked, values)| Some((asked, values?))).collect())
    }

    /// The same where no other operations are covered, whether they are named or not.
    #[must_use]
    pub fn covering(mut self, operations: &[&str]) -> Self {
        self.0.retain(|(asked, _)| *asked != IndexedField::Operation);
        let covered = operations.iter().map(|name| Value::Operation((*name).to_owned()));
        self.0.push((IndexedField::Operation, covered.collect()));
        self
    }

    /// The same without its assets: it is not to be found by them.
    #[must_use]
    pub fn of_any_asset(mut self) -> Self {
        self.0.retain(|(asked, _)| *asked != IndexedField::Asset);
        self
    }

    fn meeting(mut self, assets: &Assets) -> Self {
        if self.0.iter().all(|(asked, _)| *asked != IndexedField::Asset) {
            self.0.push((IndexedField::Asset, assets.keys().take(1).cloned().map(Value::Asset).collect()));
        }
        self
    }
}

/// What a request says of a condition; `None`: it does not say it, or not for sure.
fn said<'s>(
    intent: &Intent,
    signers: impl Iterator<Item = &'s Option<String>>,
    asked: IndexedField,
) -> Option<Vec<Value>> {
    match asked {
        IndexedField::Tenant => Some(vec![Value::Tenant(intent.tenant.clone())]),
        IndexedField::Signer => signers.map(|signer| signer.clone().map(Value::Signer)).collect(),
        IndexedField::Operation => Some(vec![Value::Operation(intent.operation.clone())]),
        IndexedField::Asset => Some(vec![Value::Asset(intent.asset.clone())]),
        IndexedField::Source => Some(names_of(&intent.source, false)?.map(Value::Source).into()),
        IndexedField::Destination if intent.destinations.is_empty() => None,
        IndexedField::Destination => {
            let names = intent.destinations.iter().map(|each| names_of(&each.account, true));
            let names: Vec<[AccountName; 2]> = names.collect::<Option<_>>()?;
            Some(names.into_iter().flatten().map(Value::Destination).collect())
        }
    }
}

fn name_of(matcher: &AccountMatcher) -> AccountName {
    (matcher.kind.clone(), matcher.id.clone())
}

/// By which names rules may know an account: its own, and that of its type. `paid`: an account that is matched by
/// address has no name of its own; whatever it is called, no rule asks for it. Of a type that nobody knows it may be any.
fn names_of(account: &Account, paid: bool) -> Option<[AccountName; 2]> {
    let kind = account.kind.clone()?;
    let of_type = (kind.clone(), None);
    if !is_account_type(&kind) {
        return None;
    }
    if paid && is_matched_by_address(&kind) {
        return Some([of_type.clone(), of_type]);
    }
    Some([(kind, Some(account.id.clone()?)), of_type])
}
