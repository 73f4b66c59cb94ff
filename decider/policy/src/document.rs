//! A policy: one immutable, content-hashed document.

use crate::asset::Assets;
use crate::condition_index::ConditionIndex;
use crate::config_rule::ConfigRule;
use crate::group::{Counterparty, Groups, SourceGroup};
use crate::intent::Intent;
use crate::limit::{Limit, Limits};
use crate::prices::PriceTerms;
use crate::rule::{Effect, Rule};

/// Everything a decision is made by.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// SHA-256 of the document it was read from: 64 lower-case hexadecimal digits.
    pub hash: String,
    /// The assets it knows, by id.
    pub assets: Assets,
    /// How far a price table is believed; `None`: there is none.
    pub prices: Option<PriceTerms>,
    /// Whether signing needs the raw transaction.
    pub raw_transactions_required: bool,
    /// Rules of which one match denies.
    pub deny: Vec<Rule>,
    /// Rules of which one must cover the whole transaction.
    pub allow: Vec<Rule>,
    /// Caps, each applied wherever its selector matches.
    pub limits: Vec<Limit>,
    /// Rules over configuration changes.
    pub config_changes: Vec<ConfigRule>,
    /// Named groups of sources. No source is in two.
    pub source_groups: Vec<SourceGroup>,
    /// Named groups of destinations. No destination is in two.
    pub counterparties: Vec<Counterparty>,
    /// How its rules and limits are found ([`Policy::indexed`]). Without it each of them is asked.
    pub index: Option<Index>,
}

/// How the rules of each effect are found, and the limits.
#[derive(Debug, Clone)]
pub struct Index {
    deny: ConditionIndex,
    allow: ConditionIndex,
    limits: ConditionIndex,
}

impl Policy {
    /// The same policy, in which the rules and limits that can match are found without asking all of them. They must
    /// not be changed from here on.
    #[must_use]
    pub fn indexed(mut self) -> Self {
        let deny = ConditionIndex::of(&self.deny, |rule| rule.named(Effect::Deny));
        let allow = ConditionIndex::of(&self.allow, |rule| rule.named(Effect::Allow));
        let limits = ConditionIndex::of(&self.limits, Limit::named);
        self.index = Some(Index { deny, allow, limits });
        self
    }

    /// The rules of an effect that may be anything but false, in their order.
    pub fn candidates(&self, effect: Effect, intent: &Intent) -> Vec<&Rule> {
        let (rules, index) = self.rules(effect);
        match index {
            Some(index) => {
                let positions = index.candidates(intent, std::iter::once(&intent.signer)).into_iter();
                positions.filter_map(|position| rules.get(position)).collect()
            }
            None => rules.iter().collect(),
        }
    }

    /// The rules of an effect that may match whatever an allow rule covers, itself included, with their positions.
    pub fn around(&self, effect: Effect, rule: &Rule) -> Vec<(usize, &Rule)> {
        let (rules, index) = self.rules(effect);
        match index {
            Some(index) => {
                let positions = index.around(rule.named(Effect::Allow), &self.assets).into_iter();
                positions.filter_map(|position| Some((position, rules.get(position)?))).collect()
            }
            None => rules.iter().enumerate().collect(),
        }
    }

    fn rules(&self, effect: Effect) -> (&[Rule], Option<&ConditionIndex>) {
        match effect {
            Effect::Deny => (&self.deny, self.index.as_ref().map(|index| &index.deny)),
            Effect::Allow => (&self.allow, self.index.as_ref().map(|index| &index.allow)),
        }
    }

    /// Its limits as they look at charges.
    pub fn limits(&self) -> Limits<'_> {
        let index = self.index.as_ref().map(|index| &index.limits);
        Limits { all: &self.limits, groups: self.groups(), index }
    }

    /// What its limits see a charge by.
    pub fn groups(&self) -> Groups<'_> {
        Groups { assets: &self.assets, sources: &self.source_groups, counterparties: &self.counterparties }
    }
}
