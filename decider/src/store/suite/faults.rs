//! A store in trouble decides nothing, and says so.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use policy::charge::{Charge, ChargeKey};
use policy::document::Policy;
use policy::settle::ChargeChange;
use policy::time::Time;
use policy::verdict::{Action, ReasonCode};

use super::fixture::*;
use crate::document::Document;
use crate::store::bounds::{FIRST_PAUSE, LONGEST_PAUSE, MAX_BATCH, MAX_QUEUED, SETTLED_WITHIN};
use crate::store::decision::{Lookup, Record};
use crate::store::journal::{
    Entry, Journal, JournalError, JournalTime, LookupPlan, Recorded, RequestIdentity,
};
use crate::store::{MemoryJournal, Store, StoreError};

/// What a journal is about to do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Call {
    Join,
    Begin,
    Recorded(String),
    Write(String),
    Commit,
    Abandon,
    RememberPolicy(String),
    Charges,
}

type Script = Box<dyn FnMut(Call) -> Result<(), JournalError> + Send>;

/// A journal in memory that fails where its script says.
struct ScriptedJournal {
    inner: MemoryJournal,
    script: Script,
}

impl ScriptedJournal {
    fn new(script: impl FnMut(Call) -> Result<(), JournalError> + Send + 'static) -> Self {
        Self { inner: MemoryJournal::default(), script: Box::new(script) }
    }
}

impl Journal for ScriptedJournal {
    fn remember_policy(&mut self, hash: &str, document: &Document) -> Result<(), JournalError> {
        (self.script)(Call::RememberPolicy(hash.to_owned()))?;
        self.inner.remember_policy(hash, document)
    }

    fn policy(&mut self, hash: &str) -> Result<Option<Document>, JournalError> {
        self.inner.policy(hash)
    }

    fn join(&mut self) -> Result<JournalTime, JournalError> {
        (self.script)(Call::Join)?;
        self.inner.join()
    }

    fn charges_since(
        &mut self,
        start: Time,
        at_least: usize,
        take: &mut dyn FnMut(&Charge),
    ) -> Result<Option<Time>, JournalError> {
        (self.script)(Call::Charges)?;
        self.inner.charges_since(start, at_least, take)
    }

    fn begin(
        &mut self,
        asked: &mut dyn Iterator<Item = LookupPlan<'_>>,
        take: &mut dyn FnMut(&ChargeChange),
    ) -> Result<JournalTime, JournalError> {
        (self.script)(Call::Begin)?;
        self.inner.begin(asked, take)
    }

    fn recorded(&mut self, identity: &RequestIdentity) -> Result<Recorded, JournalError> {
        (self.script)(Call::Recorded(identity.callback_request_id.clone()))?;
        self.inner.recorded(identity)
    }

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<Charge>, JournalError> {
        self.inner.charge(key)
    }

    fn write(&mut self, entry: &Entry) -> Result<(), JournalError> {
        (self.script)(Call::Write(entry.identity.callback_request_id.clone()))?;
        self.inner.write(entry)
    }

    fn commit(&mut self) -> Result<(), JournalError> {
        (self.script)(Call::Commit)
    }

    fn abandon(&mut self) -> Result<(), JournalError> {
        (self.script)(Call::Abandon)
    }

    fn tidy(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    fn prune(&mut self, end: Time, now: Time) -> Result<Duration, JournalError> {
        self.inner.prune(end, now)
    }

    fn find(&mut self, tenant: &str, lookup: &Lookup) -> Result<Option<Record>, JournalError> {
        self.inner.find(tenant, lookup)
    }
}

/// Holds the writer at its first commit until it is opened.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    changed: Condvar,
    reached: AtomicBool,
}

impl Gate {
    fn pass(&self) {
        self.reached.store(true, Ordering::SeqCst);
        let open = self.open.lock().unwrap();
        drop(self.changed.wait_while(open, |open| !*open).unwrap());
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.changed.notify_all();
    }

