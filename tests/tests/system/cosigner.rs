//! `cosigner` as people call it, against a handler that says what no good handler says.

use std::process::{Output, Stdio};
use std::time::Duration;

use system_tests::cosigner::jws::unverified_payload;
use system_tests::cosigner::{self, Action, Cosigner, Endpoint, Error};
use system_tests::services::ports;
use system_tests::vectors;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::scripted_edge::{ScriptedEdge, replying};

const REQUEST: &str = "{\"requestId\": \"r-1\", \"txId\": \"t-1\", \"amount\": 0.01000000}\n";

fn approving(request_id: &str) -> String {
    format!(r#"{{"action":"APPROVE","requestId":"{request_id}"}}"#)
}

/// Runs `cosigner` in the directory of the handler's files, with the request as standard input.
async fn run(edge: &ScriptedEdge, arguments: &[&str], input: &str) -> Output {
    let root = edge.local.root();
    let file = |name: &str| root.join(name).display().to_string();
    let url = edge.local.url().unwrap();
    let (key, reply, ca) = (file("cosigner/private.pem"), file("edge/reply_public.pem"), file("tls/ca.pem"));
    let sending = ["--url", &url, "--key", &key, "--reply-key", &reply, "--ca", &ca];
    let mut child = Command::new(env!("CARGO_BIN_EXE_cosigner"))
        .args(arguments)
        .args(if arguments.first() == Some(&"send") { &sending[..] } else { &sending[2..4] })
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut standard_input = child.stdin.take().unwrap();
    // One that ends without reading has closed it.
    let _ = standard_input.write_all(input.as_bytes()).await;
    drop(standard_input);
    child.wait_with_output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_verified_reply_is_printed() {
    let edge = replying(approving).await;
    let output = run(&edge, &["send"], REQUEST).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("APPROVE  r-1  after "), "{}", text(&output.stdout));

    let output = run(&edge, &["send", "--output", "json"], REQUEST).await;
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["action"], "APPROVE");
    assert_eq!(printed["requestId"], "r-1");
}

#[tokio::test]
async fn the_request_is_signed_byte_for_byte_and_finds_its_path() {
    let edge = replying(approving).await;
    run(&edge, &["send"], REQUEST).await;
    run(&edge, &["send"], r#"{"requestId":"r-2","type":"ADD_USER"}"#).await;
    run(&edge, &["send", "--config-change"], REQUEST).await;
    let received = edge.received();
    assert_eq!(unverified_payload(&received[0].body).unwrap(), REQUEST.as_bytes());
    let paths: Vec<_> = received.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(
        paths,
        ["/v2/tx_sign_request", "/v2/config_change_sign_request", "/v2/config_change_sign_request"]
    );
}

#[tokio::test]
async fn a_file_a_token_and_a_printed_token_are_the_same_request() {
    let edge = replying(approving).await;
    let request = edge.local.root().join("request.json");
    std::fs::write(&request, REQUEST).unwrap();
    let token = run(&edge, &["sign", "--file", "request.json"], "").await;
    std::fs::write(edge.local.root().join("request.jwt"), &token.stdout).unwrap();
    for arguments in [["send", "--file", "request.json"], ["send", "--token", "request.jwt"]] {
        let output = run(&edge, &arguments, "").await;
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    let received = edge.received();
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(received[0].body, text(&token.stdout).trim_end());
}

#[tokio::test]
async fn a_reply_to_another_request_is_not_believed() {
    let edge = replying(|_| approving("r-2")).await;
    let output = run(&edge, &["send"], REQUEST).await;
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(text(&output.stderr), @r#"cosigner: the reply cannot be believed: it answers request "r-2", asked was "r-1""#);
    assert_eq!(text(&output.stdout), "");
}

#[tokio::test]
async fn a_reply_without_the_right_signature_is_not_believed() {
    for reply in ["synthetic_response_APPROVE.jwt", "synthetic_response_APPROVE_es256.jwt"] {
        let reply = vectors::read(reply).unwrap();
        let edge = ScriptedEdge::start(move |_| (200, reply.clone())).await;
        let output = run(&edge, &["send"], REQUEST).await;
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("cannot be believed"), "{}", text(&output.stderr));
    }
}

#[tokio::test]
async fn a_refusal_is_shown_with_its_status() {
    let edge = ScriptedEdge::start(|_| (401, b"not authentic".to_vec())).await;
    let output = run(&edge, &["send"], REQUEST).await;
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(text(&output.stderr), @"cosigner: refused with HTTP 401: not authentic");
}

#[tokio::test]
async fn what_cannot_be_sent_is_bad_usage() {
    let edge = replying(approving).await;
    for (arguments, input, why) in [
        (&["send"][..], "{}", "its requestId is missing or empty"),
        (&["send"], "not JSON", "it is not a JSON object with a requestId"),
        (&["send", "--file", "absent.json"], "", "cannot read the request, absent.json"),
        (&["send", "--timeout", "soon"], REQUEST, "invalid value 'soon'"),
        (&["send", "--token", "a", "--file", "b"], "", "cannot be used with"),
        (&["deliver"], "", "unrecognized subcommand"),
    ] {
        let output = run(&edge, arguments, input).await;
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(why), "{arguments:?}: {}", text(&output.stderr));
    }
    assert!(edge.received().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn help_shows_examples_and_is_no_mistake() {
    let output = Command::new(env!("CARGO_BIN_EXE_cosigner")).arg("--help").output().await.unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("cosigner send --file request.json"));
}

#[tokio::test]
async fn a_missing_key_says_how_to_get_one() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_cosigner"))
        .args(["send", "--file", "request.json"])
        .current_dir(directory.path())
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    insta::assert_snapshot!(text(&output.stderr), @"cosigner: cannot read the Co-signer's private key, .local/cosigner/private.pem: No such file or directory (os error 2). `make run` creates the demo's files under .local/");
}

#[tokio::test]
async fn a_missing_request_is_no_matter_of_the_demo() {
    let edge = replying(approving).await;
    let output = run(&edge, &["send", "--file", "absent.json"], "").await;
    insta::assert_snapshot!(text(&output.stderr), @"cosigner: cannot read the request, absent.json: No such file or directory (os error 2)");
    let version = Command::new(env!("CARGO_BIN_EXE_cosigner")).arg("--version").output().await.unwrap();
    assert!(text(&version.stdout).starts_with("cosigner "), "{}", text(&version.stdout));
}

/// As `curl --data-binary @request.jwt` sends it: a line feed at its end is no part of a token.
#[tokio::test]
async fn a_token_in_a_file_is_the_token_and_nothing_else() {
    let edge = replying(approving).await;
    let token = run(&edge, &["sign"], REQUEST).await;
    assert!(text(&token.stdout).bytes().all(|byte| !byte.is_ascii_whitespace()), "{}", text(&token.stdout));
}

#[tokio::test]
async fn output_that_nobody_takes_is_no_panic() {
    let edge = replying(approving).await;
    std::fs::write(edge.local.root().join("request.json"), REQUEST).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let full = std::fs::File::create("/dev/full").unwrap();
    for (out, code, told) in [
        (Stdio::from(writer), 0, ""),
        (
            Stdio::from(full),
            74,
            "cosigner: cannot write to standard output: No space left on device (os error 28)\n",
        ),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cosigner"));
        command.args(["sign", "--file", "request.json", "--key", "cosigner/private.pem"]);
        command.current_dir(edge.local.root()).stdout(out).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().await.unwrap();
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(code), told));
    }
}

