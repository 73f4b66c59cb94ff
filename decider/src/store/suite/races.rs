//! Callers that ask at once (decision model, the headline promise of section 4).

use std::sync::Arc;

use policy::limit::Limit;
use policy::request::Request;
use policy::verdict::Action;

use super::fixture::*;

const CALLERS: usize = 64;

/// Asks for all of these at once; returns how many were allowed.
async fn allowed(desk: &Arc<Desk>, requests: Vec<Request>) -> usize {
    let start = Arc::new(tokio::sync::Barrier::new(requests.len()));
    let tasks: Vec<_> = requests
        .into_iter()
        .map(|request| {
            let (desk, start) = (desk.clone(), start.clone());
            tokio::spawn(async move {
                start.wait().await;
                desk.decide(&request).await.action == Action::Approve
            })
        })
        .collect();
    let mut allowed = 0;
    for task in tasks {
        allowed += usize::from(task.await.unwrap());
    }
    allowed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_unit_of_headroom_raced_for_by_64_gives_exactly_one_allow() {
    let cases: [(&str, Limit); 4] = [
        ("1", count_per_hour(1)),
        ("1", usd_per_hour("3999.999999")),
        ("0.000000000000000001", ether_per_hour("0.000000000000000001")),
        ("1000000000000.000000000000000001", ether_per_hour("1999999999999.999999999999999999")),
    ];
    for backend in Backend::each() {
        for (amount, limit) in &cases {
            let backend = match &backend {
                Backend::Memory(_) => Backend::Memory(Default::default()),
                Backend::Sqlite(_) => Backend::Sqlite(tempfile::tempdir().unwrap()),
                Backend::Postgres(_) => Backend::postgres(),
            };
            let desk = Arc::new(backend.open(&Arc::new(policy(vec![limit.clone()])), &clock()));
            let requests = (0..CALLERS).map(|each| request(&format!("tx-{each}")).amount(amount)).collect();
            assert_eq!(allowed(&desk, requests).await, 1, "{} {}", backend.name(), limit.id);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn more_than_the_cap_holds_never_gets_through_in_any_mixture() {
    for backend in Backend::each() {
        let desk = Arc::new(backend.open(&Arc::new(policy(vec![ether_per_hour("10")])), &clock()));
        let requests = (0..CALLERS).map(|each| request(&format!("tx-{each}")).amount("0.7")).collect();
        assert_eq!(allowed(&desk, requests).await, 14, "{}", backend.name());
    }
}
