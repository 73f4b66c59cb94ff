//! Two fleets behind one edge: each tenant reaches its own only, and one that is down is down for its own tenants.

use edge::app::Started;
use tonic::Code;

use crate::support::{
    CONFIG, Caller, Decider, Files, Keeps, Manner, TX, caller::plain_get, decider::Asked, start_edge, vector,
};

/// An edge whose path "" asks the fleet under `decider`, and whose path /payroll asks another one.
struct Bench {
    files: Files,
    default: Decider,
    payroll: Decider,
    edge: Started,
}

impl Bench {
    async fn start(payroll: Manner) -> Self {
        let files = Files::new();
        let default = Decider::start_with(&files, Manner::Allowing, 0, Keeps::Health).await;
        let payroll = Decider::start_with(&files, payroll, 0, Keeps::Health).await;
        let edge = start_edge(&files, &yaml(&files, default.port, payroll.port)).await;
        let bench = Self { files, default, payroll, edge };
        bench.until((200, "ready\n".to_owned())).await;
        bench
    }

    async fn ask(&self, path: &str) -> String {
        let caller = Caller::new(self.edge.address, &self.files);
        caller.post(path, vector("synthetic_request_tx_sign.jwt")).await.action()
    }

    async fn admin(&self, path: &str) -> (u16, String) {
        plain_get(self.edge.admin_address, path).await
    }

    /// Waits until readiness is told so.
    async fn until(&self, told: (u16, String)) {
        for _ in 0..200 {
            if self.admin("/readyz").await == told {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{:?} is not {told:?}", self.admin("/readyz").await);
    }

    async fn counted(&self, line: &str) {
        let metrics = self.admin("/metrics").await.1;
        assert!(metrics.contains(&format!("countersign_edge_{line}\n")), "{line} is not in\n{metrics}");
    }
}

fn yaml(files: &Files, default: u16, payroll: u16) -> String {
    let deciders = format!(
        "deciders:\n  payroll: {{address: 'https://localhost:{payroll}', ca: ca.pem, certificate: client.crt, \
         private_key: client.key, deadline: 1s}}\npaths:"
    );
    let path = "  - {sub_path: /payroll, tenant: payroll, decider: payroll, cosigner_public_keys: [cosigner_public.pem], \
                reply_private_key: reply_private.pem}\n";
    files.yaml(default).replace("paths:", &deciders) + path
}

fn tenants(decider: &Decider) -> Vec<String> {
    let tenant = |asked| match asked {
        Asked::Transaction(request) => request.tenant,
        Asked::ConfigChange(request) => request.tenant,
    };
    decider.asked().into_iter().map(tenant).collect()
}

const PAYROLL_TX: &str = "/payroll/v2/tx_sign_request";

#[tokio::test]
async fn each_tenant_reaches_its_own_fleet_and_no_other() {
    let bench = Bench::start(Manner::Denying).await;
    for _ in 0..10 {
        assert_eq!((bench.ask(TX).await, bench.ask(PAYROLL_TX).await), ("APPROVE".into(), "REJECT".into()));
    }
    let caller = Caller::new(bench.edge.address, &bench.files);
    for path in [CONFIG.to_owned(), format!("/payroll{CONFIG}")] {
        caller.post(&path, vector("synthetic_request_config_change.jwt")).await;
    }
    assert_eq!(tenants(&bench.default), ["default"; 11]);
    assert_eq!(tenants(&bench.payroll), ["payroll"; 11]);
    for fleet in ["default", "payroll"] {
        bench.counted(&format!("decider_attempts_total{{kind=\"first\",fleet=\"{fleet}\"}} 11")).await;
        bench.counted(&format!("decide_seconds_count{{fleet=\"{fleet}\"}} 11")).await;
    }
}

#[tokio::test]
async fn a_fleet_that_is_down_is_down_for_its_own_tenants() {
    let mut bench = Bench::start(Manner::Allowing).await;
    assert_eq!(bench.ask(PAYROLL_TX).await, "APPROVE");
    // Another one takes its place, and is at no address that the edge knows.
    bench.payroll = Decider::start(&bench.files, Manner::Allowing).await;
    bench.until((200, "ready\ndeciders.payroll: not ready\n".to_owned())).await;
    assert_eq!((bench.ask(PAYROLL_TX).await, bench.ask(TX).await), ("RETRY".into(), "APPROVE".into()));
    bench.counted("decider_ready{fleet=\"default\"} 1").await;
    bench.counted("decider_ready{fleet=\"payroll\"} 0").await;

    bench.default = Decider::start(&bench.files, Manner::Allowing).await;
    bench.until((503, "decider: not ready\ndeciders.payroll: not ready\n".to_owned())).await;
    assert_eq!((bench.ask(PAYROLL_TX).await, bench.ask(TX).await), ("RETRY".into(), "RETRY".into()));
}

/// What one fleet uses up of its budget is not missing to the other.
#[tokio::test]
async fn a_fleet_that_fails_takes_nothing_from_the_other() {
    let bench = Bench::start(Manner::Failing(Code::Unavailable)).await;
    for _ in 0..5 {
        assert_eq!(bench.ask(PAYROLL_TX).await, "RETRY");
    }
    bench.counted("decider_errors_total{code=\"UNAVAILABLE\",fleet=\"payroll\"} 5").await;
    for _ in 0..5 {
        assert_eq!(bench.ask(TX).await, "APPROVE");
    }
    bench.counted("decider_attempts_total{kind=\"retry\",fleet=\"default\"} 0").await;
}

/// A tenant that was put to the wrong fleet: told at once, asked once, and the decider stays in use for its own.
#[tokio::test]
async fn a_tenant_of_another_fleet_is_told_to_retry_and_harms_nobody() {
    let bench = Bench::start(Manner::Elsewhere).await;
    for number in 1..=20 {
        assert_eq!(bench.ask(PAYROLL_TX).await, "RETRY");
        assert_eq!(bench.payroll.calls(), number, "asked once each");
    }
    bench.counted("decider_errors_total{code=\"TENANT_ELSEWHERE\",fleet=\"payroll\"} 20").await;
    bench.counted("decider_endpoints{standing=\"healthy\",fleet=\"payroll\"} 1").await;
    assert!(!bench.admin("/metrics").await.1.contains("standing=\"out\",fleet=\"payroll\"} 1"));
    bench.payroll.set(Manner::Allowing);
    assert_eq!(bench.ask(PAYROLL_TX).await, "APPROVE");
}
