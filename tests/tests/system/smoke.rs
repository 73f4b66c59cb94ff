//! The shortest way through the whole system, and through the edge alone.

use system_tests::cosigner::{Action, Endpoint};
use system_tests::harness::scripted_decider::{ScriptedDecider, approval};
use system_tests::harness::{Options, System};
use system_tests::requests::{Destination, Transfer, address_book_change};
use system_tests::services::ports;
use system_tests::vectors;

const TREASURY: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";

fn transfer() -> Transfer {
    Transfer::new("ETH", Destination::vault("1", TREASURY, "0.25").usd("468.57"))
}

#[tokio::test]
async fn an_approval_is_signed_recorded_and_charged() {
    let mut system = System::start().await;
    let transfer = transfer().from_vault("7").signed_by("signer-1");
    let answer = system.send(&transfer.payload()).await;
    assert_eq!(answer.reply.action, Action::Approve, "{}", system.logs());

    let record = system.record(&transfer.request_id).await.unwrap();
    assert_eq!(record.charges.len(), 1);
    assert_eq!(record.charges[0].amount, "250000000000000000");
    assert_eq!(system.send(&address_book_change()).await.reply.action, Action::Ignore);

    system.kill_and_restart_decider().await;
    system.kill_and_restart_edge().await;
    assert_eq!(system.send(&transfer.payload()).await.reply.action, Action::Approve);
    assert_eq!(system.record(&transfer.request_id).await, Some(record), "the same record, nothing added");
    system.stop().await;
    let addresses = system.local().addresses().unwrap();
    ports::check_free(&addresses).unwrap();
}

#[tokio::test]
async fn an_edge_asks_its_decider_once_and_says_what_it_said() {
    let mut system = System::with(Options { decider: false, edge: false, ..Options::default() }).await;
    let decider = ScriptedDecider::start(system.local(), |request| Ok(approval(&request))).await;
    system.start_edge().await;
    let cosigner = system.cosigner();
    let answer = cosigner
        .send(vectors::ETHEREUM_REQUEST)
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", system.logs()));
    assert_eq!(answer.reply.action, Action::Approve);
    assert_eq!(decider.calls(), 1);

    let forged = vectors::read("synthetic_request_tx_sign.jwt").unwrap();
    assert_eq!(cosigner.post(Endpoint::Transaction, forged).await.unwrap().status, 401);
    assert_eq!(decider.calls(), 1);
}
