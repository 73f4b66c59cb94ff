//! Caps: how much, of what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::asset::Assets;
use crate::usd::Usd;

/// The most that may be inside the window. Reaching it passes; passing it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cap {
    /// Base units, for each asset the limit can meet.
    Amount(BTreeMap<String, Amount>),
    /// Value.
    Usd(Usd),
    /// Transactions; with the destination in the key, payments to it.
    Count(u64),
    /// Different destinations: each counts once, however often it is paid.
    Destinations(u64),
}

/// What the numbers of a limit count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// The smallest unit of this asset.
    BaseUnits(String),
    /// Millionths of a US dollar.
    UsdMicros,
    /// Transactions.
    Transactions,
    /// Payments to a destination: several may be in one transaction.
    Payments,
    /// Different destinations.
    Destinations,
}

impl Unit {
    /// So many of it, as people say it.
    pub fn in_words(&self, assets: &Assets, amount: Amount) -> String {
        match self {
            Self::Transactions => format!("{amount} transactions"),
            Self::Payments => format!("{amount} payments"),
            Self::Destinations => format!("{amount} destinations"),
            Self::UsdMicros => format!("{} USD", Usd::from_micros(amount)),
            Self::BaseUnits(asset) => match assets.get(asset) {
                Some(known) => format!("{} {asset}", amount.to_decimal(known.decimals)),
                None => format!("{amount} base units of {asset}"),
            },
        }
    }
}

impl Cap {
    /// The most of an asset. `None`: it says nothing of it.
    pub(super) fn max(&self, asset: &str) -> Option<Amount> {
        match self {
            Self::Amount(by_asset) => by_asset.get(asset).copied(),
            Self::Usd(max) => Some(max.micros()),
            Self::Count(max) | Self::Destinations(max) => Some(Amount::from_u64(*max)),
        }
    }

    pub(super) fn unit(&self, asset: &str) -> Unit {
        match self {
            Self::Amount(_) => Unit::BaseUnits(asset.to_owned()),
            Self::Usd(_) => Unit::UsdMicros,
            Self::Count(_) => Unit::Transactions,
            Self::Destinations(_) => Unit::Destinations,
        }
    }
}
