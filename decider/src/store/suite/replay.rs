//! Every verdict comes out of its record again (decision model, invariant 10).

use std::sync::Arc;

use policy::evaluate::evaluate;
use policy::limit::{Cap, KeyPart};
use policy::request::Request;
use policy::settle::settle;
use policy::time::{Calendar, CalendarUnit, Window, Zone};

use super::fixture::*;

fn scenario() -> Vec<Request> {
    let mut elsewhere = request("tx-6").amount("0.1");
    elsewhere.destinations[0].account.id = Some("2".into());
    vec![
        request("tx-1"),
        request("tx-2").amount("5"),
        request("tx-1").signing().address(Some(address('a'))),
        request("tx-1").signing().signer("bob").address(Some(address('a'))),
        request("tx-1").signing().signer("carol").address(Some(address('b'))),
        request("tx-1").id("unrelated"),
        request("tx-3").usd(None),
        request("tx-4").amount("1e5"),
        request("tx-5").source("7"),
        elsewhere,
    ]
}

#[tokio::test]
async fn every_record_settles_the_same_from_its_evidence() {
    for backend in Backend::each() {
        let today = Window::Calendar(Calendar { unit: CalendarUnit::Day, zone: Zone::named("UTC").unwrap() });
        let limits = vec![
            ether_per_hour("4"),
            keyed(usd_per_hour("9000"), &[KeyPart::Source, KeyPart::Signer]),
            through("payees", Cap::Destinations(1), today),
        ];
        let desk = backend.open(&Arc::new(policy(limits)), &clock());
        for asked in scenario() {
            desk.clock.advance(MICROSECOND);
            let decision = desk.decide(&asked).await;
            let evidence = evidence_of(&desk.record(&decision).await);
            let evaluation = evaluate(&desk.policy, &asked, &evidence.prices(), evidence.asked_at.unwrap());
            let again =
                settle(&desk.policy, &asked, &evaluation, &mut evidence.answers(), decision.at).unwrap();
            assert_eq!(
                (again.verdict, again.action, &again.reason, &again.limits),
                (decision.verdict, decision.action, &decision.reason, &decision.limits),
                "{} {asked:?}",
                backend.name()
            );
        }
    }
}
