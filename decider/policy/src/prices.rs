//! Prices in US dollars that somebody keeps beside the policy, and how far they are believed.
//!
//! A table changes every minute, and is no part of the policy's hash. The policy says which assets are priced by it:
//! a price of theirs that is missing, too old or from the future makes a value unpriced, so that a feed that stands
//! still, or loses a row, widens nothing (decision model, sections 1 and 5).

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, AmountError, Decimals};
use crate::time::{Length, MICROS_PER_SECOND, Time};
use crate::usd::Usd;

/// How far from the future a price may be, in microseconds: clocks differ.
const MAX_AHEAD_MICROS: i64 = 60 * MICROS_PER_SECOND;

/// A price table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prices {
    /// SHA-256 of the file it was read from: 64 lower-case hexadecimal digits.
    pub hash: String,
    /// The prices, by asset id.
    pub by_asset: BTreeMap<String, Price>,
}

/// What one whole unit of an asset was worth at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// US dollars.
    pub usd: UnitPrice,
    /// When the price was made.
    pub at: Time,
}

/// A price that a decision went by, as its record keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedPrice {
    /// Of which asset.
    pub asset: String,
    /// What it was.
    #[serde(flatten)]
    pub price: Price,
    /// The hash of its table.
    pub table: String,
}

impl Prices {
    /// No table.
    pub const NONE: Self = Self { hash: String::new(), by_asset: BTreeMap::new() };

    /// A table of one price.
    pub fn of(used: UsedPrice) -> Self {
        Self { hash: used.table, by_asset: BTreeMap::from([(used.asset, used.price)]) }
    }

    /// The price of an asset, to be kept with the decision.
    pub fn used(&self, asset: &str) -> Option<UsedPrice> {
        let price = *self.by_asset.get(asset)?;
        Some(UsedPrice { asset: asset.to_owned(), price, table: self.hash.clone() })
    }
}

/// US dollars for one whole unit of an asset: more than nothing, with at most 18 decimals. As serialised text it is
/// decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitPrice(Amount);

/// Text that is no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// It would make everything worth nothing.
    #[error("a price of 0 is no price: leave the row out where nobody knows it")]
    Zero,
    /// Finer than prices are kept.
    #[error("the price has {given} decimals: at most {allowed} are read, and nothing is rounded")]
    TooManyDecimals {
        /// Decimals in the text, trailing zeros left out.
        given: usize,
        /// Decimals that are read.
        allowed: u8,
    },
    /// Not decimal text.
    #[error("{0} (a price in US dollars)")]
    NotDecimal(AmountError),
}

impl UnitPrice {
    /// Reads dollars as strictly as [`Amount::parse`].
    ///
    /// # Errors
    /// Not a price.
    pub fn parse(text: &str) -> Result<Self, PriceError> {
        match Amount::parse(text, Decimals::EIGHTEEN) {
            Ok(price) if price.is_zero() => Err(PriceError::Zero),
            Ok(price) => Ok(Self(price)),
            Err(AmountError::TooManyDecimals { given, allowed }) => {
                Err(PriceError::TooManyDecimals { given, allowed })
            }
            Err(error) => Err(PriceError::NotDecimal(error)),
        }
    }

    /// The value of an amount, exact and then rounded up to the micro-dollar; `None` where it does not fit.
    pub fn value_of(self, amount: Amount, decimals: Decimals) -> Option<Usd> {
        let finer = Decimals::EIGHTEEN.get().saturating_sub(Decimals::SIX.get());
        let places = decimals.get().saturating_add(finer);
        amount.times_over_power_of_ten(self.0, places).map(Usd::from_micros)
    }
}

impl TryFrom<String> for UnitPrice {
    type Error = PriceError;

    fn try_from(text: String) -> Result<Self, PriceError> {
        Self::parse(&text)
    }
}

impl From<UnitPrice> for String {
    fn from(price: UnitPrice) -> Self {
        price.0.to_decimal(Decimals::EIGHTEEN)
    }
}

