//! Two fleets over two databases behind one edge: each tenant has its limits in its own ledger, and where an edge asks the
//! wrong fleet nothing is decided.

use std::time::Duration;

use postgres_cluster::Database;
use serde_json::{Value, json};
use system_tests::cosigner::{Action, Cosigner};
use system_tests::harness::fleet::{Fleet, Setting};
use system_tests::harness::rounds;
use system_tests::requests::{Destination, Transfer};
use tokio::task::JoinSet;

use crate::kills::POLICY;

const DECIDERS: usize = 2;
const TREASURY: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";
/// Of a tenth each, from one vault, which has room for ten.
const REQUESTS: usize = 16;
const FIT: usize = 10;
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);

/// The fleet of the tenant `default`, with the edge before it, and the one of the tenant `payroll`.
struct Two {
    databases: [Database; 2],
    default: Fleet,
    payroll: Fleet,
}

impl Two {
    async fn start() -> Self {
        let databases = [postgres_cluster::database(), postgres_cluster::database()];
        let [default, payroll] = &databases;
        let fleet = async |database: &Database, tenant| {
            Fleet::over(DECIDERS, Setting::alone(database.url()).of_tenants(&[tenant]), POLICY).await
        };
        let (default, payroll) = (fleet(default, "default").await, fleet(payroll, "payroll").await);
        Self { databases, default, payroll }
    }

    /// An edge with a path for each tenant, and each fleet for its own.
    async fn start_edge(&mut self) {
        let payroll = self.payroll.section();
        let both = |edge: &mut Value| {
            add_payroll(edge);
            edge["paths"][1]["decider"] = json!("payroll");
            edge["deciders"] = json!({ "payroll": payroll });
        };
        self.default.start_edge_with(both).await;
    }

    /// The same paths, and one fleet for both.
    async fn start_wrong_edge(&mut self) {
        self.default.start_edge_with(add_payroll).await;
    }

    fn cosigners(&self) -> [Cosigner; 2] {
        ["", "/payroll"].map(|path| self.default.cosigner_at(path, ANSWERED_WITHIN))
    }

    /// How many decisions and charges there are of each tenant, in each ledger.
    fn recorded(&self) -> [Vec<String>; 2] {
        let sql = "SELECT tenant, count(*), (SELECT count(*) FROM countersign.charges AS c WHERE c.tenant = d.tenant)
                     FROM countersign.decisions AS d GROUP BY tenant";
        self.databases.each_ref().map(|database| database.texts(sql))
    }
}

fn add_payroll(edge: &mut Value) {
    let default = edge["paths"][0].clone();
    let mut payroll = default.clone();
    payroll["sub_path"] = json!("/payroll");
    payroll["tenant"] = json!("payroll");
    edge["paths"] = json!([default, payroll]);
}

/// The same requests for everybody.
fn transfers(vault: usize) -> Vec<Transfer> {
    let transfer = |number| {
        let destination = Destination::vault("treasury", TREASURY, "0.1");
        let transfer = Transfer::new("ETH", destination).from_vault(&vault.to_string());
        transfer.with_id(&format!("{vault}-{number}"))
    };
    (0..REQUESTS).map(transfer).collect()
}

/// Asks all at once. How many were told so.
async fn told(cosigner: &Cosigner, vault: usize, action: Action) -> usize {
    let mut asking = JoinSet::new();
    for transfer in transfers(vault) {
        let cosigner = cosigner.clone();
        asking.spawn(async move { cosigner.send(&transfer.payload()).await.unwrap().reply.action });
    }
    asking.join_all().await.into_iter().filter(|told| *told == action).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tenant_fills_its_limits_in_its_own_ledger() {
    let mut two = Two::start().await;
    two.start_edge().await;
    let [default, payroll] = two.cosigners();
    let vaults = rounds(2, 50);
    for vault in 0..vaults {
        let told =
            tokio::join!(told(&default, vault, Action::Approve), told(&payroll, vault, Action::Approve));
        assert_eq!(told, (FIT, FIT), "vault {vault}");
    }
    let of = |tenant| vec![format!("{tenant} {} {}", vaults * REQUESTS, vaults * FIT)];
    assert_eq!(two.recorded(), [of("default"), of("payroll")]);
    // What one fleet does not answer is not asked of the other.
    for number in 0..DECIDERS {
        two.payroll.process(number).kill().unwrap();
    }
    let told = tokio::join!(told(&default, vaults, Action::Approve), told(&payroll, vaults, Action::Retry));
    assert_eq!(told, (FIT, REQUESTS));
    assert_eq!(two.recorded()[1], of("payroll"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_asks_the_wrong_fleet_is_told_so_and_no_ledger_takes_it_in() {
    let mut two = Two::start().await;
    two.start_wrong_edge().await;
    let [default, payroll] = two.cosigners();
    assert_eq!(told(&payroll, 0, Action::Retry).await, REQUESTS);
    assert_eq!(told(&default, 0, Action::Approve).await, FIT);
    assert_eq!(two.recorded(), [vec![format!("default {REQUESTS} {FIT}")], vec![]]);
    let (_, metrics) = two.default.edge().admin("/metrics").await.unwrap();
    assert!(metrics.contains("code=\"TENANT_ELSEWHERE\""), "{metrics}");

    two.start_edge().await;
    let [_, payroll] = two.cosigners();
    assert_eq!(told(&payroll, 0, Action::Approve).await, FIT, "nothing was charged before");
}
