//! A store that was restored decides nothing until an operator states what was lost (decision model, invariant 12).

use std::sync::Arc;

use super::fixture::*;
use crate::store::{Store, StoreError};

impl Backend {
    /// Freezes it behind its back.
    pub(super) fn freeze(&self) {
        match self {
            Self::Memory(journal) => journal.freeze(Some("restored")),
            Self::Sqlite(_) => {
                let file = rusqlite::Connection::open(self.file()).unwrap();
                file.execute_batch("UPDATE standing SET frozen = 'restored'").unwrap();
            }
            Self::Postgres(database) => database.execute("UPDATE countersign.head SET frozen = 'restored'"),
        }
    }
}

#[tokio::test]
async fn a_frozen_store_answers_nothing_not_even_what_is_on_record_and_shows_its_records() {
    for backend in Backend::each() {
        let (policy, frozen) = (Arc::new(policy(vec![])), StoreError::Frozen("restored".into()));
        let allowed = backend.open(&policy, &clock()).allow(&request("tx-1")).await;
        backend.freeze();
        let desk = backend.open(&policy, &clock());
        assert_eq!(desk.store.readiness(), Err(frozen.clone()), "{}", backend.name());
        assert_eq!(desk.store.now(), Err(frozen.clone()));
        for asked in [request("tx-1"), request("tx-2"), request("tx-1").amount("2")] {
            assert_eq!(desk.ask(&asked).await, Err(frozen.clone()), "{}", backend.name());
        }
        assert_eq!(desk.record(&allowed).await.decision, allowed);
        assert_eq!(desk.metrics.frozen.get(), 1);
        assert!(desk.newest("tx-2").await.is_none(), "nothing was recorded");
    }
}

#[test]
fn a_frozen_store_tells_people_what_to_do() {
    insta::assert_snapshot!(StoreError::Frozen("it was restored".into()), @r#"the store is frozen: it was restored. Nothing is decided until `decider store release` states what was lost; ask again later"#);
}

#[tokio::test]
async fn a_ledger_in_memory_and_on_a_server_may_be_released_while_it_is_open() {
    let journal = crate::store::MemoryJournal::default();
    journal.freeze(Some("restored"));
    let desk = Desk::open(journal.clone(), &Arc::new(policy(vec![])), &clock());
    assert!(desk.ask(&request("tx")).await.is_err());
    journal.freeze(None);
    desk.allow(&request("tx")).await;
    assert_eq!((desk.store.readiness(), desk.metrics.frozen.get()), (Ok(()), 0));
}
