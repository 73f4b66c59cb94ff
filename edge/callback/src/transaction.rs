//! `tx_sign_request` (callback protocol, section 4).

mod read;
mod shape;

use crate::{
    bounds::Bounds,
    error::{DecodeError, readable_request_id},
};

pub use shape::{DeclaredDestination, Destination, Peer, RawTransaction, Transaction};

/// Decodes a transaction from bytes that may be read: whose signature holds, or that came in JSON mode.
///
/// Anything that could be read in two ways is refused: a name given twice at any depth, a read field of another
/// type, text after the object, more of anything than `bounds` have.
pub fn decode_transaction(bytes: &[u8], bounds: &Bounds) -> Result<Transaction, DecodeError> {
    read::transaction(bytes, bounds)
        .map_err(|refusal| DecodeError { request_id: readable_request_id(bytes), refusal })
}

#[cfg(test)]
mod tests;
