//! A policy: one immutable, content-hashed document.

use crate::asset::Assets;
use crate::config_rule::ConfigRule;
use crate::group::{Counterparty, Groups, SourceGroup};
use crate::limit::Limit;
use crate::prices::PriceTerms;
use crate::rule::Rule;

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
}

impl Policy {
    /// The groups its limits' keys refer to.
    pub fn groups(&self) -> Groups<'_> {
        Groups { sources: &self.source_groups, counterparties: &self.counterparties }
    }
}