    /// The guard opens it at the end of a test, else one that fails here would wait for the writer for ever.
    #[must_use]
    async fn until_reached(self: &Arc<Self>) -> OpenAtEnd {
        while !self.reached.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        OpenAtEnd(self.clone())
    }
}

struct OpenAtEnd(Arc<Gate>);

impl Drop for OpenAtEnd {
    fn drop(&mut self) {
        self.0.open();
    }
}

fn desk(script: impl FnMut(Call) -> Result<(), JournalError> + Send + 'static) -> Desk {
    Desk::open(ScriptedJournal::new(script), &Arc::new(policy(vec![count_per_hour(1_000_000)])), &clock())
}

fn disk_full() -> JournalError {
    JournalError::Failed("database or disk is full".into())
}

#[tokio::test]
async fn a_failed_commit_gives_nobody_an_answer_and_ends_the_store() {
    let mut commits = 0;
    let desk = desk(move |call| {
        commits += usize::from(call == Call::Commit);
        if call == Call::Commit && commits == 2 { Err(disk_full()) } else { Ok(()) }
    });
    let durable = desk.allow(&request("tx-1")).await;
    let failed = StoreError::Failed("database or disk is full".into());
    assert_eq!(desk.ask(&request("tx-2")).await, Err(failed.clone()));
    for asked in [request("tx-1"), request("tx-2"), request("tx-3")] {
        assert_eq!(
            desk.ask(&asked).await,
            Err(failed.clone()),
            "no answer after the failure, not even a recorded one"
        );
    }
    assert_eq!(desk.store.readiness(), Err(failed.clone()));
    let lookup = Lookup::Id(durable.id);
    assert_eq!(desk.store.get("default".into(), lookup).await, Err(failed.clone()));
    drop(desk.store);
    assert_eq!(*desk.fatal.lock().unwrap(), [failed]);
    assert_eq!(desk.metrics.failures.get(), 1);
}

#[tokio::test]
async fn everybody_in_a_failed_batch_gets_the_failure_repeats_included() {
    let gate = Arc::new(Gate::default());
    let (held, mut commits) = (gate.clone(), 0);
    let desk = desk(move |call| {
        if call != Call::Commit {
            return Ok(());
        }
        held.pass();
        commits += 1;
        if commits == 1 { Ok(()) } else { Err(disk_full()) }
    });
    let first = desk.store.decide(proposal(&desk.policy, &request("tx-0")));
    let _open = gate.until_reached().await;
    let batch: Vec<_> = ["tx-0", "tx-1", "tx-1", "tx-2"]
        .map(|id| desk.store.decide(proposal(&desk.policy, &request(id))))
        .into_iter()
        .collect();
    gate.open();
    assert_eq!(first.await.unwrap().decision.action, Action::Approve);
    for pending in batch {
        assert!(matches!(pending.await, Err(StoreError::Failed(_))));
    }
}