#[tokio::test]
async fn connections_are_kept_and_replaced_when_the_handler_closes_them() {
    let edge = replying(approving).await;
    let cosigner = Cosigner::new(&edge.config()).unwrap();
    for _ in 0..20 {
        cosigner.send(REQUEST.as_bytes()).await.unwrap();
    }
    assert_eq!(edge.connections(), 1);

    let closing = ScriptedEdge::start(|_| (401, Vec::new())).await;
    let cosigner = Cosigner::new(&closing.config()).unwrap();
    for _ in 0..3 {
        cosigner.post(Endpoint::Transaction, "close-after").await.unwrap();
    }
    assert_eq!(closing.connections(), 3);
}

#[tokio::test]
async fn a_handler_of_another_authority_is_not_talked_to() {
    let (edge, other) = (replying(approving).await, replying(approving).await);
    let config = cosigner::Config { ca: other.local.ca(), ..edge.config() };
    let error = Cosigner::new(&config).unwrap().send(REQUEST.as_bytes()).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    assert!(edge.received().is_empty());
}

#[tokio::test]
async fn nobody_and_silence_are_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let edge = replying(approving).await;
    let silent = cosigner::Config {
        url: format!("https://localhost:{}", listener.local_addr().unwrap().port()),
        timeout: Duration::from_secs(2),
        ..edge.config()
    };
    let error = Cosigner::new(&silent).unwrap().send(REQUEST.as_bytes()).await.unwrap_err();
    assert!(matches!(error, Error::Timeout(_)), "{error}");
    let nobody = cosigner::Config { url: format!("https://localhost:{}", ports::free()), ..silent };
    let error = Cosigner::new(&nobody).unwrap().send(REQUEST.as_bytes()).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
}

#[tokio::test]
async fn a_sub_path_is_part_of_the_url() {
    let edge = replying(approving).await;
    let config = cosigner::Config { url: format!("{}/acme/", edge.config().url), ..edge.config() };
    let answer = Cosigner::new(&config).unwrap().send(REQUEST.as_bytes()).await.unwrap();
    assert_eq!(answer.reply.action, Action::Approve);
    assert_eq!(edge.received()[0].path, "/acme/v2/tx_sign_request");
}
