//! The headline promise: one unit of headroom raced for by many gives one approval, and the same request, however
//! often and however parallel it comes, one charge and one action.

use proto::decider::v1::{self as wire, ReasonCode};
use system_tests::cosigner::{Action, Cosigner, Endpoint};
use system_tests::harness::Options;
use system_tests::harness::System;
use system_tests::requests::{Destination, Transfer, address_book_change};
use system_tests::services::decisions::{TENANT, newest, within_deadline};
use tokio::task::JoinSet;

use crate::on_record::{LedgerFile, answer_of};

const TREASURY: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";
/// Requests at once.
const RACERS: usize = 64;
/// Repeats one after the other.
const REPEATS: usize = 20;

/// Any ETH, at most so much of it in a day.
fn policy(max: &str) -> String {
    format!(
        r#"
version: 1
assets:
  ETH: {{chain: evm, decimals: 18}}
allow:
  - id: any-eth
    when: {{assets: [ETH]}}
limits:
  - id: eth-per-day
    when: {{assets: [ETH]}}
    key: [asset]
    max: {{amount: "{max}"}}
    window: 24h
"#
    )
}

fn transfer(amount: &str) -> Transfer {
    Transfer::new("ETH", Destination::vault("1", TREASURY, amount))
}

/// Base units of decimal text.
fn wei(amount: &str) -> u128 {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    format!("{whole}{fraction:0<18}").parse().unwrap()
}

/// Sends all of these at once, over connections that are there already. The actions, in the order of the requests.
async fn at_once(cosigner: &Cosigner, payloads: Vec<Vec<u8>>) -> Vec<Action> {
    let tokens = payloads.iter().map(|payload| cosigner.sign(payload).unwrap()).collect::<Vec<_>>();
    let warm_up = payloads.iter().map(|_| cosigner.sign(&address_book_change()).unwrap()).collect();
    all(cosigner, Endpoint::ConfigChange, warm_up).await;
    all(cosigner, Endpoint::Transaction, tokens).await
}

async fn all(cosigner: &Cosigner, endpoint: Endpoint, tokens: Vec<String>) -> Vec<Action> {
    let mut racers = JoinSet::new();
    for (place, token) in tokens.into_iter().enumerate() {
        let cosigner = cosigner.clone();
        racers
            .spawn(async move { (place, cosigner.send_token(endpoint, &token).await.unwrap().reply.action) });
    }
    let mut actions = racers.join_all().await;
    actions.sort_by_key(|(place, _)| *place);
    actions.into_iter().map(|(_, action)| action).collect()
}

fn approvals(actions: &[Action]) -> usize {
    actions.iter().filter(|action| **action == Action::Approve).count()
}

/// One round: what is spent before, what each of the racers asks, and that there is room for exactly one of them.
async fn race_for_one(max: &str, spent: Option<&str>, amount: &str) {
    let mut system = System::with(Options::policy(&policy(max))).await;
    let cosigner = system.cosigner();
    if let Some(spent) = spent {
        let first = cosigner.send(&transfer(spent).payload()).await.unwrap();
        assert_eq!(first.reply.action, Action::Approve, "{spent} of {max}");
    }
    let racers: Vec<_> = (0..RACERS).map(|_| transfer(amount)).collect();
    let payloads: Vec<_> = racers.iter().map(Transfer::payload).collect();
    let actions = at_once(&cosigner, payloads.clone()).await;
    assert_eq!(approvals(&actions), 1, "{max}, {spent:?} spent, {amount} each: {actions:?}");

    let spent = spent.map_or(0, wei);
    check_records(&system, &racers, &actions, spent + wei(amount)).await;
    assert!(spent + wei(amount) <= wei(max) && spent + 2 * wei(amount) > wei(max), "there was room for one");
    system.kill_and_restart_decider().await;
    assert_eq!(at_once(&cosigner, payloads).await, actions, "asked again, each gets its own action again");
    check_records(&system, &racers, &actions, spent + wei(amount)).await;
}

/// The decider's answers, their charges and the file say the same.
async fn check_records(system: &System, racers: &[Transfer], actions: &[Action], expected: u128) {
    let mut client = system.decisions();
    for (racer, action) in racers.iter().zip(actions) {
        let record = newest(&mut client, &racer.request_id).await.unwrap().unwrap();
        let charged: u128 = record.charges.iter().map(|charge| charge.amount.parse::<u128>().unwrap()).sum();
        let answer = answer_of(record);
        let (reason, amount) = match action {
            Action::Approve => (ReasonCode::Allowed, wei(&racer.amount)),
            _ => (ReasonCode::LimitExceeded, 0),
        };
        assert_eq!((answer.reason_code(), charged), (reason, amount), "{answer:?}");
    }
    let ledger = LedgerFile::open(system.local());
    assert_eq!(ledger.charged(), expected);
    assert_eq!(ledger.count("REJECT") as usize, racers.len() - 1);
}

