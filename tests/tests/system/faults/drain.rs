//! SIGTERM: what is in flight is answered, then the process ends with 0.

use std::time::Duration;

use system_tests::cosigner::Action;
use system_tests::harness::proxy::{Proxy, Wire};
use system_tests::harness::{Options, System, eventually};
use system_tests::services::{STOP_TIMEOUT, Signal};

use super::{approved_once, on_file, transfer};

const IN_FLIGHT: usize = 6;
/// So long does an answer of the decider take while the edge is told to end.
const ANSWER_TAKES: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_is_told_to_end_answers_what_it_has() {
    let mut system = System::with(Options { edge: false, ..Options::default() }).await;
    let proxy = Proxy::before_decider(system.local()).await;
    system.start_edge().await;
    proxy.set(Wire::Slow(ANSWER_TAKES));
    let cosigner = system.cosigner();
    let transfers: Vec<_> = (0..IN_FLIGHT).map(|_| transfer()).collect();
    let asked: Vec<_> = transfers
        .iter()
        .map(|transfer| {
            let (cosigner, payload) = (cosigner.clone(), transfer.payload());
            tokio::spawn(async move { cosigner.send(&payload).await })
        })
        .collect();
    let all = format!("countersign_edge_requests_in_flight {IN_FLIGHT}");
    eventually("all requests are in flight", Duration::from_secs(10), async || {
        system.edge().admin("/metrics").await.unwrap().1.contains(&all)
    })
    .await;
    system.edge().signal(Signal::Term).unwrap();
    eventually("it says that it is not ready", ANSWER_TAKES, async || {
        system.edge().admin("/readyz").await.is_ok_and(|(status, _)| status == 503)
    })
    .await;
    for answer in asked {
        let answer = answer.await.unwrap().unwrap_or_else(|error| panic!("{error}\n{}", system.logs()));
        assert_eq!(answer.reply.action, Action::Approve);
    }
    let ended = system.edge().ended(STOP_TIMEOUT).await.unwrap();
    assert_eq!(ended.and_then(|status| status.code()), Some(0), "{}", system.logs());
    proxy.set(Wire::Good);
    system.start_edge().await;
    for transfer in &transfers {
        approved_once(&system, transfer).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decider_that_is_told_to_end_forgets_nothing() {
    let mut system = System::start().await;
    let cosigner = system.cosigner();
    let asked: Vec<_> = (0..200)
        .map(|number| {
            let (cosigner, transfer) = (cosigner.clone(), transfer().from_vault(&number.to_string()));
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(10 * number)).await;
                let answer = cosigner.send(&transfer.payload()).await;
                (transfer, answer.unwrap().reply.action)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let code = system.decider().stop(STOP_TIMEOUT).await.unwrap().code();
    assert_eq!(code, Some(0), "{}", system.logs());
    let (mut approved, mut later) = (0, Vec::new());
    for answer in asked {
        let (transfer, action) = answer.await.unwrap();
        match action {
            Action::Approve => {
                approved += 1;
                assert_eq!(on_file(&system, &transfer), (vec!["APPROVE".to_owned()], 1));
            }
            Action::Retry => later.push(transfer),
            other => panic!("{other}: {transfer:?}"),
        }
    }
    assert!(approved > 0 && !later.is_empty(), "{approved} approved, {} to ask again", later.len());
    system.start_decider().await;
    for transfer in &later {
        approved_once(&system, transfer).await;
    }
}
