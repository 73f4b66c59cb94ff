//! What the requests of tests may refer to.

use policy::prices::PriceTerms;

use crate::policy_file::names::Names;

/// The names of the policy, and its price table's terms.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub names: &'a Names,
    /// Whether the policy has a price table.
    pub has_prices: bool,
    /// How it is believed. `None` beside a table: there is a mistake in it.
    pub terms: Option<&'a PriceTerms>,
}
