//! The router in force. It can be replaced at any time: each request is answered by the router that was in force when
//! it came.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;

/// The router in force. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Routes(Arc<ArcSwap<Router>>);

impl Routes {
    /// From the next request on, over any connection, `router` answers. Requests in flight keep theirs.
    pub fn replace(&self, router: Router) {
        self.0.store(Arc::new(router));
    }

    pub(super) fn current(&self) -> Router {
        Router::clone(&self.0.load())
    }
}
