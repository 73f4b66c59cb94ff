//! A policy that changes while both services run: adopted by its time or by SIGHUP, or refused and told.

use std::time::Duration;

use system_tests::cosigner::Action;
use system_tests::harness::{Options, System, eventually};
use system_tests::local::DEMO_POLICY;
use system_tests::requests::{Destination, Transfer};
use system_tests::services::Signal;

const TREASURY: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";
const NOTICED: Duration = Duration::from_secs(20);

async fn pay(system: &System, amount: &str) -> (Action, String) {
    let transfer = Transfer::new("ETH", Destination::vault("1", TREASURY, amount).usd("1")).from_vault("7");
    let reply = system.send(&transfer.payload()).await.reply;
    (reply.action, reply.rejection_reason.unwrap_or_default())
}

/// The hash that decides, and whether the one on disk is refused.
async fn told(system: &mut System) -> (String, bool) {
    let (_, metrics) = system.decider().admin("/metrics").await.unwrap();
    let line =
        metrics.lines().find(|line| line.starts_with("countersign_decider_policy_info")).unwrap_or_default();
    (line.to_owned(), metrics.lines().any(|line| line == "countersign_decider_policy_refused 1"))
}

#[tokio::test]
async fn a_policy_that_changes_decides_without_a_restart() {
    let mut system = System::start().await;
    assert_eq!(pay(&system, "0.6").await.0, Action::Approve);
    let (first, _) = told(&mut system).await;

    // What was spent before counts: 0.6 of the new 0.7 are gone.
    let tighter = DEMO_POLICY.replace("max: {amount: \"1\"}", "max: {amount: \"0.7\"}");
    assert_ne!(tighter, DEMO_POLICY);
    std::fs::write(system.local().policy(), &tighter).unwrap();
    system.decider().signal(Signal::Hangup).unwrap();
    eventually("the change decides", NOTICED, async || told(&mut system).await.0 != first).await;
    let (action, reason) = pay(&system, "0.2").await;
    assert_eq!(action, Action::Reject);
    assert!(reason.contains("eth-per-vault-and-hour"), "{reason}");
    assert_eq!(pay(&system, "0.1").await.0, Action::Approve);

    // Half of it, as an editor leaves it that was killed: refused, told, and nothing changes.
    let (second, _) = told(&mut system).await;
    std::fs::write(system.local().policy(), &tighter[..tighter.len() - 20]).unwrap();
    system.decider().signal(Signal::Hangup).unwrap();
    eventually("the half is refused", NOTICED, async || told(&mut system).await.1).await;
    assert_eq!(told(&mut system).await.0, second);
    assert!(system.logs().contains("the policy on disk has mistakes"), "{}", system.logs());
    assert_eq!(pay(&system, "0.1").await.0, Action::Reject);

    // Nobody says anything: it is noticed all the same.
    std::fs::write(system.local().policy(), DEMO_POLICY).unwrap();
    eventually("the first policy decides again", NOTICED, async || {
        told(&mut system).await == (first.clone(), false)
    })
    .await;
    assert_eq!(pay(&system, "0.1").await.0, Action::Approve);
    system.stop().await;
}

#[tokio::test]
async fn how_often_it_looks_is_configured() {
    let options =
        Options { edit_decider: |yaml| format!("{yaml}\nreload: 1s\n"), ..Options::policy(DEMO_POLICY) };
    let mut system = System::with(options).await;
    let (first, _) = told(&mut system).await;
    std::fs::write(system.local().policy(), format!("{DEMO_POLICY}\n# Reviewed.\n")).unwrap();
    eventually("the change decides", NOTICED, async || told(&mut system).await.0 != first).await;
    system.stop().await;
}