/// Which assets a table prices, and how old a price may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceTerms {
    /// How old a price may be when it is asked for.
    pub max_age: Length,
    /// The assets it prices beside the request: the larger value counts, and both are needed.
    pub beside: BTreeSet<String>,
    /// The assets it prices alone: the request's value is not read, because the custody system has none.
    pub alone: BTreeSet<String>,
}

/// What a table says of one asset at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quote {
    /// The policy does not ask it.
    NotAsked,
    /// A price to be held against the request's value.
    Beside(UnitPrice),
    /// A price that stands for the request's value.
    Alone(UnitPrice),
    /// No price that is believed: why not.
    Doubted(String),
}

impl PriceTerms {
    /// What a table says of an asset at the time of a question.
    pub fn quote(&self, prices: &Prices, asset: &str, at: Time) -> Quote {
        if !self.asks_for(asset) {
            return Quote::NotAsked;
        }
        let alone = self.alone.contains(asset);
        match self.believed(prices, asset, at) {
            Ok(price) if alone => Quote::Alone(price),
            Ok(price) => Quote::Beside(price),
            Err(doubt) => Quote::Doubted(doubt),
        }
    }

    /// The assets whose price in a table is not believed at some time, each with the reason. Among them are those that
    /// it no longer prices as it did `before`, and those that nothing else prices. That it has never priced another one
    /// may be meant.
    pub fn doubted<'p>(
        &'p self,
        prices: &'p Prices,
        before: &'p BTreeSet<String>,
        at: Time,
    ) -> BTreeMap<&'p str, String> {
        let priced = prices.by_asset.keys().chain(before).filter(|asset| self.asks_for(asset));
        let expected = priced.chain(&self.alone);
        expected.filter_map(|asset| Some((asset.as_str(), self.believed(prices, asset, at).err()?))).collect()
    }

    /// When the oldest price of a table was made, of those that are asked for; `None`: there is none.
    pub fn oldest(&self, prices: &Prices) -> Option<Time> {
        let asked = prices.by_asset.iter().filter(|(asset, _)| self.asks_for(asset));
        asked.map(|(_, price)| price.at).min()
    }

    fn asks_for(&self, asset: &str) -> bool {
        self.alone.contains(asset) || self.beside.contains(asset)
    }

    fn believed(&self, prices: &Prices, asset: &str, at: Time) -> Result<UnitPrice, String> {
        let price = prices.by_asset.get(asset).ok_or_else(|| format!("the price of {asset} is missing"))?;
        let age = at.as_micros().saturating_sub(price.at.as_micros());
        if age < MAX_AHEAD_MICROS.saturating_neg() {
            return Err(format!("the price of {asset} is from the future"));
        }
        let seconds = age.unsigned_abs().div_ceil(MICROS_PER_SECOND.unsigned_abs());
        if age > 0 && seconds > self.max_age.seconds() {
            let max_age = self.max_age;
            let age = Length::from_seconds(seconds).map_or("too".to_owned(), |age| age.to_string());
            return Err(format!("the price of {asset} is {age} old, and at most {max_age} are believed"));
        }
        Ok(price.usd)
    }
}

impl Quote {
    /// Why there is no price that is believed.
    pub fn doubt(&self) -> Option<&str> {
        match self {
            Self::Doubted(doubt) => Some(doubt),
            Self::NotAsked | Self::Beside(_) | Self::Alone(_) => None,
        }
    }

    /// The value of an amount of which the request says that it is worth `stated`; `None`: it is unpriced.
    ///
    /// Without the stated value a price beside it is none: whoever left it out could have left out the larger one.
    pub fn value(&self, stated: Option<Usd>, amount: Amount, decimals: Decimals) -> Option<Usd> {
        match self {
            Self::NotAsked => stated,
            Self::Beside(price) => Some(stated?.max(price.value_of(amount, decimals)?)),
            Self::Alone(price) => price.value_of(amount, decimals),
            Self::Doubted(_) => None,
        }
    }
}
