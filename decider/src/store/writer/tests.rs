//! What only the writer's own numbers show.

use super::*;
use crate::store::MemoryJournal;
use crate::store::adoption::adopt_at_once;
use crate::store::metrics::Metrics;
use crate::store::suite::fixture::*;
use crate::store::time::Watch;

/// A decider that follows the others would hold everything that they ever charged.
#[tokio::test]
async fn what_left_its_window_is_forgotten_though_nobody_asks() {
    let (mut journal, clock) = (MemoryJournal::default(), clock());
    let policy = Arc::new(policy(vec![count_per_hour(9)]));
    let desk = Desk::open(journal.clone(), &policy, &clock);
    for id in ["tx-1", "tx-2"] {
        desk.allow(&request(id)).await;
    }
    let metrics = Arc::new(Metrics::default());
    let watch = Watch::start(clock.clone(), Arc::clone(&metrics), journal.join().unwrap());
    let adopted = adopt_at_once(&mut journal, Arc::clone(&policy), START).unwrap();
    let time = StoreTime::of(Arc::new(watch));
    let shared = Arc::new(Shared::new(metrics, policy));
    let mut writer = Writer::new(journal, adopted, time, Retention::Forever, shared, Box::new(|_| ()));
    for (passed, held) in [(HOUR - MICROSECOND, 2), (MICROSECOND, 0)] {
        clock.advance(passed);
        writer.keep_up().unwrap();
        assert_eq!(writer.index.len(), held, "after {passed:?} more");
    }
}
