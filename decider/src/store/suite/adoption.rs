//! Another policy comes to decide while questions are asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use policy::amount::{Amount, Decimals};
use policy::document::Policy;
use policy::evaluate::evaluate;
use policy::limit::Cap;
use policy::prices::{Price, PriceTerms, Prices, UnitPrice};
use policy::time::Length;
use policy::verdict::{Action, ReasonCode};

use super::fixture::*;
use crate::document::Document;
use crate::prices::CurrentPrices;
use crate::store::bounds::MAX_CHARGES_A_PIECE;
use crate::store::{Proposal, Store, StoreError};

async fn adopt(desk: &Desk, policy: &Arc<Policy>) -> Result<(), StoreError> {
    let document = Document::of_file("policy.yaml", policy.hash.clone().into_bytes());
    desk.store.adopt(Arc::clone(policy), document).await
}

fn named(hash: &str, mut policy: Policy) -> Arc<Policy> {
    policy.hash = hash.into();
    Arc::new(policy)
}

#[tokio::test]
async fn a_new_limit_counts_the_past_of_more_than_one_piece() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![])), &clock());
        let charged = MAX_CHARGES_A_PIECE + 3;
        for number in 0..charged {
            // Several in one moment and several moments: a piece never ends within one.
            if number % 7 == 0 {
                desk.clock.advance(MICROSECOND);
            }
            desk.allow(&request(&format!("tx-{number}"))).await;
        }
        let most = u64::try_from(charged).unwrap();
        let strict = named("strict", policy(vec![count_per_hour(most)]));
        adopt(&desk, &strict).await.unwrap();
        assert_eq!(desk.store.policy().hash, "strict");
        let refused = desk.reject(&request("one-more"), ReasonCode::LimitExceeded).await;
        assert_eq!(
            (refused.policy_hash.as_str(), refused.limits[0].headroom.to_string().as_str()),
            ("strict", "0")
        );
        let wide = named("wide", policy(vec![count_per_hour(most + 1)]));
        adopt(&desk, &wide).await.unwrap();
        desk.allow(&request("fits")).await;
        desk.reject(&request("does-not"), ReasonCode::LimitExceeded).await;
    }
}

/// The rules spoke before the change; what is decided goes by the policy after it, rules and limits.
#[tokio::test]
async fn a_question_that_the_change_overtakes_is_evaluated_again() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![])), &clock());
        let first = desk.allow(&request("tx-1")).await;
        let nothing = named("nothing", Policy { allow: Vec::new(), ..policy(vec![]) });
        adopt(&desk, &nothing).await.unwrap();
        let overtaken = desk.store.decide(proposal(&desk.policy, &request("tx-2"))).await.unwrap().decision;
        assert_eq!((overtaken.action, overtaken.reason.code), (Action::Reject, ReasonCode::NoAllowRule));
        assert_eq!(overtaken.policy_hash, "nothing");
        let again = desk.store.decide(proposal(&desk.policy, &request("tx-1"))).await.unwrap();
        assert_eq!((again.decision, again.recorded_earlier), (first, true));
    }
}

/// A policy goes by its own table, whichever counted when the question was asked.
#[tokio::test]
async fn a_question_that_the_change_overtakes_is_priced_by_the_table_of_the_policy_that_decides() {
    let priced = |hash| {
        let max_age = Length::from_seconds(600).unwrap();
        let terms = PriceTerms { max_age, beside: ["ETH".to_owned()].into(), alone: BTreeSet::new() };
        named(hash, Policy { prices: Some(terms), ..policy(vec![usd_per_hour("9000")]) })
    };
    let table = |hash: &str, usd| {
        let price = Price { usd: UnitPrice::parse(usd).unwrap(), at: START };
        Arc::new(Prices { hash: hash.into(), by_asset: [("ETH".to_owned(), price)].into() })
    };
    for backend in Backend::each() {
        let prices = CurrentPrices::default();
        let (before, after) = (priced("before"), priced("after"));
        prices.put("before", &table("low", "1"));
        let desk = backend.open(&before, &clock());
        let asked = |id: &str| {
            let evaluation = evaluate(&before, &request(id), &prices.of(&before), START);
            Proposal { evaluation, prices: prices.clone(), ..proposal(&before, &request(id)) }
        };
        let used = async |asked| {
            let decision = desk.store.decide(asked).await.unwrap().decision;
            evidence_of(&desk.record(&decision).await).price.map(|price| price.table)
        };
        assert_eq!(used(asked("tx-1")).await.as_deref(), Some("low"), "{}", backend.name());
        let overtaken = asked("tx-2");
        prices.put("after", &table("high", "2500"));
        adopt(&desk, &after).await.unwrap();
        prices.keep_only("after");
        assert_eq!(used(overtaken).await.as_deref(), Some("high"), "{}", backend.name());
    }
}

/// What was charged counts for as much, at a change as at a start.
#[tokio::test]
async fn corrected_decimals_change_no_usage() {
    let fine = named("fine", policy(vec![ether_per_hour("4")]));
    let mut corrected = policy(vec![ether_per_hour("4")]);
    corrected.assets.get_mut("ETH").unwrap().decimals = Decimals::SIX;
    corrected.limits[0].cap = Cap::Amount([("ETH".to_owned(), Amount::from_u64(4_000_000))].into());
    let coarse = named("coarse", corrected);
    for backend in Backend::each() {
        let clock = clock();
        let desk = backend.open(&fine, &clock);
        desk.allow(&request("tx-1").amount("3")).await;
        adopt(&desk, &coarse).await.unwrap();
        let refused = desk.reject(&request("tx-2").amount("2"), ReasonCode::LimitExceeded).await;
        assert_eq!(refused.limits[0].used, Amount::from_u64(3_000_000), "{}", backend.name());
        desk.allow(&request("tx-3").amount("0.5")).await;
        drop(desk);
        let desk = backend.open(&fine, &clock);
        let refused = desk.reject(&request("tx-4").amount("1"), ReasonCode::LimitExceeded).await;
        assert_eq!(refused.limits[0].used, ether("3.5"), "{}", backend.name());
        desk.allow(&request("tx-5").amount("0.5")).await;
    }
}

#[tokio::test]
async fn what_is_charged_while_the_past_is_read_counts_once() {
    for backend in Backend::each() {
        let desk = backend.open(&Arc::new(policy(vec![])), &clock());
        for number in 0..MAX_CHARGES_A_PIECE + 7 {
            desk.clock.advance(MICROSECOND);
            desk.allow(&request(&format!("tx-{number}"))).await;
        }
        let most = u64::try_from(MAX_CHARGES_A_PIECE + 7 + 20).unwrap();
        let strict = named("strict", policy(vec![count_per_hour(most)]));
        // Both wait in the queue together: the charges come between two pieces of the past.
        let adopted = desk.store.adopt(Arc::clone(&strict), Document::default());
        let asked: Vec<_> = (0..20)
            .map(|number| desk.store.decide(proposal(&desk.policy, &request(&format!("mean-{number}")))))
            .collect();
        for pending in asked {
            assert_eq!(pending.await.unwrap().decision.action, Action::Approve);
        }
        adopted.await.unwrap();
        desk.reject(&request("one-more"), ReasonCode::LimitExceeded).await;
    }
}
