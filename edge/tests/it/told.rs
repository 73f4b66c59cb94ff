//! What does not end as it should is counted and told, with what somebody needs to mend it.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use crate::support::{Bench, Caller, Decider, Files, Manner, Raw, TX, post, program::Program, vector};

fn requests(endpoint: &str, outcome: &str, count: usize) -> String {
    format!(r#"countersign_edge_requests_total{{endpoint="{endpoint}",outcome="{outcome}"}} {count}"#)
}

/// A decider that is silent: whoever asks waits until he gives up.
async fn silent() -> (Files, Decider, Program) {
    let files = Files::new();
    let decider = Decider::start(&files, Manner::Silent).await;
    let yaml = files.yaml(decider.port).replace("deadline: 1s", "deadline: 9s");
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
    let bench = Bench::with(Manner::Silent, |yaml| yaml.replace("deadline: 1s", "deadline: 9s")).await;
    let mut asking = Raw::connect(&bench).await;
    asking.send(post(TX, &vector("synthetic_request_tx_sign.jwt"))).await;
    until_asked(&bench.decider, 0).await;
    drop(asking);
    bench.until_counted(&requests("transaction", "given_up", 1)).await;
    bench.until_counted("countersign_edge_requests_in_flight 0").await;
}
