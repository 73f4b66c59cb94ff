//! Keys that change on the running system: whoever knows the new one believes the next reply, and what was decided stays.

use std::fs;
use std::time::Duration;

use system_tests::cosigner::{Action, Config, Cosigner, Error};
use system_tests::harness::{System, eventually};
use system_tests::requests::{Destination, Transfer};
use system_tests::services::Signal;
use system_tests::vectors;

const TREASURY: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";
const NOTICED: Duration = Duration::from_secs(20);

/// Tells the edge that its files are whole, and waits until that is the `count`th configuration that it took.
async fn reloaded(system: &mut System, count: usize) {
    system.edge().signal(Signal::Hangup).unwrap();
    let line = format!("countersign_edge_config_reloads_total{{outcome=\"taken\"}} {count}");
    eventually("the change is in force", NOTICED, async || {
        let (_, metrics) = system.edge().admin("/metrics").await.unwrap();
        metrics.lines().any(|each| each == line)
    })
    .await;
}

#[tokio::test]
async fn a_reply_key_is_rolled_to_es256_and_back() {
    let mut system = System::start().await;
    let rsa = system.cosigner();
    let p256 = Cosigner::new(&Config {
        reply_key: vectors::path("synthetic_callback_p256_public.pem"),
        ..system.cosigner_config()
    })
    .unwrap();
    let old = fs::read(system.local().reply_private_key()).unwrap();
    let new = vectors::read("synthetic_callback_p256_private.pem").unwrap();
    let payload =
        Transfer::new("ETH", Destination::vault("1", TREASURY, "0.6").usd("1")).from_vault("7").payload();

    let before = rsa.send(&payload).await.unwrap().reply;
    assert_eq!(before.action, Action::Approve);
    assert!(matches!(p256.send(&payload).await, Err(Error::Reply(_))));
    for (count, (key, believes, doubts)) in [(&new, &p256, &rsa), (&old, &rsa, &p256)].into_iter().enumerate()
    {
        fs::write(system.local().reply_private_key(), key).unwrap();
        reloaded(&mut system, count + 1).await;
        // The recorded answer, signed afresh: the second 0.6 of an hour would have been too much.
        assert_eq!(believes.send(&payload).await.unwrap().reply, before);
        assert!(matches!(doubts.send(&payload).await, Err(Error::Reply(_))));
    }
    system.stop().await;
}

#[tokio::test]
async fn a_retired_co_signer_gets_nothing_more() {
    let mut system = System::start().await;
    let cosigner = system.cosigner();
    let payload =
        Transfer::new("ETH", Destination::vault("1", TREASURY, "0.1").usd("1")).from_vault("7").payload();
    assert_eq!(cosigner.send(&payload).await.unwrap().reply.action, Action::Approve);
    fs::copy(vectors::path("synthetic_cosigner_public.pem"), system.local().cosigner_public_key()).unwrap();
    reloaded(&mut system, 1).await;
    assert!(matches!(cosigner.send(&payload).await, Err(Error::Refused { status: 401, .. })));
    system.stop().await;
}
