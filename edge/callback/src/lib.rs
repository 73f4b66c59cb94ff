//! The shapes of a Fireblocks Co-signer callback: strictly decoded, normalised, and answered.
//!
//! Pure: bytes and text in, values out. No clock, no files, no network. The modules follow the way of a
//! request: a payload that may be read is decoded once, into the project's own words, and every request
//! gets a [`Reply`].

#![warn(missing_docs)]

mod time_claims;
mod transaction;
mod config_change;
mod reply;
mod blank;
mod error;
mod strict;
mod members;
mod plain_number;
mod secret;
mod refusal;
mod stage;
mod request_id;
mod unseen;
mod bounds;

pub use bounds::Bounds;
pub use config_change::{ConfigChange, decode_config_change};
pub use error::DecodeError;
pub use refusal::Refusal;
pub use reply::{Action, Reply};
pub use request_id::{InvalidRequestId, RequestId};
pub use stage::Stage;
pub use time_claims::{TimeClaimError, check_time_claims};
pub use transaction::{
    DeclaredDestination, Destination, Peer, RawTransaction, Transaction, decode_transaction,
};
pub use unseen::is_unseen;
