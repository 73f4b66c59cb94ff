//! Bounds on what a caller may take: for each the most that is taken, and the least that is not.

mod connections;
mod early;
mod http1;
mod http2;
mod payload;
mod requests;
mod shares;
mod sizes;
mod times;

use crate::support::{TX, post, vector};

/// An authentic request.
fn token() -> Vec<u8> {
    post(TX, &vector("synthetic_request_tx_sign.jwt"))
}
