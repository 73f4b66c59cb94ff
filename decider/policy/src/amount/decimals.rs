//! How many decimals the base unit of an asset has.

use serde::{Deserialize, Serialize};

/// Decimals of an asset: one whole unit is 10 to that power in base units. As it is kept: their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Decimals(u8);

/// More decimals than an asset can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} decimals: at most {max} can be kept", max = Decimals::MAX)]
pub struct TooManyDecimals(u8);

impl Decimals {
    /// None: base units are whole units.
    pub const ZERO: Self = Self(0);

    /// Micro-units: the scale of US dollars here.
    pub const SIX: Self = Self(6);

    /// Of prices: finer than anybody quotes one.
    pub const EIGHTEEN: Self = Self(18);

    /// The most decimals an asset can have. 10⁷⁷ is the largest power of ten below 2²⁵⁶; with one more, not
    /// even one whole unit could be written down.
    pub const MAX: u8 = 77;

    /// That many decimals; `None` for more than [`Decimals::MAX`].
    pub const fn new(decimals: u8) -> Option<Self> {
        if decimals > Self::MAX { None } else { Some(Self(decimals)) }
    }

    /// The number of them.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Decimals {
    type Error = TooManyDecimals;

    fn try_from(decimals: u8) -> Result<Self, TooManyDecimals> {
        Self::new(decimals).ok_or(TooManyDecimals(decimals))
    }
}

impl From<Decimals> for u8 {
    fn from(decimals: Decimals) -> Self {
        decimals.0
    }
}