#[tokio::test]
async fn whoever_waits_behind_a_failed_batch_gets_the_failure_and_nothing_more_is_tried() {
    let gate = Arc::new(Gate::default());
    let begins = Arc::new(AtomicUsize::new(0));
    let (held, counted) = (gate.clone(), begins.clone());
    let desk = desk(move |call| match call {
        Call::Begin => {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
        Call::Commit => {
            held.pass();
            Err(disk_full())
        }
        _ => Ok(()),
    });
    let ask = |each: usize| desk.store.decide(proposal(&desk.policy, &request(&format!("tx-{each}"))));
    let first = ask(0);
    let _open = gate.until_reached().await;
    let waiting: Vec<_> = (1..=2 * MAX_BATCH).map(ask).chain([first]).collect();
    gate.open();
    for pending in waiting {
        assert!(matches!(pending.await, Err(StoreError::Failed(_))));
    }
    assert_eq!(begins.load(Ordering::SeqCst), 1);
    drop(desk.store);
    assert_eq!(desk.fatal.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_write_that_fails_ends_the_store_whatever_it_calls_itself() {
    for error in [disk_full(), JournalError::Busy, JournalError::Unreadable("half a row".into())] {
        let text: Arc<str> = error.to_string().into();
        let desk = desk(move |call| if matches!(call, Call::Write(_)) { Err(error.clone()) } else { Ok(()) });
        assert_eq!(desk.ask(&request("tx")).await, Err(StoreError::Failed(text)));
        drop(desk.store);
        assert_eq!(desk.fatal.lock().unwrap().len(), 1);
    }
}

/// A policy that cannot be kept, or whose past cannot be read, does not decide; a broken disk ends the store.
#[tokio::test]
async fn a_policy_that_cannot_be_adopted_leaves_the_one_before_it() {
    let unreadable = JournalError::Unreadable("charge 7: not JSON".into());
    let failing = [
        (Call::RememberPolicy("other".into()), JournalError::Busy, true),
        (Call::Charges, unreadable, true),
        (Call::RememberPolicy("other".into()), disk_full(), false),
        (Call::Charges, disk_full(), false),
    ];
    for (failing, error, goes_on) in failing {
        let (expected, adopting) = (StoreError::from(error.clone()), Arc::new(AtomicBool::new(false)));
        let armed = Arc::clone(&adopting);
        let desk =
            desk(
                move |call| {
                    if armed.load(Ordering::SeqCst) && call == failing { Err(error.clone()) } else { Ok(()) }
                },
            );
        adopting.store(true, Ordering::SeqCst);
        let other = Arc::new(Policy { hash: "other".into(), ..policy(vec![ether_per_hour("1")]) });
        let refused = desk.store.adopt(other, Document::default()).await;
        assert_eq!((refused, desk.store.policy().hash.as_str()), (Err(expected), desk.policy.hash.as_str()));
        assert_eq!(desk.ask(&request("tx")).await.is_ok(), goes_on);
    }
}

/// On PostgreSQL a decider that holds the ledger for two seconds loses it, and would come back with the same batch.
#[tokio::test]
async fn questions_that_take_long_are_spread_over_several_transactions() {
    let most = Arc::new(AtomicUsize::new(0));
    let (told, mut written) = (Arc::clone(&most), 0);
    let desk = desk(move |call| {
        match call {
            Call::Recorded(_) => std::thread::sleep(SETTLED_WITHIN / 2),
            Call::Write(_) => written += 1,
            Call::Commit => {
                told.fetch_max(written, Ordering::SeqCst);
                written = 0;
            }
            _ => {}
        }
        Ok(())
    });
    let asked: Vec<_> =
        (0..6).map(|n| desk.store.decide(proposal(&desk.policy, &request(&format!("tx-{n}"))))).collect();
    for pending in asked {
        assert_eq!(pending.await.unwrap().decision.action, Action::Approve);
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
    assert_eq!(desk.metrics.queued.get(), 0);
}

/// The past is not read again for another rule or another maximum: a ledger that has grown takes minutes for that, and an
/// operator who stops something is in a hurry.
#[tokio::test]
async fn a_policy_whose_limits_have_the_same_sums_decides_at_once() {
    let serving = Arc::new(AtomicBool::new(false));
    let armed = Arc::clone(&serving);
    let script = move |call| match call {
        Call::Charges if armed.load(Ordering::SeqCst) => Err(disk_full()),
        _ => Ok(()),
    };
    let first = Arc::new(policy(vec![count_per_hour(3), ether_per_hour("9")]));
    let desk = Desk::open(ScriptedJournal::new(script), &first, &clock());
    serving.store(true, Ordering::SeqCst);
    desk.allow(&request("tx-1").amount("2")).await;
    let adopt = async |hash: &str, policy: Policy| {
        let policy = Arc::new(Policy { hash: hash.into(), ..policy });
        desk.store.adopt(policy, Document::default()).await
    };
    let lower = policy(vec![ether_per_hour("3"), count_per_hour(2)]);
    adopt("lower", lower).await.unwrap();
    let refused = desk.reject(&request("tx-2").amount("2"), ReasonCode::LimitExceeded).await;
    assert_eq!((refused.policy_hash.as_str(), refused.limits[0].used), ("lower", ether("2")));
    desk.allow(&request("tx-3").amount("1")).await;
    desk.reject(&request("tx-4").amount("0"), ReasonCode::LimitExceeded).await;
    adopt("fewer", policy(vec![ether_per_hour("5")])).await.unwrap();
    desk.allow(&request("tx-5").amount("2")).await;
    let refused = desk.reject(&request("tx-6").amount("0.1"), ReasonCode::LimitExceeded).await;
    assert_eq!((refused.policy_hash.as_str(), refused.limits[0].used), ("fewer", ether("5")));
    let more = adopt("more", policy(vec![ether_per_hour("5"), count_per_hour(9)])).await;
    assert!(more.is_err(), "what was not counted is read, though it was counted once");
}

#[tokio::test]
async fn a_lock_of_another_program_and_an_unreadable_record_concern_one_request_only() {
    let mut begins = 0;
    let desk = desk(move |call| match call {
        Call::Begin => {
            begins += 1;
            if begins == 1 { Err(JournalError::Busy) } else { Ok(()) }
        }
        Call::Recorded(id) if id == "broken" => Err(JournalError::Unreadable("decision 7: not JSON".into())),
        _ => Ok(()),
    });
    assert_eq!(desk.ask(&request("tx")).await, Err(StoreError::Busy));
    assert_eq!(
        desk.ask(&request("broken")).await,
        Err(StoreError::Unreadable("decision 7: not JSON".into()))
    );
    desk.allow(&request("tx")).await;
    assert_eq!(desk.store.readiness(), Ok(()));
    assert!(desk.fatal.lock().unwrap().is_empty());
}

/// Asks until there is an answer: a store that went away comes back by itself.
async fn until_back(desk: &Desk, asked: &policy::request::Request) -> crate::store::Answer {
    loop {
        match desk.ask(asked).await {
            Ok(answer) => return answer,
            Err(StoreError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(1)).await,
            Err(other) => panic!("{other}"),
        }
    }
}

/// Whether a commit whose answer was lost is on record shows when the same is asked again.
#[tokio::test]
async fn a_journal_that_is_lost_decides_nothing_until_it_is_joined_again_and_the_sums_are_made_anew() {
    let cut = || JournalError::Lost("the connection was cut".into());
    for lost in [Call::Begin, Call::Recorded("tx-2".into()), Call::Write("tx-2".into()), Call::Commit] {
        let (mut failed, mut joins, written) = (false, 0, lost == Call::Commit);
        let (armed, looked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (begun, seen) = (armed.clone(), looked.clone());
        let desk = desk(move |call| {
            if !begun.load(Ordering::SeqCst) {
                return Ok(());
            }
            joins += usize::from(call == Call::Join);
            let refused = joins < 3 || !seen.load(Ordering::SeqCst);
            if call == Call::Join && refused || !failed && call == lost {
                failed = true;
                return Err(cut());
            }
            Ok(())
        });
        desk.allow(&request("tx-1")).await;
        armed.store(true, Ordering::SeqCst);
        let away = StoreError::Unavailable("the connection was cut".into());
        assert_eq!(desk.ask(&request("tx-2")).await, Err(away.clone()));
        assert_eq!(desk.store.readiness(), Err(away));
        looked.store(true, Ordering::SeqCst);
        let answer = until_back(&desk, &request("tx-2")).await;
        assert_eq!((answer.decision.action, answer.recorded_earlier), (Action::Approve, written));
        assert_eq!(desk.allow(&request("tx-3")).await.limits[0].used.to_string(), "2");
        assert_eq!((desk.store.readiness(), desk.metrics.failures.get()), (Ok(()), 1));
        assert!(desk.fatal.lock().unwrap().is_empty());
    }
}

/// As while the disk of the server is full: to come back says nothing of the next commit. Whoever looks at readiness four
/// times a second would see it turn each time.
#[tokio::test]
async fn a_store_whose_commits_keep_failing_is_left_alone_for_longer_each_time() {
    const JOINS: u32 = 5;
    let (full, joins) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (failing, counted) = (full.clone(), joins.clone());
    let desk = desk(move |call| match call {
        Call::Join => {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
        Call::Commit if failing.load(Ordering::SeqCst) => Err(JournalError::Lost("the disk is full".into())),
        _ => Ok(()),
    });
    let pauses = |joins: u32| (0..joins).map(|join| FIRST_PAUSE * 2_u32.pow(join)).sum::<Duration>();
    // The journal in memory keeps what was not committed: each is another.
    let mut ids = (0..).map(|id| request(&format!("tx-{id}")));
    for round in 0..2 {
        full.store(true, Ordering::SeqCst);
        let (started, before) = (Instant::now(), joins.load(Ordering::SeqCst));
        while joins.load(Ordering::SeqCst) < before + JOINS as usize {
            let told = desk.ask(&ids.next().unwrap()).await;
            assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let passed = started.elapsed();
        assert!(passed >= pauses(JOINS), "{JOINS} times within {passed:?}");
        assert!(
            round == 0 || passed < LONGEST_PAUSE * (JOINS - 1),
            "what was committed says nothing: {passed:?}"
        );
        full.store(false, Ordering::SeqCst);
        until_back(&desk, &ids.next().unwrap()).await;
    }
}

#[tokio::test]
async fn a_panic_of_the_writer_is_a_failure_and_not_a_silence() {
    let desk = desk(|call| if call == Call::Commit { panic!("a fault of ours") } else { Ok(()) });
    assert!(matches!(desk.ask(&request("tx-1")).await, Err(StoreError::Failed(_))));
    assert!(matches!(desk.ask(&request("tx-2")).await, Err(StoreError::Failed(_))));
    drop(desk.store);
    assert_eq!(desk.fatal.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_has_queued_up_is_committed_together_and_a_full_queue_sheds() {
    let gate = Arc::new(Gate::default());
    let commits = Arc::new(AtomicUsize::new(0));
    let (held, counted) = (gate.clone(), commits.clone());
    let desk = desk(move |call| {
        if call == Call::Commit {
            held.pass();
            counted.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    });
    let ask = |each: usize| desk.store.decide(proposal(&desk.policy, &request(&format!("tx-{each}"))));
    let first = ask(0);
    let _open = gate.until_reached().await;
    let queued: Vec<_> = (1..=MAX_QUEUED).map(ask).collect();
    assert_eq!(desk.metrics.queued.get(), i64::try_from(MAX_QUEUED).unwrap());
    assert_eq!(ask(MAX_QUEUED + 1).await, Err(StoreError::Overloaded));
    assert_eq!(desk.metrics.overloaded.get(), 1);
    gate.open();
    first.await.unwrap();
    for pending in queued {
        assert_eq!(pending.await.unwrap().decision.action, Action::Approve);
    }
    assert_eq!(commits.load(Ordering::SeqCst), 17, "one for the first, and 1024 / 64");
    assert_eq!(desk.metrics.queued.get(), 0);
}

#[tokio::test]
async fn repeats_alone_commit_nothing() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    let desk = desk(move |call| {
        seen.lock().unwrap().push(call);
        Ok(())
    });
    desk.allow(&request("tx")).await;
    calls.lock().unwrap().clear();
    assert!(desk.answer(&request("tx")).await.recorded_earlier);
    assert_eq!(*calls.lock().unwrap(), [Call::Begin, Call::Recorded("tx".into()), Call::Abandon]);
}

#[tokio::test]
async fn a_closed_store_answers_what_it_had_taken() {
    let desk = Desk::in_memory(policy(vec![]));
    let pending = desk.store.decide(proposal(&desk.policy, &request("tx")));
    drop(desk.store);
    assert_eq!(pending.await.unwrap().decision.action, Action::Approve);
}
