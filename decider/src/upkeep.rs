//! What an operator does with a store as a whole: look at it, check it, export it, copy it, back it up.

pub mod release;
pub mod backup;
pub mod copy;
mod of_tenant;
pub mod verify;
pub mod stats;
pub mod export;
pub mod usage;
pub mod progress;
mod aside;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
