//! Why a call failed, as short as it helps.

use std::{error::Error, iter::successors};

use tonic::Status;

use crate::telemetry::shown_up_to;

/// Most bytes of a cause: deciders name the client that they refuse, and the tenant.
const MAX_CAUSE_BYTES: usize = 512;

/// What a status says; of one that was made on this side, what its source says that is the last of the chain: the
/// ones before it only say that there is one.
pub(super) fn cause(status: &Status) -> String {
    match status.source() {
        Some(source) => root_cause(source),
        None => shown_up_to(MAX_CAUSE_BYTES, status.message()),
    }
}

/// The last of the chain.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let root = successors(Some(error), |error| Error::source(*error)).last();
    shown_up_to(MAX_CAUSE_BYTES, &root.map(ToString::to_string).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("transport error")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn the_end_of_the_chain_says_why() {
        let mut status = Status::unknown("transport error");
        assert_eq!(cause(&status), "transport error");
        status.set_source(std::sync::Arc::new(Outer(std::io::Error::other("x".repeat(600)))));
        assert_eq!(cause(&status), "x".repeat(512));
    }
}
