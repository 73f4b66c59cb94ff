//! A decider that is down, stopped or behind a bad wire.

use std::time::Duration;

use system_tests::harness::proxy::{Proxy, Wire};
use system_tests::harness::{Options, System, eventually};
use system_tests::requests::Transfer;
use system_tests::services::Signal;

use super::{DEADLINE, approved_once, impatient, lines, told_to_retry, transfer};

const ASKED_AT_ONCE: usize = 8;
/// The edge looks for its decider four times a second.
const NOTICED: Duration = Duration::from_secs(10);

async fn all_told_to_retry(system: &System) -> Vec<Transfer> {
    let transfers: Vec<_> =
        (0..ASKED_AT_ONCE).map(|vault| transfer().from_vault(&vault.to_string())).collect();
    let asked = transfers.iter().map(|transfer| told_to_retry(system, transfer));
    join_all(asked).await;
    transfers
}

/// All of them at once, on one task.
async fn join_all(work: impl IntoIterator<Item = impl Future<Output = ()>>) {
    let mut left: Vec<_> = work.into_iter().map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        left.retain_mut(|work| work.as_mut().poll(cx).is_pending());
        if left.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[tokio::test]
async fn a_decider_that_is_down_means_retry_until_it_is_back() {
    let mut system = System::with(Options { edit_edge: impatient, ..Options::default() }).await;
    system.decider().kill().unwrap();
    let transfers = all_told_to_retry(&system).await;
    eventually("the edge says that it is not ready", NOTICED, async || {
        system.edge().admin("/readyz").await.unwrap().0 == 503
    })
    .await;
    let log = system.edge().log_text();
    // Which of the two depends on how long connecting again was tried.
    let codes = ["UNAVAILABLE", "TIMEOUT"];
    let alarms = lines(&log, "ERROR");
    assert!(alarms.iter().any(|line| codes.iter().any(|code| line["code"] == *code)), "{log}");

    system.start_decider().await;
    for transfer in &transfers {
        approved_once(&system, transfer).await;
    }
    system.stop().await;
}

#[tokio::test]
async fn a_decider_that_is_stopped_means_retry_until_it_goes_on() {
    let mut system = System::with(Options { edit_edge: impatient, ..Options::default() }).await;
    system.decider().signal(Signal::Stop).unwrap();
    let transfers = all_told_to_retry(&system).await;
    // It finds the questions in its buffers: whether it still decides them or not, there is one decision.
    system.decider().signal(Signal::Cont).unwrap();
    for transfer in &transfers {
        approved_once(&system, transfer).await;
    }
    system.stop().await;
}

#[tokio::test]
async fn a_bad_wire_means_retry_until_it_is_good() {
    let mut system = System::with(Options { edge: false, edit_edge: impatient, ..Options::default() }).await;
    let proxy = Proxy::before_decider(system.local()).await;
    system.start_edge().await;
    approved_once(&system, &transfer().from_vault("first")).await;
    for wire in [Wire::Silent, Wire::Slow(DEADLINE * 2), Wire::Garbled, Wire::Cut] {
        proxy.set(wire);
        // The decider may have decided; the edge does not know, and says so.
        let transfer =
            transfer().from_vault(&format!("{wire:?}").to_lowercase().replace(['(', ')', '.'], "-"));
        told_to_retry(&system, &transfer).await;
        told_to_retry(&system, &transfer).await;
        proxy.set(Wire::Good);
        eventually("the edge has its decider back", NOTICED, async || told_again(&system, &transfer).await)
            .await;
        approved_once(&system, &transfer).await;
    }
    system.stop().await;
}

/// Whether the same request gets another answer than RETRY by now.
async fn told_again(system: &System, transfer: &Transfer) -> bool {
    system.send(&transfer.payload()).await.reply.action != system_tests::cosigner::Action::Retry
}
