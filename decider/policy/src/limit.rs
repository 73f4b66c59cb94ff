//! Limits: caps over charges. One function says where a charge counts, for the charge that is asked for and
//! for every charge of the past alike, so that the two can never disagree.

mod limits;
mod share;
mod terms;
mod key;
mod cap;

pub use cap::{Cap, Unit};
pub use key::{Bucket, Key, KeyPart};
pub use limits::Limits;
pub use share::{Quantity, Share, Shares, Unplaced};
pub use terms::{Limit, OnExceed};
