//! The prices in force, each table with the policy that names it: no decision goes by one policy and by the table of
//! another, whatever becomes of a change.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use policy::document::Policy;
use policy::prices::Prices;

/// The current prices, read by every decision and replaced by [`crate::reload`].
pub type CurrentPrices = Arc<PricesByPolicy>;

/// The table of the policy that decides and, while another one is on its way, that one's, by the hash of the policy.
#[derive(Debug, Default)]
pub struct PricesByPolicy(ArcSwap<BTreeMap<String, Arc<Prices>>>);

impl PricesByPolicy {
    /// The table of this policy. One without rows where it has none: what asks for prices is unpriced then.
    pub fn of(&self, policy: &Policy) -> Arc<Prices> {
        self.0.load().get(&policy.hash).cloned().unwrap_or_default()
    }

    /// From here on this is the table of the policy of this hash.
    pub fn put(&self, hash: &str, prices: &Arc<Prices>) {
        self.change(|tables| drop(tables.insert(hash.to_owned(), Arc::clone(prices))));
    }

    /// The policy of this hash does not decide.
    pub fn remove(&self, hash: &str) {
        self.change(|tables| drop(tables.remove(hash)));
    }

    /// The policy of this hash decides, and no other one does any more.
    pub fn keep_only(&self, hash: &str) {
        self.change(|tables| tables.retain(|each, _| each == hash));
    }

    fn change(&self, change: impl Fn(&mut BTreeMap<String, Arc<Prices>>)) {
        self.0.rcu(|tables| {
            let mut tables = BTreeMap::clone(tables);
            change(&mut tables);
            tables
        });
    }
}
