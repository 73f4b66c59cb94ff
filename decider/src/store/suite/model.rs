//! SQLite and PostgreSQL against the model in memory: the same questions at the same times, restarts included, give the same
//! answers; and no window is ever over its cap.

use std::sync::Arc;
use std::time::Duration;

use policy::amount::Amount;
use policy::charge::Charge;
use policy::document::Policy;
use policy::limit::{Cap, KeyPart};
use policy::request::Request;
use policy::time::{Calendar, CalendarUnit, Window, Zone};
use proptest::prelude::*;

use super::fixture::*;
use crate::clock::testing::ManualClock;
use crate::store::journal::Journal;
use crate::store::{Answer, Record, Store, StoreError};

const CASES: u32 = 24;
const MAX_STEPS: usize = 40;

#[derive(Debug, Clone)]
enum Step {
    Ask(Box<Request>),
    ConfigChange(u8, u8),
    Advance(Duration),
    SetBack(Duration),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => asked().prop_map(|request| Step::Ask(Box::new(request))),
        1 => (0..3_u8, 0..2_u8).prop_map(|(id, details)| Step::ConfigChange(id, details)),
        3 => pause().prop_map(Step::Advance),
        1 => pause().prop_map(Step::SetBack),
        1 => Just(Step::Reopen),
    ]
}

/// Around the edges of the windows, which are an hour long.
fn pause() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(MICROSECOND),
        Just(Duration::from_secs(1800)),
        Just(Duration::from_secs(1800) - MICROSECOND),
        Just(HOUR - MICROSECOND),
        Just(HOUR),
    ]
}

fn asked() -> impl Strategy<Value = Request> {
    let amounts = prop::sample::select(vec!["1", "0.5", "1.000000000000000001", "3"]);
    let ids = prop::sample::select(vec!["", "-1", "other-1", "other-2"]);
    let signers = prop::sample::select(vec!["alice", "bob"]);
    let addresses = prop::option::of(prop::sample::select(vec!['a', 'b']));
    (0..5_u8, ids, amounts, signers, any::<bool>(), addresses, any::<bool>()).prop_map(
        |(tx, id, amount, signer, signing, to, priced)| {
            let tx = format!("tx{tx}");
            let id = if id.starts_with("other") { format!("{id}-{tx}") } else { format!("{tx}{id}") };
            let asked = request(&tx).id(&id).amount(amount).signer(signer).address(to.map(address));
            let asked = asked.usd(priced.then_some("1000"));
            if signing { asked.signing() } else { asked }
        },
    )
}

/// Its midnight is an hour and 47 minutes after the start.
fn today() -> Window {
    let zone = Zone::named("Europe/London").unwrap();
    Window::Calendar(Calendar { unit: CalendarUnit::Day, zone })
}

fn limits() -> Policy {
    policy(vec![
        ether_per_hour("3"),
        keyed(count_per_hour(2), &[KeyPart::Signer]),
        keyed(usd_per_hour("2500"), &[KeyPart::Source]),
        through("transactions-per-day", Cap::Count(4), today()),
        through("payees-ever", Cap::Destinations(1), Window::Lifetime),
    ])
}

/// Every store, each with a clock of its own that is moved in step. The model comes first.
struct All {
    policy: Arc<Policy>,
    backends: [Backend; 3],
    clocks: [Arc<ManualClock>; 3],
    desks: Vec<Desk>,
}

impl All {
    fn open() -> Self {
        let (backends, clocks) = (Backend::each(), [clock(), clock(), clock()]);
        let mut all = Self { policy: Arc::new(limits()), backends, clocks, desks: Vec::new() };
        all.reopen();
        all
    }

    fn reopen(&mut self) {
        self.desks.clear();
        let backends = self.backends.iter().zip(&self.clocks);
        self.desks = backends.map(|(backend, clock)| backend.open(&self.policy, clock)).collect();
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Reopen => self.reopen(),
            Step::Advance(by) => self.clocks.iter().for_each(|clock| clock.advance(*by)),
            Step::SetBack(by) => {
                for clock in &self.clocks {
                    clock.set_wall(earlier(crate::clock::Clock::wall(clock.as_ref()), *by));
                }
            }
            Step::Ask(request) => {
                let model = without_id(self.desks[0].ask(request).await);
                let record = newest(&self.desks[0], request).await;
                for (desk, backend) in self.desks.iter().zip(&self.backends).skip(1) {
                    assert_eq!(without_id(desk.ask(request).await), model, "{} {request:?}", backend.name());
                    assert_eq!(newest(desk, request).await, record, "{}", backend.name());
                }
            }
            Step::ConfigChange(id, details) => {
                let change = config_change(&format!("c{id}"), &[*details]);
                let model = without_id(Ok(self.desks[0].change(&change).await));
                for desk in &self.desks[1..] {
                    assert_eq!(without_id(Ok(desk.change(&change).await)), model);
                }
            }
        }
        self.check_windows();
    }

    /// By adding up, with none of the store's arithmetic: the amounts of the last hour up to any charge are
    /// within the cap.
    fn check_windows(&self) {
        let Backend::Memory(journal) = &self.backends[0] else { panic!("the model comes first") };
        let mut charges: Vec<Charge> = Vec::new();
        journal
            .clone()
            .charges_since(policy::time::Time::MIN, usize::MAX, &mut |charge| charges.push(charge.clone()))
            .unwrap();
        for end in charges.iter().map(|charge| charge.at) {
            let start = earlier(end, HOUR);
            let inside = charges.iter().filter(|charge| charge.at > start && charge.at <= end);
            let sum = Amount::checked_sum(inside.map(|charge| charge.intent.amount)).unwrap();
            assert!(sum <= ether("3"), "{sum} wei in the hour before {end:?}");
        }
    }
}

fn without_id(answer: Result<Answer, StoreError>) -> Result<Answer, StoreError> {
    answer.map(|mut answer| {
        answer.decision.id.clear();
        answer
    })
}

async fn newest(desk: &Desk, request: &Request) -> Record {
    let lookup = crate::store::Lookup::RequestId(request.callback_request_id.clone());
    let mut record = desk.store.get(request.tenant.clone(), lookup).await.unwrap().unwrap();
    record.decision.id.clear();
    record
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_store_is_the_model(steps in prop::collection::vec(step(), 1..MAX_STEPS)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut all = All::open();
            for step in &steps {
                all.take(step).await;
            }
        });
    }
}
