//! What answers requests now. It can be replaced at any time: each request is answered, whole, by what there was when
//! it came.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;

/// What answers requests now. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Routes(Arc<ArcSwap<Router>>);

impl Routes {
    /// The next request, on whichever connection, is answered by `router`; those in flight by what there was.
    pub fn replace(&self, router: Router) {
        self.0.store(Arc::new(router));
    }

    pub(super) fn current(&self) -> Router {
        Router::clone(&self.0.load())
    }
}
