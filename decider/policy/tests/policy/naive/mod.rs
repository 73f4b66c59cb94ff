//! A second evaluator, written from the decision model and the published tables by the plainest means: text, loops
//! over everything, `Option<bool>` for what is true, false or unknown, and a history that is counted from its first
//! charge each time. It shares nothing with the package but the shape of a request.
//!
//! It does not read raw transactions, nor zones whose clocks are set: `stages.rs` and `histories.rs` do.

pub mod generate;
pub mod build;
pub mod random;
pub mod decide;
pub mod limits;
pub mod counted;
pub mod keys;
pub mod history;
pub mod conditions;
pub mod destinations;
pub mod read;
pub mod logic;
pub mod model;
