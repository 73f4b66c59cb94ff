//! What was charged, as a policy of today has its asset. The ledger outlives policies, and one of them may have corrected
//! decimals or a chain: base units and addresses are then others, and what was moved, and to whom, is the same.

use std::borrow::Cow;

use super::{Account, Destination, Intent};
use crate::address::Chain;
use crate::amount::{Amount, Decimals};
use crate::asset::{Asset, Assets};

/// An intent in the decimals and on the chain that its asset has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restated<'i> {
    /// The intent. Of a destination whose address cannot be told on the asset's chain nothing is known but its amount.
    pub intent: Cow<'i, Intent>,
    /// Whether it has such a destination.
    pub lost: bool,
}

impl Intent {
    /// By what `assets` say of its asset. Amounts are rounded up, so that they only over-count.
    pub fn restated(&self, assets: &Assets) -> Restated<'_> {
        match assets.get(&self.asset) {
            Some(asset) if !self.is_of(asset) => self.restated_for(asset),
            _ => Restated { intent: Cow::Borrowed(self), lost: false },
        }
    }

    fn is_of(&self, asset: &Asset) -> bool {
        let mut addresses = self.destinations.iter().filter_map(|destination| destination.address.as_ref());
        self.decimals.is_none_or(|decimals| decimals == asset.decimals)
            && self.chain.is_none_or(|chain| chain == asset.chain)
            && addresses.all(|address| address.chain() == asset.chain)
    }

    fn restated_for(&self, asset: &Asset) -> Restated<'_> {
        let mut intent = match self.decimals {
            Some(decimals) => self.in_decimals(decimals, asset.decimals),
            None => self.clone(),
        };
        intent.chain = Some(asset.chain);
        let on_chain = |destination: &mut Destination| destination.move_to(asset.chain);
        let lost = intent.destinations.iter_mut().filter_map(on_chain).count() > 0;
        Restated { intent: Cow::Owned(intent), lost }
    }

    /// The parts are rounded one by one, and the total is what they come to.
    fn in_decimals(&self, from: Decimals, to: Decimals) -> Self {
        let stated = |amount: Amount| amount.in_decimals(from, to);
        let mut intent = self.clone();
        for destination in &mut intent.destinations {
            destination.amount = stated(destination.amount);
        }
        let sum = Amount::checked_sum(intent.destinations.iter().map(|destination| destination.amount));
        let total = sum.and_then(|sum| sum.checked_add(stated(self.excess())));
        Self {
            amount: total.unwrap_or(Amount::MAX),
            net_amount: self.net_amount.map(stated),
            requested_amount: self.requested_amount.map(stated),
            decimals: Some(to),
            ..intent
        }
    }
}

/// Its address was lost.
struct AddressLost;

impl Destination {
    /// Without its address it could be anybody: neither is its type known then, so that no condition passes it over.
    fn move_to(&mut self, chain: Chain) -> Option<AddressLost> {
        let address = self.address.take()?;
        self.address = address.on(chain);
        if self.address.is_some() {
            return None;
        }
        self.account = Account::default();
        Some(AddressLost)
    }
}
