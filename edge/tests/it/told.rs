//! What does not end as it should is counted and told, with what somebody needs to mend it.

use std::time::Duration;

use http::Method;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tonic::Code;

use crate::support::{
    Bench, Caller, Decider, Files, LOOPBACK, Manner, Raw, TX, TX_ID, json_yaml, post, program::Program,
    vector,
};

fn requests(endpoint: &str, outcome: &str, count: usize) -> String {
    format!(r#"countersign_edge_requests_total{{endpoint="{endpoint}",outcome="{outcome}"}} {count}"#)
}

/// A decider that is silent: whoever asks waits until he gives up.
async fn silent() -> (Files, Decider, Program) {
    let files = Files::new();
    let decider = Decider::start(&files, Manner::Silent).await;
    let yaml = files.yaml(decider.port).replace("deadline: 8s", "deadline: 9s");
    let program = Program::run(&files, &yaml, &[]);
    (files, decider, program)
}

/// Waits until it has been asked once more.
async fn until_asked(decider: &Decider, before: usize) {
    while decider.calls() == before {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What the program tells of a request that has no answer.
fn given_up(program: &Program) -> String {
    let told = program.told("not answered");
    assert!(told["duration_us"].is_u64() && told["trace_id"].is_string(), "{told}");
    ["level", "endpoint", "path", "outcome", "reason", "request_id"]
        .map(|name| told[name].to_string())
        .join(" ")
}

#[tokio::test]
async fn a_caller_that_hangs_up_is_told_with_his_request() {
    let (files, decider, program) = silent().await;
    let token = vector("synthetic_request_tx_sign.jwt");
    let mut connection = Caller::new(program.address, &files).connect().await;
    connection.write_all(&post(TX, &token)).await.expect("sent");
    until_asked(&decider, 0).await;
    drop(connection);
    insta::assert_snapshot!(given_up(&program), @r#""WARN" "transaction" "" "given_up" "its connection or stream ended before the answer" "48f6871c-0467-4b56-8c44-426f3d6487f5""#);

    let mut connection = Caller::new(program.address, &files).over_http2().open().await;
    let asking = tokio::spawn(async move { connection.post(TX, token).await });
    until_asked(&decider, 1).await;
    asking.abort();
    // The client's own task has to tell the edge.
    tokio::time::sleep(Duration::from_millis(100)).await;
    insta::assert_snapshot!(given_up(&program), @r#""WARN" "transaction" "" "given_up" "its connection or stream ended before the answer" "48f6871c-0467-4b56-8c44-426f3d6487f5""#);
}

#[tokio::test]
async fn a_caller_that_hangs_up_is_counted() {
    let bench = Bench::with(Manner::Silent, |yaml| yaml.replace("deadline: 8s", "deadline: 9s")).await;
    let mut asking = Raw::connect(&bench).await;
    asking.send(post(TX, &vector("synthetic_request_tx_sign.jwt"))).await;
    until_asked(&bench.decider, 0).await;
    drop(asking);
    bench.until_counted(&requests("transaction", "given_up", 1)).await;
    bench.until_counted("countersign_edge_requests_in_flight 0").await;
}

#[tokio::test]
async fn what_nobody_serves_is_counted_and_told() {
    let files = Files::new();
    let decider = Decider::start(&files, Manner::Allowing).await;
    let yaml = files.yaml(decider.port) + &json_yaml("127.0.0.1:0", LOOPBACK);
    let program = Program::run(&files, &yaml, &[]);
    let told = |method: &str, path: &str, status: u64| {
        let line = program.told("nothing is served here");
        assert_eq!(
            (line["level"].as_str(), line["method"].as_str(), line["path"].as_str(), line["status"].as_u64()),
            (Some("WARN"), Some(method), Some(path), Some(status))
        );
    };
    let caller = Caller::new(program.address, &files);
    assert_eq!(caller.post("/v2/tx_sign", "").await.status, 404);
    told("POST", "/v2/tx_sign", 404);
    let json = Caller::new(program.json_address.expect("JSON mode"), &files);
    assert_eq!(json.post(TX, "").await.status, 404);
    told("POST", TX, 404);
    // One line a second, and all of them are counted.
    assert_eq!(caller.send(caller.request(Method::GET, TX), "").await.status, 405);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(caller.send(caller.request(Method::PUT, TX), "").await.status, 405);
    told("PUT", TX, 405);
    let counted = crate::support::caller::plain_get(program.admin_address, "/metrics").await.1;
    for line in [requests("none", "no_path", 2), requests("none", "no_method", 2)] {
        assert!(counted.contains(&line), "{line} in {counted}");
    }
}

/// The code by its name and not in a sentence: what follows it is what helps.
#[tokio::test]
async fn a_question_without_a_decision_is_told_with_its_tenant_decider_and_cause() {
    let files = Files::new();
    let decider = Decider::start(&files, Manner::Failing(Code::PermissionDenied)).await;
    let program = Program::run(&files, &files.yaml(decider.port), &[]);
    let caller = Caller::new(program.address, &files);
    let token = vector("synthetic_request_tx_sign.jwt");
    assert_eq!(caller.post(TX, token).await.told(), ("RETRY".to_owned(), TX_ID.to_owned()));
    let told = program.told("no decision");
    insta::assert_snapshot!(
        ["level", "tenant", "code", "error"].map(|name| told[name].to_string()).join(" "),
        @r#""ERROR" "default" "PERMISSION_DENIED" "no decision: PERMISSION_DENIED (as told)""#
    );
    let address = told["endpoint"].as_str().expect("an address").to_owned();
    assert!(address.ends_with(&format!(":{}", decider.port)), "{address}");
}

/// Of a pin or a root that does not fit nothing else is seen on either side.
#[tokio::test]
async fn a_handshake_that_fails_is_told_with_its_cause_and_address() {
    let files = Files::new();
    let program = Program::run(&files, &files.yaml(1), &[]);
    // Whoever looks whether the port is open is counted, and not told.
    drop(Caller::new(program.address, &files).connect_tcp().await);
    let stranger = Caller::new(program.address, &Files::new());
    assert!(stranger.try_connect().await.is_err());
    let told = program.told("a TLS handshake failed");
    insta::assert_snapshot!(
        ["level", "listener", "address", "reason", "left_out"].map(|name| told[name].to_string()).join(" "),
        @r#""WARN" "listen" "127.0.0.1" "received fatal alert: DecryptError" 0"#
    );
}

#[tokio::test]
async fn whoever_asks_is_told_with_his_address() {
    let files = Files::new();
    let decider = Decider::start(&files, Manner::Allowing).await;
    let yaml = files.yaml(decider.port).replace("admin:", "  request_rate_per_address: 3\nadmin:");
    let program = Program::run(&files, &yaml, &[]);
    let told = |message: &str| program.told(message)["address"].as_str().expect("an address").to_owned();
    let caller = |host: u8| Caller::new(program.address, &files).from(&format!("127.0.0.{host}"));
    assert_eq!(caller(2).post(TX, vector("synthetic_request_tx_sign.jwt")).await.status, 200);
    assert_eq!(told("answered"), "127.0.0.2");
    assert_eq!(caller(3).post("/nowhere", "").await.status, 404);
    assert_eq!(told("nothing is served here"), "127.0.0.3");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(caller(4).post(TX, "x").await.status, 401);
    assert_eq!(told("not answered"), "127.0.0.4");
    while caller(5).post("/nowhere", "").await.status != 429 {}
    assert_eq!(told("shedding: a limit of the listener is met"), "127.0.0.5");
}

/// Callers can keep it so for as long as they like.
#[tokio::test]
async fn that_no_connection_can_be_accepted_is_told_once_a_second() {
    let files = Files::new();
    let program = Program::run(&files, &files.yaml(1), &[]);
    program.allow_files(40);
    let mut held = Vec::new();
    for _ in 0..60 {
        held.push(TcpStream::connect(program.address).await.expect("the queue of the socket takes it"));
    }
    tokio::time::sleep(Duration::from_millis(2500)).await;
    drop(held);
    let (_, log) = program.end();
    let told: Vec<serde_json::Value> = log
        .lines()
        .filter(|line| line.contains("cannot accept a connection"))
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!((2..=6).contains(&told.len()), "{log}");
    assert_eq!((&told[0]["listener"], &told[0]["left_out"]), (&"listen".into(), &0.into()));
    assert!(told[1]["left_out"].as_u64().is_some_and(|left_out| left_out > 0), "{log}");
}
