//! What rules can match at all, told from their conditions alone: a rule that can never match, and one whose matches
//! are all another's.
//!
//! Either is said only where it is certain. Where a comparison cannot tell, such as whether two patterns match the
//! same texts, nothing is said.

mod never;
mod unmatched;
mod within;
mod why;

pub use never::never;
pub use unmatched::unmatched;
pub use why::Never;
pub use within::is_within;