#[tokio::test]
async fn one_unit_of_headroom_goes_to_one_of_many() {
    race_for_one("1", None, "1").await;
}

#[tokio::test]
async fn one_wei_of_headroom_above_64_bits_goes_to_one_of_many() {
    race_for_one("100.000000000000000001", Some("100"), "0.000000000000000001").await;
}

#[tokio::test]
async fn two_amounts_above_64_bits_that_are_one_wei_too_much_do_not_fit() {
    race_for_one("100.000000000000000001", None, "50.000000000000000001").await;
}

#[tokio::test]
async fn the_limit_is_filled_to_the_last_wei_and_no_further() {
    let system = System::with(Options::policy(&policy("20.000000000000000005"))).await;
    let payloads = (0..RACERS).map(|_| transfer("4.000000000000000001").payload()).collect();
    assert_eq!(approvals(&at_once(&system.cosigner(), payloads).await), 5);
    assert_eq!(LedgerFile::open(system.local()).charged(), wei("20.000000000000000005"));
}

/// Sends one request once, then 20 times, then 64 times in parallel: always the same action, and one decision.
async fn repeated(amount: &str, expected: Action, charges: usize) {
    let system = System::with(Options::policy(&policy("1"))).await;
    let (cosigner, transfer) = (system.cosigner(), transfer(amount));
    let payload = transfer.payload();
    let first = cosigner.send(&payload).await.unwrap().reply;
    assert_eq!(first.action, expected);
    let record = system.record(&transfer.request_id).await.unwrap();
    for _ in 0..REPEATS {
        assert_eq!(cosigner.send(&payload).await.unwrap().reply, first);
    }
    let actions = at_once(&cosigner, vec![payload; RACERS]).await;
    assert!(actions.iter().all(|action| *action == expected), "{actions:?}");

    assert_eq!(system.record(&transfer.request_id).await, Some(record), "same decision id, same charges");
    let ledger = LedgerFile::open(system.local());
    assert_eq!((ledger.decisions(&transfer.request_id).len(), ledger.charges().len()), (1, charges));
}

#[tokio::test]
async fn a_repeated_approval_is_charged_once() {
    repeated("0.3", Action::Approve, 1).await;
}

#[tokio::test]
async fn a_repeated_rejection_stays_one() {
    repeated("1.000000000000000001", Action::Reject, 0).await;
}

/// Nobody was first when they all came: the request that is decided and the 63 that find it on record are one.
#[tokio::test]
async fn the_first_time_in_parallel_is_one_decision() {
    let system = System::with(Options::policy(&policy("1"))).await;
    let transfer = transfer("0.7");
    let actions = at_once(&system.cosigner(), vec![transfer.payload(); RACERS]).await;
    assert_eq!(approvals(&actions), RACERS);
    let ledger = LedgerFile::open(system.local());
    assert_eq!(ledger.decisions(&transfer.request_id).len(), 1);
    assert_eq!(ledger.charged(), wei("0.7"));
}

#[tokio::test]
async fn another_client_gets_one_decision_id_for_all_of_them() {
    let system = System::with(Options::policy(&policy("1"))).await;
    let mut calls = JoinSet::new();
    for _ in 0..RACERS {
        let mut client = system.decisions();
        calls.spawn(async move { client.decide(within_deadline(question())).await.unwrap().into_inner() });
    }
    let answers = calls.join_all().await;
    let fresh: Vec<_> = answers.iter().filter(|answer| !answer.recorded_earlier).collect();
    assert_eq!(fresh.len(), 1, "one of them was decided, the others were read");
    for answer in &answers {
        let first = wire::DecideResponse { recorded_earlier: answer.recorded_earlier, ..fresh[0].clone() };
        assert_eq!(*answer, first);
        assert_eq!(answer.action(), wire::Action::Approve);
    }
    assert_eq!(LedgerFile::open(system.local()).charged(), wei("0.6"));
}

fn question() -> wire::DecideRequest {
    let some = |text: &str| Some(text.to_owned());
    let peer = |id| Some(wire::Peer { r#type: some("VAULT"), id: some(id), subtype: None });
    wire::DecideRequest {
        tenant: TENANT.to_owned(),
        callback_request_id: "r-1".to_owned(),
        tx_id: some("t-1"),
        operation: some("TRANSFER"),
        source: peer("0"),
        asset_id: some("ETH"),
        amount: some("0.6"),
        requested_amount: some("0.6"),
        destinations: vec![wire::Destination { peer: peer("1"), amount: some("0.6"), ..Default::default() }],
        ..wire::DecideRequest::default()
    }
}
